"""What to say where a layer does not fit its inputs: the smallest wrong token, the causes, a way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Help, Label
from cnnspec.dims import Dim, render
from cnnspec.graph import Graph, Node, Tensor
from cnnspec.language.repair import way_out_of_clash
from cnnspec.language.scope import in_own_file
from cnnspec.layers.base import Requirement, Weight
from cnnspec.layers.spatial import shape_text

if TYPE_CHECKING:
    from cnnspec.language.application import Site


def report_broken(site: Site, requirement: Requirement, inputs: tuple[Tensor, ...]) -> None:
    """Report a requirement that the inputs of a layer break."""
    if len(inputs) > 1 and len(site.operands) == len(inputs):
        _report_clash(site, requirement, inputs)
        return
    graph = site.scope.expansion.graph
    blamed = inputs[requirement.port or 0]
    site.scope.report(
        requirement.code,
        requirement.why(),
        site.argument_span(requirement.argument),
        labels=tuple(_origin(graph, blamed)),
        notes=tuple(_reasons(graph, blamed, requirement.axis)),
        help=Help(requirement.help()) if requirement.help else None,
    )


def _report_clash(site: Site, requirement: Requirement, inputs: tuple[Tensor, ...]) -> None:
    """Two operands whose shapes differ: both are marked with their shapes, and the sizes derived."""
    graph = site.scope.expansion.graph
    wrong = requirement.port or 0
    other = 0 if wrong else 1
    notes = [note for port in (other, wrong) for note in _reasons(graph, inputs[port], requirement.axis)]
    general = Help(requirement.help()) if requirement.help else None
    site.scope.report(
        requirement.code,
        requirement.why(),
        site.operands[wrong],
        label=shape_text(inputs[wrong].shape),
        labels=(
            Label(site.operands[other], shape_text(inputs[other].shape)),
            *(label for port in (other, wrong) for label in _origin(graph, inputs[port])),
        ),
        notes=tuple(dict.fromkeys(notes)),
        help=way_out_of_clash(site, inputs, (other, wrong)) or general,
    )


def report_unlike(site: Site, weights: tuple[Weight, ...], first: Node | None) -> None:
    """Report a shared layer that would need other weights than its first application."""
    span = site.scope.shared or site.span
    if first is None:
        message = (
            f"`{site.word}` has no weights to share: where the layer was applied first it has no such part"
        )
        site.scope.report("shared-weights", message, span)
        return
    pairs = zip(weights, first.weights, strict=False)
    name, here, there = next(
        ((new.name, new.shape, old.shape) for new, old in pairs if new.shape != old.shape), ("weight", (), ())
    )
    message = f"the shared `{name}` has the shape {shape_text(there)}, but {shape_text(here)} is needed here"
    labels = (Label(first.origin.span, f"made here, for {_inputs(first)}"),) if first.origin.span else ()
    site.scope.report("shared-weights", message, span, labels=labels)


def _inputs(node: Node) -> str:
    return " and ".join(shape_text(shape) for shape in node.input_shapes)


def _origin(graph: Graph, tensor: Tensor) -> Iterator[Label]:
    node = graph.node(tensor.node)
    if node.origin.span is not None:
        place = in_own_file(node.origin.span, node.origin.trace)
        yield Label(place, f"`{node.path}` gives {shape_text(tensor.shape)}")


def _reasons(graph: Graph, tensor: Tensor, axis: int | None) -> Iterator[str]:
    """Where the size along a spatial axis was made, with the numbers put in."""
    if axis is None or not 0 <= axis < len(tensor.shape) - 1:
        return
    size = tensor.shape[axis + 1]
    node = _maker(graph, tensor, axis + 1, size)
    for line in node.layer.derive(node.input_shapes, node.output_shapes) if node.inputs else ():
        if line.value == render(size) and line.what not in ("parameters", "MACs"):
            place = _place(node)
            yield f"{line.what} {line.value} because of `{node.path}`{place}: {line.numbers} = {line.value}"
            return


def _place(node: Node) -> str:
    if node.origin.span is None:
        return ""
    span = in_own_file(node.origin.span, node.origin.trace)
    return f" at {span.line}:{span.column}"


def _maker(graph: Graph, tensor: Tensor, axis: int, size: Dim) -> Node:
    """The last layer that changed the size along an axis."""
    node = graph.node(tensor.node)
    while node.inputs and len(node.inputs[0].shape) > axis and node.inputs[0].shape[axis] == size:
        node = graph.node(node.inputs[0].node)
    return node
