"""Gradients against central differences, in float64.

The value that is differentiated is a random weighing of all outputs of a training step, batch statistics
and dropout included (its random draws are the same every time). Along a direction d it must change by
⟨gradient, d⟩. Kinks (of ReLU, of a maximum) between the two points disturb the difference the less the
smaller the step, a wrong gradient at every step alike: so smaller steps are tried before a claim is
believed to fail.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.certificate import Claim, Section, Topic, Verdict, unchecked
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan.available import available_memory

Array = NDArray[Any]

_HOW = (
    "central differences in float64 of a random weighing of the outputs of a training step, along random "
    "directions in which every tensor has the same share; a tensor that these leave in doubt again alone"
)
_STEPS = (1e-9, 1e-10, 1e-8, 1e-11, 1e-7, 1e-6, 1e-5)
"""Small ones first: across a kink a difference is wrong by up to the root of the step."""
_TOLERANCE = 1e-3
"""Of a tensor's part of a difference, relative to the root of the sum of squares of its elements' parts."""
_ROUNDING = 1e-14
"""Of one evaluation, relative to the root of the sum of squares of its terms."""
_EXPECTED = f"error ≤ {_TOLERANCE:.0e}"
_COPIES = 4
"""Of all gradients, that are made along the way."""
_DIRECTIONS = 3
_LARGEST_SHARE = 1e3
"""The most that a tensor's share of a direction is enlarged to match the others."""


def check_gradients(executable: Executable, inputs: Mapping[str, Array], seconds: float) -> Section:
    """Compare all tensors; those that must be looked at alone, for as long as there is time."""
    end = perf_counter() + seconds
    left = available_memory()
    if left is not None and left < _COPIES * executable.plan.memory.gradients:
        names = (*executable.input_gradients, *executable.gradients)
        missing = (unchecked(Topic.GRADIENTS, name, _EXPECTED, "there is no memory for it") for name in names)
        return Section(Topic.GRADIENTS, _HOW, tuple(missing))
    net = _Differentiated(executable, inputs)
    bounds = net.bounds()
    claims: list[Claim] = []
    for name, bound in bounds.items():
        if bound > _TOLERANCE and perf_counter() < end:
            claims.append(net.claim_alone(name))
        elif bound > _TOLERANCE:
            claims.append(unchecked(Topic.GRADIENTS, name, _EXPECTED, "time was up"))
        else:
            claims.append(Claim(Topic.GRADIENTS, name, _EXPECTED, f"{bound:.1e}", Verdict.HOLDS))
    return Section(Topic.GRADIENTS, _HOW, tuple(claims))


@dataclass(frozen=True, slots=True)
class _Move:
    """A direction of one tensor (flat)."""

    name: str
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
        self.points = {name: self._point(name) for name in self.gradients}
        terms = (y * self.weighing[name] for name, y in executable.outputs.items())
        self.rounding = _ROUNDING * math.hypot(*(float(np.linalg.norm(term)) for term in terms))

    def _point(self, name: str) -> Array:
        """The array that is moved, flat: of a weight it is the very memory, to be written to in `writing`."""
        if name in self.inputs:
            return self.inputs[name].reshape(-1)
        return self.executable.storage.weight(self.executable.plan.slot[name]).reshape(-1)

    def run(self) -> float:
        """The value at the point as it stands."""
        self.executable.steps = 0
        self.executable.forward(self.inputs, training=True)
        outputs = self.executable.outputs
        return float(sum(np.vdot(weight, outputs[name]) for name, weight in self.weighing.items()))

    def bounds(self) -> dict[str, float]:
        """For each tensor how wrong its gradient can be, relative, if no other one is wrong."""
        bounds = dict.fromkeys(self.gradients, 0.0)
        for _ in range(_DIRECTIONS):
            moves, shares = self.along_everything()
            error = self.error(moves)
            for name, share in shares.items():
                bounds[name] = max(bounds[name], error / share if share else math.inf)
        return bounds

    def claim_alone(self, name: str) -> Claim:
        """Whether the difference along a direction of one tensor is what its gradient says."""
        move = self.along(name)
        share, error = self.share(move), self.error([move])
        noise = self.rounding / max(_STEPS)
        if share * _TOLERANCE < noise:
            verdict = Verdict.HOLDS if error <= 2 * noise else Verdict.FAILS
            return Claim(Topic.GRADIENTS, name, "0 within rounding", f"{error + share:.1e}", verdict)
        verdict = Verdict.HOLDS if error <= _TOLERANCE * share else Verdict.FAILS
        return Claim(Topic.GRADIENTS, name, _EXPECTED, f"{error / share:.1e}", verdict)

    def along_everything(self) -> tuple[list[_Move], dict[str, float]]:
        """A direction of all tensors, scaled to have equal shares as far as may be; and the shares."""
        moves = [self.along(name) for name in self.gradients]
        shares = [self.share(move) for move in moves]
        usual = median(shares) if shares else 0.0
        for move, share in zip(moves, shares, strict=True):
            np.multiply(move.values, min(usual / share, _LARGEST_SHARE) if share else 1.0, out=move.values)
        return moves, {move.name: self.share(move) for move in moves}

    def along(self, name: str) -> _Move:
        """A random direction of one tensor; half of its share is the element of greatest gradient."""
        point, gradient = self.points[name], self.gradients[name]
        usual = float(np.sqrt(np.mean(point**2))) or 0.1
        values = usual * (2.0 * self.random.integers(0, 2, point.size, dtype=np.int8) - 1.0)
        greatest = int(np.abs(gradient).argmax())
        parts = gradient * values
        rest = math.sqrt(max(float(np.vdot(parts, parts)) - float(parts[greatest] ** 2), 0.0))
        if rest and parts[greatest]:
            values[greatest] *= rest / abs(parts[greatest])
        return _Move(name, values)

    def share(self, move: _Move) -> float:
        """The root of the sum of squares of the parts of a tensor's elements."""
        parts = self.gradients[move.name] * move.values
        return float(np.sqrt(np.vdot(parts, parts)))

    def error(self, moves: Sequence[_Move]) -> float:
        """How far the difference along these moves is from what the gradient says, at the best step."""
        predicted = float(sum(np.vdot(self.gradients[move.name], move.values) for move in moves))
        size = math.hypot(*(self.share(move) for move in moves))
        best = math.inf
        for step in _STEPS:
            best = min(best, abs(self.difference(moves, step) - predicted))
            if best <= _TOLERANCE / 10 * size / math.sqrt(len(moves)):
                break
        return best

    def difference(self, moves: Sequence[_Move], step: float) -> float:
        """The central difference quotient; the point is as before afterwards."""
        before = [self.points[move.name].copy() for move in moves]
        values: list[float] = []
        with self.executable.writing():
            for sign in (step, -step):
                for move, start in zip(moves, before, strict=True):
                    self.points[move.name][...] = start + sign * move.values
                values.append(self.run())
            for move, start in zip(moves, before, strict=True):
                self.points[move.name][...] = start
        return (values[0] - values[1]) / (2 * step)
