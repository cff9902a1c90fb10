"""What cannot be run, and why: found before anything is allocated."""

from __future__ import annotations

from collections import Counter

from cnnspec.backend.plan.model import WIDTHS, Memory, Plan, Role
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
from cnnspec.dims.units import in_bytes
from cnnspec.graph import Graph

FLOATS = ("float32", "float64")


def refuse_requests(graph: Graph, batch: int, dtype: str) -> None:
    """Raise DiagnosticError where the net is still symbolic or what is asked for makes no sense."""
    if graph.symbols:
        raise DiagnosticError(*(_unbound(graph, symbol) for symbol in graph.symbols))
    if batch < 1:
        raise DiagnosticError(Diagnostic("cannot-run", f"a batch has at least 1 sample, not {batch}"))
    if dtype not in FLOATS:
        raise DiagnosticError(Diagnostic("cannot-run", f"nets run in {' or '.join(FLOATS)}, not {dtype!r}"))
    if not graph.inference_outputs:
        raise DiagnosticError(Diagnostic("no-output", f"{graph.name} has no output to compute"))


def nothing_to_recompute() -> DiagnosticError:
    """The error for recomputing in an inference."""
    message = "an inference keeps nothing that could be computed again"
    return DiagnosticError(Diagnostic("cannot-run", message, help=Help("recompute in training only")))


def _unbound(graph: Graph, symbol: str) -> Diagnostic:
    default = graph.symbols[symbol]
    example = f"-s {symbol}={224 if default is None else default}"
    return Diagnostic(
        "unbound-symbol",
        f"{symbol} needs a value before {graph.name} can run",
        help=Help(f"give it one: `{example}`"),
    )


def refuse_too_big(plan: Plan, graph: Graph, available: int | None) -> None:
    """Raise DiagnosticError (too-big) where the run would not fit into the memory that is left."""
    memory = plan.memory
    if available is None or memory.total <= available:
        return
    path, most = _greediest(plan)
    origin = graph.node(path).origin
    message = (
        f"{plan.name} with a batch of {plan.batch:,} needs {in_bytes(memory.total)}, "
        f"{in_bytes(available)} are left"
    )
    raise DiagnosticError(
        Diagnostic(
            "too-big",
            message,
            span=origin.span,
            label=f"{path} alone takes {in_bytes(most)}",
            notes=(breakdown(memory),),
            help=_way_out(plan, available),
            trace=origin.trace,
        )
    )


def breakdown(memory: Memory) -> str:
    """Where the bytes go, in words."""
    parts = [("weights", memory.weights), ("their gradients", memory.gradients)]
    names = {Role.TENSOR: "activations", Role.GRADIENT: "gradients of activations"}
    parts += [(names.get(role, role.value), size) for role, size in memory.peak.items()]
    return ", ".join(f"{name} {in_bytes(size)}" for name, size in parts if size)


def _greediest(plan: Plan) -> tuple[str, int]:
    """The layer with most bytes to its name, its weights included."""
    bytes_of: Counter[str] = Counter()
    for buffer in plan.buffers:
        bytes_of[buffer.path] += buffer.bytes
    for slot in plan.slots:
        bytes_of[slot.path] += slot.elements * WIDTHS[plan.dtype] * (2 if slot.trainable else 1)
    return bytes_of.most_common(1)[0]


def _way_out(plan: Plan, available: int) -> Help | None:
    fixed = plan.memory.weights + plan.memory.gradients
    batch = (available - fixed) * plan.batch // max(1, plan.memory.arena)
    return Help(f"a batch of {batch:,} fits") if 0 < batch < plan.batch else None
