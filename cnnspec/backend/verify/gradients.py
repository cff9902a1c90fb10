"""Gradients against central differences, in float64.

The value that is differentiated is a random weighing of all outputs of a training step, batch statistics and
dropout included (its random draws are the same every time). Along a direction d it must change by ⟨gradient, d⟩.
Kinks (of ReLU, of a maximum) between the two points disturb the difference the less the smaller the step, a wrong
gradient at every step alike: so smaller steps are tried before a claim is believed to fail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.certificate import Claim, Section, Topic, Verdict, unchecked
from cnnspec.backend.executable import Executable

Array = NDArray[Any]

_HOW = (
    "central differences in float64 of a random weighing of the outputs of a training step: everything "
    "together, then each tensor along a random direction and at the element with the greatest gradient"
)
_STEPS = (1e-5, 1e-6, 1e-7)
_TOLERANCE = 1e-5
"""Of a difference, relative to the root of the sum of squares of what the elements contribute to it."""
_ROUNDING = 1e-14
"""Of one evaluation, relative to the sum of its absolute terms."""


def check_gradients(executable: Executable, inputs: Mapping[str, Array], seconds: float) -> Section:
    """Compare for as long as there is time; what is left out is named."""
    end = perf_counter() + seconds
    net = _Differentiated(executable, inputs)
    claims = [net.claim("everything together", [net.along_random(list(net.gradients))])]
    for name in net.gradients:
        if perf_counter() > end:
            claims.append(unchecked(Topic.GRADIENTS, name, "", "only together with all others: time was up"))
        else:
            claims.append(net.claim(name, [net.along_random([name]), net.at_greatest(name)]))
    return Section(Topic.GRADIENTS, _HOW, tuple(claims))


@dataclass(frozen=True, slots=True)
class _Move:
    """Some elements of a flat array, and the direction in which they are moved."""

    name: str
    where: slice
    values: Array


class _Differentiated:
    """A net at a point, and its gradients there as the backward pass gives them."""

    def __init__(self, executable: Executable, inputs: Mapping[str, Array]) -> None:
        self.executable = executable
        self.inputs = {name: np.array(array) for name, array in inputs.items()}
        self.random = np.random.default_rng(executable.seed)
        self.weighing: dict[str, Array] = {}
        self.run()
        self.weighing = {name: self.random.standard_normal(y.shape) for name, y in executable.outputs.items()}
        executable.backward(self.weighing)
        found = {**executable.input_gradients, **executable.gradients}
        self.gradients = {name: gradient.flatten() for name, gradient in found.items()}
        self.points = {name: self.array(name) for name in self.gradients}
        terms = (np.abs(y * self.weighing[name]).sum() for name, y in executable.outputs.items())
        self.rounding = _ROUNDING * float(sum(terms))

    def array(self, name: str) -> Array:
        """The array that is moved, flat."""
        found = self.inputs[name] if name in self.inputs else self.executable.parameters[name]
        return found.reshape(-1)

    def run(self) -> float:
        """The value at the point as it stands."""
        self.executable.steps = 0
        self.executable.forward(self.inputs, training=True)
        outputs = self.executable.outputs
        return float(sum(np.vdot(weight, outputs[name]) for name, weight in self.weighing.items()))

    def along_random(self, names: Sequence[str]) -> list[_Move]:
        """Whole tensors, each element by a random part of what is usual in its tensor."""
        return [_Move(name, slice(None), self._usual(name) * self._normal(name)) for name in names]

    def at_greatest(self, name: str) -> list[_Move]:
        """The one element of a tensor that matters most."""
        index = int(np.abs(self.gradients[name]).argmax())
        return [_Move(name, slice(index, index + 1), np.full(1, self._usual(name)))]

    def _usual(self, name: str) -> float:
        return float(np.sqrt(np.mean(self.points[name] ** 2))) or 0.1

    def _normal(self, name: str) -> Array:
        return self.random.standard_normal(self.points[name].size)

    def claim(self, name: str, directions: Sequence[list[_Move]]) -> Claim:
        """Whether the differences along all directions are what the gradient says."""
        errors = [self.error(moves) for moves in directions]
        known = [error for error in errors if error is not None]
        if not known:
            return unchecked(Topic.GRADIENTS, name, "", "it is too small to tell from rounding")
        worst = max(known)
        verdict = Verdict.HOLDS if worst <= _TOLERANCE else Verdict.FAILS
        return Claim(Topic.GRADIENTS, name, f"error ≤ {_TOLERANCE:.0e}", f"{worst:.1e}", verdict)

    def error(self, moves: Sequence[_Move]) -> float | None:
        """How far the difference is from the gradient, relative to its terms; None where rounding hides it."""
        terms = [self.gradients[move.name][move.where] * move.values for move in moves]
        predicted = float(sum(term.sum() for term in terms))
        size = float(np.sqrt(sum(np.vdot(term, term) for term in terms)))
        best: float | None = None
        for step in _STEPS:
            rounding = self.rounding / step
            if rounding > size / 100 and size != 0:
                break
            difference = self.difference(moves, step)
            beyond = max(0.0, abs(difference - predicted) - rounding)
            error = beyond / size if size else float(beyond > 0)
            best = error if best is None else min(best, error)
            if best <= _TOLERANCE:
                break
        return best

    def difference(self, moves: Sequence[_Move], step: float) -> float:
        """The central difference quotient; the point is as before afterwards."""
        before = [self.points[move.name][move.where].copy() for move in moves]
        values: list[float] = []
        for sign in (step, -step):
            for move, start in zip(moves, before, strict=True):
                self.points[move.name][move.where] = start + sign * move.values
            values.append(self.run())
        for move, start in zip(moves, before, strict=True):
            self.points[move.name][move.where] = start
        return (values[0] - values[1]) / (2 * step)
