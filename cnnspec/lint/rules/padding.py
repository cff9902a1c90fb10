"""Padding that is too much, or there twice."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Help, Label
from cnnspec.dims import Relation, maximum, render
from cnnspec.layers.borders import Pad
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import WindowPool
from cnnspec.lint.finding import Finding, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule
from cnnspec.lint.rules.windows import windows_of


@rule("padding-beyond-kernel")
def padding_beyond_kernel(net: LintedNet) -> Iterator[Finding]:
    """A convolution whose outermost windows see nothing but padding."""
    for node in net.graph:
        if isinstance(node.layer, Conv) and node.layer.pad != "same":
            for window in windows_of(node):
                most = maximum(window.before, window.after)
                if net.certain(most, Relation.AT_LEAST, window.extent):
                    yield about(
                        node,
                        "padding-beyond-kernel",
                        f"the outermost windows of this `{node.word}` see nothing but padding",
                        net.places.value(node, "pad"),
                        label=f"pads by {render(most)}, but the window spans {render(window.extent)}",
                        help=Help(f"pad by at most {render(window.extent - 1)}"),
                    )
                    break


@rule("pool-padding")
def pool_padding(net: LintedNet) -> Iterator[Finding]:
    """A pool that pads by more than half of its kernel, whatever its dilation: PyTorch's own condition."""
    for node in net.graph:
        if isinstance(node.layer, WindowPool) and node.layer.sliding.pad != "same":
            for window in windows_of(node):
                most = maximum(window.before, window.after)
                if net.certain(2 * most, Relation.AT_LEAST, window.kernel + 1):
                    yield about(
                        node,
                        "pool-padding",
                        f"this `{node.word}` pads by more than half of its kernel",
                        net.places.value(node, "pad"),
                        label=f"pads by {render(most)}, and the kernel is {render(window.kernel)}",
                        notes=("PyTorch refuses such a pool",),
                        help=Help(f"pad by at most {render(window.kernel // 2)}"),
                    )
                    break


@rule("padding-twice")
def padding_twice(net: LintedNet) -> Iterator[Finding]:
    """A map that is padded by a layer and by the next one again."""
    for node in net.graph:
        windows = windows_of(node)
        before = net.producer(node) if windows else None
        if before is not None and isinstance(before.layer, Pad):
            sides = before.layer.sides(before.input_shapes[0])
            for window, pair in zip(windows, sides, strict=True):
                again = net.certain(window.before + window.after, Relation.AT_LEAST, 1)
                if again and net.certain(pair[0] + pair[1], Relation.AT_LEAST, 1):
                    yield about(
                        node,
                        "padding-twice",
                        f"the map is padded by `{before.word}`, and by this `{node.word}` again",
                        net.places.value(node, "pad"),
                        labels=(Label(net.places.word(before), "pads first"),),
                        help=Help("pad once", net.places.setting(node, "pad", "0")),
                    )
                    break
