"""What a program consists of, whichever kernels it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cnnspec.backend.emit.literals import Called, Imports, Name, Names, comment, inert, statement
from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.model import Buffer, Plan, Role, Slot
from cnnspec.backend.plan.text import operation_text

FRAME = (
    *("NET", "BATCH", "DTYPE", "SEED", "THREADS", "LANES", "WEIGHTS", "WEIGHTS_FILE", "ARENA", "PACKED"),
    *("INPUTS", "OUTPUTS", "HEADS", "SEEDS", "CLOCK", "LOCK", "PREPARE", "FORWARD", "BACKWARD", "OMITTED"),
    *("COUNTERS", "RATE", "MOMENTUM", "DECAY", "VELOCITY"),
)
"""The constants that every program has: no weight or tensor is called so."""

PASS_INDENT = 4


@dataclass
class Source:
    """A program in the making: its names, its imports, and the constants that its passes speak of."""

    plan: Plan
    names: Names = field(default_factory=lambda: Names(*FRAME))
    imports: Imports = field(default_factory=Imports)
    weights: dict[str, str] = field(default_factory=dict[str, str])
    gradients: dict[str, str] = field(default_factory=dict[str, str])

    def weight_lines(self) -> list[str]:
        """A constant for every weight, and for every gradient of one that is trained."""
        lines: list[str] = []
        for slot in self.plan.slots:
            self.weights[slot.name] = self.names.constant(slot.name)
            more: dict[str, object] = {"fan_in": slot.fan_in} if slot.fan_in != 1 else {}
            more |= {"given": slot.given} if slot.given is not None else {}
            call = Called("WEIGHTS.add", (slot.name, slot.offset, slot.shape, slot.init), more)
            lines += statement(call, self.imports, f"{self.weights[slot.name]} = ")
        for slot in self.plan.trainable:
            self.gradients[slot.name] = self.names.constant(f"{slot.name} gradient")
            call = Called("WEIGHTS.gradient", (slot.name,))
            lines += statement(call, self.imports, f"{self.gradients[slot.name]} = ")
        return lines

    def shaped(self, constants: dict[str, str], slot: Slot, shape: Shape) -> Name | Called:
        """A weight or its gradient in the shape that a kernel sees."""
        name = constants[slot.name]
        return Name(name) if shape == slot.shape else reshaped(name, shape)

    def used(self, module: str, name: str) -> str:
        """A name of another module, imported."""
        return self.imports.use(module, name)


def reshaped(name: str, shape: Shape) -> Called:
    """An array in another shape."""
    return Called(f"{name}.reshape", shape)


def buffer_name(buffer: Buffer) -> str:
    """What a buffer is called: gradients have the names of their tensors."""
    return f"{buffer.name} gradient" if buffer.role is Role.GRADIENT else buffer.name


@dataclass(frozen=True, slots=True)
class Passes:
    """The parts of a program that depend on its kernels, as lines of source.

    `steps` are the bodies of `prepare_steps`, `forward_steps` and `backward_steps`; `port` names the array of
    a buffer that the caller sees.
    """

    memory: Sequence[str]
    kernels: Sequence[str]
    steps: Mapping[str, Sequence[str]]
    port: Callable[[int], Name]


class StepComments:
    """What stands above the steps of a pass: the layer's path and what is done for it; once, what it is."""

    def __init__(self, plan: Plan) -> None:
        self._layers = {
            step.path: f"{operation_text(step.call.operation)}, "
            f"{_shapes(step.call.input_shapes)} → {_shapes(step.call.output_shapes)}"
            for step in plan.forward
        }
        self._path = ""

    def above(self, path: str, what: str) -> list[str]:
        """The comment above a step."""
        lines = comment(f"{inert(path)}: {what}" if what else inert(path), PASS_INDENT)
        if path != self._path and path in self._layers:
            lines += comment(self._layers[path], PASS_INDENT, hang=2)
        self._path = path
        return lines


def _shapes(shapes: Sequence[Shape]) -> str:
    return ", ".join("×".join(map(str, shape)) for shape in shapes)
