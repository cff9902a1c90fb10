"""A shortcut whose 1×1 convolution lacks the stride of the path beside it: the edit that gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnspec.diagnostics import Edit, Help, Span
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
    text = f", stride={stride[1]}"
    edit = Edit(Span(place.source, place.end - 1, place.end - 1), text)
    return Help(f"give the skip the same stride: `{place.text[:-1]}{text})`", (edit,))


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
