"""Advice that was common once. Off unless asked for: good nets of today do otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Help
from cnnspec.dims import Relation, render
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import AvgPool
from cnnspec.layers.window import per_axis
from cnnspec.lint.finding import Finding, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule


@rule("folklore-avgpool")
def folklore_avgpool(net: LintedNet) -> Iterator[Finding]:
    """An average pool between convolutions."""
    for node in net.graph:
        if isinstance(node.layer, AvgPool):
            yield about(
                node,
                "folklore-avgpool",
                f"this `{node.word}` blurs what a maximum would keep",
                net.places.word(node),
                help=Help("try `maxpool`"),
            )


@rule("folklore-fewer-channels")
def folklore_fewer_channels(net: LintedNet) -> Iterator[Finding]:
    """A convolution with a window that makes fewer channels than it reads."""
    for node in net.graph:
        if isinstance(node.layer, Conv):
            inside, outside = node.input_shapes[0][0], node.output_shapes[0][0]
            spatial = any(size != 1 for size in per_axis(node.layer.kernel, len(node.input_shapes[0]) - 1))
            if spatial and net.certain(inside, Relation.AT_LEAST, outside + 1):
                yield about(
                    node,
                    "folklore-fewer-channels",
                    f"the channels shrink from {render(inside)} to {render(outside)}",
                    net.places.value(node, "channels"),
                    help=Help("channels are often said to grow as maps shrink"),
                )
