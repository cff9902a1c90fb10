"""From a graph to a plan."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.analysis.differentiation import needed_nodes
from cnnspec.analysis.timeline import key_of
from cnnspec.backend.kernels.operations import Polar, Softmax
from cnnspec.backend.plan.arena import fullest, pack
from cnnspec.backend.plan.available import available_memory
from cnnspec.backend.plan.backward import Tape, sensitive
from cnnspec.backend.plan.draft import Draft
from cnnspec.backend.plan.forward import add_forward, add_inputs
from cnnspec.backend.plan.lowering import refuse_unknown
from cnnspec.backend.plan.model import Buffer, Call, Head, Memory, Plan, Port, Role, Scores
from cnnspec.backend.plan.refusals import nothing_to_recompute, refuse_requests, refuse_too_big
from cnnspec.backend.plan.sizes import whole_shape
from cnnspec.backend.plan.slots import place, slots_of
from cnnspec.graph import Graph, Output, Tensor


def make_plan(
    graph: Graph,
    *,
    batch: int,
    training: bool = False,
    dtype: str = "float32",
    input_gradients: bool = False,
    weight_gradients: bool = True,
    recompute: bool = False,
) -> Plan:
    """What to run, in which order, in which buffers.

    With `training` the plan has backward steps and the layers that exist only then: to all weights that are
    not frozen, unless without `weight_gradients`, and with `input_gradients` to the inputs. With `recompute`
    the fast kernels make normalised maps again in the backward pass: less memory, more time. Raises
    DiagnosticError: unbound-symbol, cannot-run, no-output, too-big.
    """
    refuse_requests(graph, batch, dtype)
    if recompute and not training:
        raise nothing_to_recompute()
    outputs = [*graph.inference_outputs, *(o for o in graph.outputs if o.training_only and training)]
    nodes = needed_nodes(graph, outputs)
    refuse_unknown(nodes)
    slots, trained_bytes, weight_bytes = place(
        slots_of(graph, graph if training else nodes, training=training and weight_gradients), dtype
    )
    trained = {slot.name for slot in slots if slot.trainable}
    sources = [key_of(spec.tensor) for spec in graph.inputs if training and input_gradients]
    layers, wanted = sensitive(nodes, trained, sources)

    draft = Draft(batch, dtype)
    add_inputs(graph, draft)
    forward = add_forward(nodes, draft, layers)
    tape = Tape(draft, trained, wanted)
    output_ports, heads = _ends(graph, outputs, tape)
    for node in reversed(nodes):
        if node.path in layers:
            tape.differentiate(node)
    input_ports = _beginnings(graph, tape)
    buffers, arena = pack(draft.buffers)
    made = Plan(
        name=graph.name,
        batch=batch,
        training=training,
        dtype=dtype,
        inputs=input_ports,
        outputs=output_ports,
        heads=heads,
        forward=tuple(forward),
        backward=tuple(tape.steps),
        buffers=buffers,
        slots=slots,
        omitted=_omitted(graph, {slot.name for slot in slots}),
        memory=_memory(buffers, arena, weight_bytes, trained_bytes),
        recompute=recompute,
    )
    refuse_too_big(made, graph, available_memory())
    return made


def _ends(graph: Graph, outputs: Sequence[Output], tape: Tape) -> tuple[tuple[Port, ...], tuple[Head, ...]]:
    """The outputs and their losses, with the places where the caller writes gradients at time F."""
    draft = tape.draft
    ports: list[Port] = []
    heads: list[Head] = []
    seeds: list[tuple[Tensor, int | None]] = []
    for output in outputs:
        logits, scores = _logits(graph, output.tensor, draft)
        buffer, logits_buffer = draft.tensors[key_of(output.tensor)], draft.tensors[key_of(logits)]
        draft.use(buffer, logits_buffer)
        seed = head_seed = _seed(output.tensor, tape)
        seeds.append((output.tensor, seed))
        if logits != output.tensor:
            head_seed = _seed(logits, tape)
            seeds.append((logits, head_seed))
        shape = whole_shape(output.tensor.shape)
        ports.append(Port(output.name, shape, buffer, seed, scores, output.training_only))
        heads.append(Head(output.name, logits_buffer, head_seed, output.loss_weight, output.training_only))
    draft.time += 1
    for tensor, seed in seeds:
        if seed is not None:
            tape.contribute(tensor, seed)
    return tuple(ports), tuple(heads)


def _logits(graph: Graph, tensor: Tensor, draft: Draft) -> tuple[Tensor, Scores]:
    """The tensor that a softmax at the end of the net reads, or the output itself; and what the output is."""
    match draft.calls.get(tensor.node):
        case Call(operation=Softmax(log=log)):
            scores = Scores.LOG_PROBABILITIES if log else Scores.PROBABILITIES
            return graph.node(tensor.node).inputs[0], scores
        case Call(operation=Polar(coordinate="angle")):
            return tensor, Scores.ANGLES
        case _:
            return tensor, Scores.LOGITS


def _seed(tensor: Tensor, tape: Tape) -> int | None:
    return tape.new_gradient(tensor) if key_of(tensor) in tape.wanted else None


def _beginnings(graph: Graph, tape: Tape) -> tuple[Port, ...]:
    """The inputs, whose gradients (where wanted) live to the end."""
    ports: list[Port] = []
    for spec in graph.inputs:
        key = key_of(spec.tensor)
        gradient = tape.gradients.get(key)
        if gradient is not None:
            tape.draft.use(gradient)
        ports.append(Port(spec.name, whole_shape(spec.tensor.shape), tape.draft.tensors[key], gradient))
    return tuple(ports)


def _omitted(graph: Graph, kept: set[str]) -> tuple[str, ...]:
    """The weights that only training has."""
    names = [f"{node.path}.{weight.name}" for node in graph if node.owns_weights for weight in node.weights]
    return tuple(name for name in names if name not in kept)


def _memory(buffers: Sequence[Buffer], arena: int, weights: int, gradients: int) -> Memory:
    alive = fullest(buffers)
    by_role = dict.fromkeys(Role, 0)
    for buffer in alive:
        by_role[buffer.role] += buffer.bytes
    newest = max(alive, key=lambda buffer: buffer.first, default=None)
    return Memory(weights, gradients, arena, by_role, newest.path if newest else "")
