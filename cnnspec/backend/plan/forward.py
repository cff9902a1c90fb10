"""The forward steps: one operation a layer, in the order of the graph."""

from __future__ import annotations

from collections.abc import Iterable, Set

from cnnspec.analysis.timeline import key_of
from cnnspec.backend.kernels.operations import Operation
from cnnspec.backend.plan.draft import Draft, name_of
from cnnspec.backend.plan.lowering import kernel_shape, lower, weight_shape
from cnnspec.backend.plan.model import Call, Forward, Role, Use
from cnnspec.graph import Graph, Node


def add_inputs(graph: Graph, draft: Draft) -> None:
    """The buffers that the caller writes before the first step."""
    for spec in graph.inputs:
        shape = kernel_shape(spec.tensor.shape, draft.batch)
        draft.tensors[key_of(spec.tensor)] = draft.new(Role.TENSOR, spec.name, spec.tensor.node, shape)


def add_forward(nodes: Iterable[Node], draft: Draft, differentiated: Set[str]) -> list[Forward]:
    """The steps of these layers. What the backward pass of a differentiated one needs is saved."""
    steps: list[Forward] = []
    for stream, node in enumerate(nodes):
        steps.append(_step(node, draft, stream, saves=node.path in differentiated))
        draft.time += 1
    return steps


def _step(node: Node, draft: Draft, stream: int, *, saves: bool) -> Forward:
    operation = lower(node, stream)
    input_shapes = tuple(kernel_shape(shape, draft.batch) for shape in node.input_shapes)
    output_shapes = tuple(kernel_shape(shape, draft.batch) for shape in node.output_shapes)
    inputs = tuple(draft.tensors[key_of(tensor)] for tensor in node.inputs)
    draft.use(*inputs)
    outputs = tuple(
        draft.new(Role.TENSOR, name_of(tensor), node.path, shape)
        for tensor, shape in zip(node.outputs, output_shapes, strict=True)
    )
    draft.tensors.update(zip(map(key_of, node.outputs), outputs, strict=True))
    wanted = operation.saved(input_shapes, output_shapes) if saves else ()
    call = Call(
        path=node.path,
        operation=operation,
        input_shapes=input_shapes,
        output_shapes=output_shapes,
        weights=_uses(node, operation),
        saved=draft.lend(Role.SAVED, node.path, wanted),
    )
    draft.calls[node.path] = call
    workspace = draft.lend(Role.WORKSPACE, node.path, operation.workspace(input_shapes, output_shapes))
    return Forward(call, inputs, outputs, workspace)


def _uses(node: Node, operation: Operation) -> tuple[Use, ...]:
    shapes = {weight.name: weight.shape for weight in node.weights}
    return tuple(
        Use(f"{node.owner}.{name}", weight_shape(operation, shapes[name])) for name in operation.weights
    )
