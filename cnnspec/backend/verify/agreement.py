"""Two programs of one net: the fast kernels against the plain ones, which share no code with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.certificate import Claim, Section, Topic, Verdict
from cnnspec.backend.executable import Arrays, Executable

Array = NDArray[Any]

_HOW = (
    "a training step by these kernels and one by the plain kernels, from the same weights and inputs: the "
    "largest difference, relative to the largest value"
)
_TOLERANCE = 1e-9
_ROUNDING = 1e-12
"""Relative to the largest value of all: for values that are rounding alone, such as the gradient of a bias
before a normalisation."""


def check_agreement(executable: Executable, inputs: Arrays) -> Section:
    """Compare the outputs of a training step in float64 and the gradients of all inputs and weights."""
    plain = Executable(executable.plan, seed=executable.seed, threads=executable.threads, math="plain")
    expected, found = _step(plain, inputs), _step(executable, inputs)
    return Section(Topic.AGREEMENT, _HOW, tuple(_claims(expected, found)))


def _step(executable: Executable, inputs: Arrays) -> dict[str, Array]:
    """The outputs and gradients by name, copied; the gradient of each output is the output itself."""
    executable.steps = 0
    executable.forward(inputs, training=True)
    outputs = {f"output {name}": array.copy() for name, array in executable.outputs.items()}
    executable.backward(dict(executable.outputs))
    gradients = {**executable.input_gradients, **executable.gradients}
    return outputs | {f"gradient of {name}": array.copy() for name, array in gradients.items()}


def _claims(expected: Mapping[str, Array], found: Mapping[str, Array]) -> Iterator[Claim]:
    largest = max((_size(array) for array in expected.values()), default=0.0)
    for name, right in expected.items():
        scale = max(_size(right), _ROUNDING / _TOLERANCE * largest)
        difference = _size(found[name] - right) / scale if scale else _size(found[name])
        verdict = Verdict.HOLDS if difference <= _TOLERANCE else Verdict.FAILS
        yield Claim(Topic.AGREEMENT, name, f"difference ≤ {_TOLERANCE:.0e}", f"{difference:.1e}", verdict)


def _size(array: Array) -> float:
    return float(np.abs(array).max(initial=0.0))
