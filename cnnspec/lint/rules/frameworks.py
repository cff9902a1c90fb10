"""What other frameworks do otherwise: good to know before a net is built there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnspec.diagnostics import Help
from cnnspec.dims import Relation
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import AvgPool, WindowPool
from cnnspec.lint.finding import Finding, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule
from cnnspec.lint.rules.windows import windows_of


@rule("framework-same")
def framework_same(net: LintedNet) -> Iterator[Finding]:
    """`same` with a stride: where the extra pixel goes depends on the size and the framework."""
    for node in net.graph:
        if isinstance(node.layer, Conv | WindowPool) and getattr(node.layer, "pad", None) == "same":
            windows = windows_of(node)
            if any(net.certain(window.stride, Relation.AT_LEAST, 2) for window in windows):
                yield about(
                    node,
                    "framework-same",
                    "PyTorch has no `same` with a stride, and its usual padding is another one",
                    net.places.value(node, "pad"),
                    notes=("here, in TensorFlow and in ONNX (SAME_UPPER) the odd pixel is after the map",),
                    help=Help("a number pads alike everywhere: `pad=1` for a kernel of 3"),
                )


@rule("framework-ceil")
def framework_ceil(net: LintedNet) -> Iterator[Finding]:
    """A pool with `ceil` where that makes the map larger."""
    for node in net.graph:
        if isinstance(node.layer, WindowPool) and node.layer.ceil:
            floor = replace(node.layer.sliding, ceil=False).output(node.input_shapes[0])
            if floor != node.output_shapes[0][1:]:
                yield about(
                    node,
                    "framework-ceil",
                    f"TensorFlow and Keras have no `ceil`: there this `{node.word}` makes a smaller map",
                    net.places.value(node, "ceil"),
                    help=Help("pad the map at its end instead of `ceil`"),
                )


@rule("framework-count-pad")
def framework_count_pad(net: LintedNet) -> Iterator[Finding]:
    """An average in which padding counts."""
    for node in net.graph:
        counts = isinstance(node.layer, AvgPool) and node.layer.count_pad
        if counts and any(window.before != 0 or window.after != 0 for window in windows_of(node)):
            yield about(
                node,
                "framework-count-pad",
                "the padding counts in this mean, as in PyTorch; in TensorFlow, Keras and ONNX it does not",
                net.places.value(node, "count_pad"),
                help=Help("`count_pad=false` is what the others do"),
            )
