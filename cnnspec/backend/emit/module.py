"""The whole program: what it is for, its memory, its kernels, its steps, and the functions to call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cnnspec.backend.emit.fast import fast_passes
from cnnspec.backend.emit.frame import PREPARED, beginning, docstring, functions
from cnnspec.backend.emit.literals import Called, Name, comment, statement
from cnnspec.backend.emit.parts import PASS_INDENT, Passes, Source
from cnnspec.backend.emit.plain import plain_passes
from cnnspec.backend.executable import Precision
from cnnspec.backend.fast.program import usable_threads
from cnnspec.backend.fast.simd.compiler import host
from cnnspec.backend.fast.simd.target import Real
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.algorithms import threads_worth
from cnnspec.backend.schedule.inference import schedule_inference
from cnnspec.backend.schedule.machine import Machine, machine_for
from cnnspec.backend.schedule.training import schedule_training
from cnnspec.backend.training.optimisers import Sgd

_SUPPORT = "cnnspec.backend.emit.support"
_FAST_SUPPORT = "cnnspec.backend.emit.fast_support"
_TRACKED = ".num_batches_tracked"
_RATE = 0.05


@dataclass(frozen=True, slots=True)
class Emission:
    """What a program is written for. `weights_file` is a file beside it; None: it starts as nets do."""

    math: Precision = "fast"
    threads: int = 1
    seed: int = 0
    weights_file: str | None = None
    optimiser: Sgd = field(default_factory=Sgd)

    @property
    def is_fast(self) -> bool:
        """Whether it runs fast kernels."""
        return self.math != "plain"


def emit(plan: Plan, wanted: Emission) -> str:
    """The Python source of a program that gives the results of `Executable(plan, …)`, byte for byte.

    It imports the kernels of the installed package; memory, order and arguments are its own.
    """
    source = Source(plan)
    standard = ("collections.abc", "Mapping"), ("pathlib", "Path"), ("threading", "RLock"), ("typing", "Any")
    for module, name in (*standard, ("numpy.typing", "ArrayLike")):
        source.used(module, name)
    weights = source.weight_lines()
    threads, machine, passes = _passes(source, wanted)
    body = _constants(source, wanted, threads, machine)
    _add(body, "weights", [*_weights_array(source), *weights])
    _add(body, "memory", passes.memory)
    _add(body, "kernels", passes.kernels)
    _add(body, "the program, step by step", _steps(source, passes, wanted))
    _add(body, "what comes and goes", list(_ends(source, passes)))
    _add(body, "to call", functions(plan, is_fast=wanted.is_fast))
    start = beginning(plan, is_fast=wanted.is_fast, has_file=wanted.weights_file is not None)
    head = [*docstring(plan, wanted.math), *source.imports.lines(), ""]
    return "\n".join([*head, *body, "", "", *start, ""])


def _passes(source: Source, wanted: Emission) -> tuple[int, Machine | None, Passes]:
    plan = source.plan
    if wanted.math == "plain":
        return wanted.threads, None, plain_passes(source)
    threads = usable_threads(threads_worth(plan, plan.batch, wanted.threads))
    machine = machine_for(host(), Real(plan.dtype), threads, wanted.math)
    schedule = (schedule_training if plan.training else schedule_inference)(plan, machine, plan.batch)
    return threads, machine, fast_passes(source, schedule, machine)


def _add(body: list[str], title: str, lines: Sequence[str]) -> None:
    """Add lines below a heading, none where there are none; two empty lines around functions."""
    if lines:
        before = ["", ""] if body[-1].startswith(" ") else [""]
        after = ["", ""] if lines[0].startswith("def ") else [""]
        body += [*before, *comment(f"--- {title} ---"), *after, *lines]


def _constants(source: Source, wanted: Emission, threads: int, machine: Machine | None) -> list[str]:
    plan = source.plan
    values: dict[str, object] = {
        "NET": plan.name,
        "BATCH": plan.batch,
        "DTYPE": plan.dtype,
        "SEED": wanted.seed,
        "THREADS": threads,
        "OMITTED": plan.omitted,
    }
    if plan.training:
        optimiser = wanted.optimiser
        values |= {"RATE": _RATE, "MOMENTUM": optimiser.momentum, "DECAY": optimiser.decay}
    if wanted.weights_file is not None:
        values["WEIGHTS_FILE"] = wanted.weights_file
    if machine is not None:
        values["LANES"] = machine.lanes
    lines = [
        line for name, value in values.items() for line in statement(value, source.imports, f"{name} = ")
    ]
    if machine is not None:
        lines += ["", f"{source.used(_FAST_SUPPORT, 'require_vectors')}(DTYPE, LANES)"]
    return lines


def _weights_array(source: Source) -> list[str]:
    plan = source.plan
    sizes = plan.memory.weights // plan.width, plan.trained_elements, Name("DTYPE")
    return statement(Called(source.used(_SUPPORT, "Weights"), sizes), source.imports, "WEIGHTS = ")


def _steps(source: Source, passes: Passes, wanted: Emission) -> list[str]:
    """A function a pass; of fast kernels, a generator from which the table is made."""
    lines: list[str] = []
    for name, body in passes.steps.items():
        if name == ("prepare" if source.plan.training else "backward"):
            continue
        lines += ["", "", *_head(source, name, is_fast=wanted.is_fast)]
        lines += body or (["    yield from ()"] if wanted.is_fast else [])
        if wanted.is_fast:
            steps = source.used(_FAST_SUPPORT, "Steps")
            lines += ["", "", f"{name.upper()} = {steps}({name}_steps(), DTYPE, THREADS)"]
    return lines[2:]


def _head(source: Source, name: str, *, is_fast: bool) -> list[str]:
    margin = " " * PASS_INDENT
    if not is_fast:
        context = source.used("cnnspec.backend.kernels.arrays", "Context")
        return [f"def {name}_steps(context: {context}) -> None:", f'{margin}"""{PREPARED[name]}"""']
    iterator, step = source.used("collections.abc", "Iterator"), source.used(_FAST_SUPPORT, "Step")
    return [f"def {name}_steps() -> {iterator}[{step}]:", f'{margin}"""{PREPARED[name]}"""']


def _ends(source: Source, passes: Passes) -> Iterator[str]:
    plan, end = source.plan, source.used(_SUPPORT, "End")
    for name, ports in (("INPUTS", plan.inputs), ("OUTPUTS", plan.outputs)):
        found = tuple(Called(end, (port.name, port.shape, passes.port(port.buffer))) for port in ports)
        yield from statement(found, source.imports, f"{name} = ")
    source.used(_SUPPORT, "read")
    source.used(_SUPPORT, "results")
    clock = Called(
        source.used(_SUPPORT, "Clock"), (Name("SEED"), Name("THREADS")), {"training": plan.training}
    )
    yield from statement(clock, source.imports, "CLOCK = ")
    yield "LOCK = RLock()"
    if plan.training:
        yield from _training_ends(source, passes)


def _training_ends(source: Source, passes: Passes) -> Iterator[str]:
    """The heads of the loss, where the backward pass starts, counters of batches, the velocity."""
    plan, head = source.plan, source.used(_SUPPORT, "Head")
    source.used(_SUPPORT, "losses")
    source.used("cnnspec.backend.kernels.updates", "descend")
    heads = tuple(
        Called(head, (passes.port(h.logits), _perhaps(passes, h.gradient), h.weight)) for h in plan.heads
    )
    yield from statement(heads, source.imports, "HEADS = ")
    yield from statement(tuple(map(passes.port, plan.seeds)), source.imports, "SEEDS = ")
    counters = tuple(Name(source.weights[slot.name]) for slot in plan.slots if slot.name.endswith(_TRACKED))
    yield from statement(counters, source.imports, "COUNTERS = ")
    yield "VELOCITY = np.zeros_like(WEIGHTS.trained)"


def _perhaps(passes: Passes, buffer: int | None) -> Name | None:
    return None if buffer is None else passes.port(buffer)
