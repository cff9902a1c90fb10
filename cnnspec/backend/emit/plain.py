"""The program of plain kernels: one call a layer, on arrays with the shapes that people know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnspec.backend.emit.literals import Called, Name, statement
from cnnspec.backend.emit.parts import PASS_INDENT, Passes, Source, StepComments, buffer_name, reshaped
from cnnspec.backend.kernels.operations import Operation
from cnnspec.backend.plan.model import Add, AddToWeight, Backward, BackwardStep, Clear, Forward, Use

_ARRAYS = "cnnspec.backend.kernels.arrays"
_CONTEXT = Name("context")


def plain_passes(source: Source) -> Passes:
    """The passes of a plan by the kernels that all others are held against."""
    writer = _Writer(source)
    memory = list(writer.memory())
    steps = {
        "forward": [line for step in source.plan.forward for line in writer.forward(step)],
        "backward": [line for step in source.plan.backward for line in writer.backward(step)],
    }
    return Passes(memory, (), steps, writer.array)


class _Writer:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.plan = source.plan
        self.comments = StepComments(source.plan)
        self.names = [source.names.constant(buffer_name(buffer)) for buffer in self.plan.buffers]

    def memory(self) -> Iterator[str]:
        """One arena, and where in it each buffer lies and when."""
        allocate = self.source.used("cnnspec.backend.emit.support", "allocate")
        yield f"ARENA = {allocate}({self.plan.memory.arena})"
        for name, buffer in zip(self.names, self.plan.buffers, strict=True):
            dtype = Name("DTYPE") if buffer.dtype == self.plan.dtype else buffer.dtype
            call = Called("np.ndarray", (buffer.shape, dtype, Name("ARENA"), buffer.offset))
            note = f"steps {buffer.first} to {buffer.last}"
            yield from statement(call, self.source.imports, f"{name} = ", note=note)

    def array(self, buffer: int) -> Name:
        """The constant of a buffer."""
        return Name(self.names[buffer])

    def forward(self, step: Forward) -> list[str]:
        """The call of a layer."""
        arrays = {
            "inputs": self.arrays(step.inputs),
            "outputs": self.arrays(step.outputs),
            "weights": self.weights(step.call.weights),
            "saved": self.arrays(step.call.saved),
            "workspace": self.arrays(step.workspace),
        }
        return [
            *self.comments.above(step.path, ""),
            *self.call("forward", step.call.operation, "Forward", arrays),
        ]

    def backward(self, step: BackwardStep) -> list[str]:
        """The call of a layer backwards, or what puts the parts of a gradient together."""
        if isinstance(step, Backward):
            what = self._gradients_of(step)
        else:
            what = statement(self._sum(step), self.source.imports, indent=PASS_INDENT)
        word = "backward" if isinstance(step, Backward) else "the parts of a gradient"
        return [*self.comments.above(step.path, word), *what]

    def _gradients_of(self, step: Backward) -> list[str]:
        arrays = {
            "inputs": self.arrays(step.inputs),
            "outputs": self.arrays(step.outputs),
            "output_gradients": self.arrays(step.output_gradients),
            "input_gradients": tuple(None if g is None else self.array(g) for g in step.input_gradients),
            "weight_gradients": tuple(map(self.weight_gradient, step.weight_gradients, step.call.weights)),
            "weights": self.weights(step.call.weights),
            "saved": self.arrays(step.call.saved),
            "workspace": self.arrays(step.workspace),
            "input_shapes": step.call.input_shapes,
        }
        return self.call("backward", step.call.operation, "Backward", arrays, always=("input_gradients",))

    def _sum(self, step: Clear | Add | AddToWeight) -> Called:
        if isinstance(step, Clear):
            return Called(f"{self.names[step.target]}.fill", (0,))
        if isinstance(step, Add):
            target, part = self.array(step.target), self.array(step.part)
        else:
            target = self.gradient(step.target)
            part = reshaped(self.names[step.part], step.target.shape)
        return Called("np.add", (target, part), {"out": target})

    def call(
        self,
        way: str,
        operation: Operation,
        kind: str,
        arrays: Mapping[str, tuple[object, ...]],
        always: tuple[str, ...] = ("inputs", "outputs"),
    ) -> list[str]:
        """`registry.forward(operation, Forward(…), context)`; roles without arrays are left out."""
        required = {"inputs", "outputs", "output_gradients", *always}
        said = {name: found for name, found in arrays.items() if found or name in required}
        registry = self.source.used("cnnspec.backend.kernels", "registry")
        given = Called(self.source.used(_ARRAYS, kind), (), said)
        call = Called(f"{registry}.{way}", (operation, given, _CONTEXT))
        return statement(call, self.source.imports, indent=PASS_INDENT)

    def arrays(self, buffers: tuple[int, ...]) -> tuple[Name, ...]:
        """The constants of some buffers."""
        return tuple(map(self.array, buffers))

    def weights(self, uses: tuple[Use, ...]) -> tuple[Name | Called, ...]:
        """Weights as a kernel sees them."""
        return tuple(
            self.source.shaped(self.source.weights, self.plan.slot[use.slot], use.shape) for use in uses
        )

    def gradient(self, use: Use) -> Name | Called:
        """The gradient of a weight as a kernel sees it."""
        return self.source.shaped(self.source.gradients, self.plan.slot[use.slot], use.shape)

    def weight_gradient(self, target: Use | int | None, use: Use) -> Name | Called | None:
        """Where a weight's gradient, or a part of it, goes."""
        match target:
            case None:
                return None
            case int():
                return reshaped(self.names[target], use.shape)
            case Use():
                return self.gradient(target)
