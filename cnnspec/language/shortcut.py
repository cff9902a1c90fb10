"""A shortcut that lacks the stride of the path beside it, or that was begun at the end of that path."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnspec.diagnostics import Edit, Help, Span
from cnnspec.dims import ceil_div
from cnnspec.graph import Graph, Node, Tensor
from cnnspec.layers.convolution import Conv

_STRIDE = re.compile(r"\bstride\s*=\s*([^\W\d]\w*|\d+)\s*[,)]")


def shortcut_stride(graph: Graph, skip: Tensor, other: Tensor) -> Help | None:
    """`stride=s` for the projection of a skip, as the other path has it; None where that is not certain.

    It is where the channels agree, one convolution of the other path has a stride, and the skip's only
    convolution is 1×1 and has none: written alike, the strides agree wherever the block is used.
    """
    if skip.shape[0] != other.shape[0]:
        return None
    known = {node.path for node in _back(graph, skip)}
    strided = [
        node
        for node in _back(graph, other)
        if node.path not in known and getattr(node.layer, "stride", 1) != 1
    ]
    beside = {node.path for node in _back(graph, other)}
    convolutions = [
        node for node in _back(graph, skip) if isinstance(node.layer, Conv) and node.path not in beside
    ]
    if len(strided) != 1 or len(convolutions) != 1:
        return None
    stride = _STRIDE.search(strided[0].origin.span.text) if strided[0].origin.span else None
    place = convolutions[0].origin.span
    if stride is None or place is None or not _is_plain(convolutions[0], place):
        return None
    arguments = place.text[:-1].rstrip().removesuffix(",")
    text = f", stride={stride[1]})"
    edit = Edit(Span(place.source, place.start + len(arguments), place.end), text)
    return Help(f"give the skip the same stride: `{arguments}{text}`", (edit,))


def begun_late(graph: Graph, entry: object, skip: Tensor, other: Tensor, name: str) -> Help | None:
    """`in -> …` for a shortcut written below the other path, so that it began where it should end.

    None unless the two would fit if it began with what the body was given.
    """
    if (
        not isinstance(entry, Tensor)
        or len(entry.shape) != len(other.shape)
        or skip.shape[0] != other.shape[0]
    ):
        return None
    if all(node.inputs[0] != other for node in _back(graph, skip)) or entry.shape[1:] == other.shape[1:]:
        return None
    strides = [ceil_div(late, later) for late, later in zip(other.shape[1:], skip.shape[1:], strict=True)]
    if [ceil_div(n, s) for n, s in zip(entry.shape[1:], strides, strict=True)] != [*other.shape[1:]]:
        return None
    return Help(f"`{name}` goes on from the line above; from the block's input on, write `{name} = in -> …`")


def _is_plain(node: Node, place: Span) -> bool:
    """Whether a convolution is 1×1 and written without a stride."""
    kernel = getattr(node.layer, "kernel", None)
    return kernel == 1 and place.text.endswith(")") and "stride" not in place.text and "\n" not in place.text


def _back(graph: Graph, tensor: Tensor) -> Iterator[Node]:
    """The layers before a tensor, one after the other, as long as each has one input."""
    node = graph.node(tensor.node)
    while len(node.inputs) == 1:
        yield node
        node = graph.node(node.inputs[0].node)
