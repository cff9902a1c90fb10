"""Run an operation both ways on arrays between bands of NaN, and compare it with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnnspec.backend.kernels.operations import Buffer, Operation, Shape
from cnnspec.backend.kernels.registry import Backward, Context, Forward, backward, forward

Array = Any
BAND = 64
TRAINING = Context(training=True, threads=2)


@dataclass
class Fenced:
    """Allocates arrays with a band before and after, which nothing may write to."""

    memory: list[tuple[Array, Array]] = field(default_factory=list)

    def like(self, values: Array) -> Array:
        """A copy of an array."""
        array = self.empty(values.shape, values.dtype)
        array[...] = values
        return array

    def empty(self, shape: Shape, dtype: Any) -> Array:
        """An array of NaN (of −1, where it holds whole numbers)."""
        fill = np.nan if np.dtype(dtype).kind == "f" else -1
        whole = np.full(int(np.prod(shape)) + 2 * BAND, fill, dtype)
        self.memory.append((whole, whole.copy()))
        return whole[BAND : whole.size - BAND].reshape(shape)

    def buffers(self, wanted: Sequence[Buffer], dtype: Any) -> tuple[Array, ...]:
        """What an operation asks the caller for."""
        return tuple(self.empty(buffer.shape, buffer.dtype or dtype) for buffer in wanted)

    def check(self) -> None:
        """Every band is as it was."""
        for whole, before in self.memory:
            for band in (slice(0, BAND), slice(-BAND, None)):
                np.testing.assert_array_equal(whole[band], before[band])


@dataclass(frozen=True)
class Result:
    """All that came out, and the gradients of the outputs that went in."""

    outputs: tuple[Array, ...]
    output_gradients: tuple[Array, ...]
    input_gradients: tuple[Array | None, ...]
    weight_gradients: tuple[Array, ...]
    weights: tuple[Array, ...]
    saved: tuple[Array, ...]

    def arrays(self) -> list[Array]:
        """Outputs and gradients."""
        gradients = (*self.input_gradients, *self.weight_gradients)
        return [*self.outputs, *(gradient for gradient in gradients if gradient is not None)]


def run(
    operation: Operation,
    inputs: Sequence[Array],
    weights: Sequence[Array] = (),
    *,
    outputs: Sequence[Shape],
    output_gradients: Sequence[Array] | None = None,
    context: Context = TRAINING,
) -> Result:
    """Forward, then backward with given or random gradients. All is fenced; what is not kept is not given."""
    fenced, dtype = Fenced(), inputs[0].dtype
    inputs, weights = tuple(map(fenced.like, inputs)), tuple(map(fenced.like, weights))
    shapes = tuple(array.shape for array in inputs)
    results = tuple(fenced.empty(shape, dtype) for shape in outputs)
    saved = fenced.buffers(operation.saved(shapes, tuple(outputs)), dtype)
    workspace = fenced.buffers(operation.workspace(shapes, tuple(outputs)), dtype)
    forward(operation, Forward(inputs, results, weights, saved, workspace), context)
    if output_gradients is None:
        generator = np.random.default_rng(1)
        output_gradients = [generator.standard_normal(shape).astype(dtype) for shape in outputs]
    output_gradients = tuple(map(fenced.like, output_gradients))
    of_inputs = tuple(None if i in operation.labels else fenced.empty(s, dtype) for i, s in enumerate(shapes))
    trained = [not name.startswith("running") for name in operation.weights]
    of_weights = tuple(
        fenced.empty(w.shape, dtype) if wanted else None for w, wanted in zip(weights, trained, strict=True)
    )
    kept = inputs if operation.keeps_inputs else ()
    known = results if operation.keeps_outputs else ()
    arrays = Backward(kept, known, output_gradients, of_inputs, of_weights, weights, saved, workspace)
    backward(operation, arrays, context)
    fenced.check()
    wanted_gradients = tuple(gradient for gradient in of_weights if gradient is not None)
    return Result(results, output_gradients, of_inputs, wanted_gradients, weights, saved)


def normal(*shape: int, dtype: Any = np.float64, seed: int = 0) -> Array:
    """Normal random numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def distance(ours: Array, theirs: Array) -> float:
    """The largest difference, relative to the largest value."""
    theirs = np.asarray(theirs)
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30))


def assert_agrees(
    operation: Operation,
    function: Callable[..., Any],
    inputs: Sequence[Array],
    weights: Sequence[Array] = (),
    *,
    tolerance: float = 1e-10,
    context: Context = TRAINING,
) -> Result:
    """Outputs and all gradients are those of a PyTorch function of the inputs and trained weights."""
    import torch

    tensors = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in (*inputs, *weights)]
    theirs = function(*tensors)
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    outputs = [tuple(tensor.shape) or (1,) for tensor in theirs]
    ours = run(operation, inputs, weights, outputs=outputs, context=context)
    seeds = [
        torch.tensor(dy).reshape(tensor.shape)
        for dy, tensor in zip(ours.output_gradients, theirs, strict=True)
    ]
    torch.autograd.backward(theirs, seeds)
    gradients = [tensor.grad for tensor in tensors if tensor.grad is not None]
    found = ours.arrays()
    expected = [tensor.detach().numpy() for tensor in (*theirs, *gradients)]
    assert len(found) == len(expected)
    for ours_array, theirs_array in zip(found, expected, strict=True):
        assert distance(ours_array, theirs_array.reshape(ours_array.shape)) <= tolerance
    return ours
