"""From an operation to the kernels that run it: the one door of this package.

The protocol
------------
`operations` holds pure data. The planner turns each layer into an `Operation`, asks it for `weights`,
`saved(...)` and `workspace(...)`, and plans memory for those as for the inputs and outputs. The executable
calls

    forward(operation, Forward(inputs, outputs, weights, saved, workspace, context))
    backward(operation, Backward(inputs, outputs, weights, saved, workspace, context,
                                 output_gradients, input_gradients, weight_gradients))

Every array is C-contiguous and of the net's dtype (float32 or float64) unless its `Buffer` says otherwise;
maps are `(N, C, D, H, W)` and vectors `(N, F)`, losses `(1,)`. Kernels allocate nothing that grows with the
net. What is written is overwritten, never added to: a tensor read by several layers gets its gradient in
parts, which `merging.accumulate` adds. `weights` are in the order of `operation.weights`.

- `saved`: all of `operation.saved(...)`, or `()` where no backward pass will follow.
- `workspace`: all of `operation.workspace(...)`.
- In `Backward`, `inputs` may be `()` unless `operation.keeps_inputs`, and `outputs` likewise.
- A gradient that is not wanted is None (the image's, a frozen weight's, an integer label's, running statistics').
- An output that nobody reads has a gradient of zeros.
- `context` says whether this is training, the seed and step that dropout draws from, and how many threads.

Everything is checked before machine code is entered; ValueError says what does not fit. The same bytes come
out whatever the number of threads, and kernels may run from several Python threads at once.

A family module has a checked pair of functions an operation, `forward` and `backward` or named after it
(`max_pool_forward`), with the compiled loops above them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cnnspec.backend.kernels.arrays import Backward, Context, Forward
from cnnspec.backend.kernels.operations import Operation

AnyOperation = TypeVar("AnyOperation", bound=Operation)

__all__ = ["KERNELS", "Backward", "Context", "Forward", "Kernel", "backward", "forward"]


@dataclass(frozen=True, slots=True)
class Kernel(Generic[AnyOperation]):
    """The two directions of a primitive."""

    forward: Callable[[AnyOperation, Forward], None]
    backward: Callable[[AnyOperation, Backward], None]


KERNELS: dict[type[Operation], Kernel[Any]] = {}


def forward(operation: Operation, arrays: Forward) -> None:
    """Compute the outputs (and what is saved) from the inputs and weights."""
    KERNELS[type(operation)].forward(operation, arrays)


def backward(operation: Operation, arrays: Backward) -> None:
    """Compute the gradients of inputs and weights from those of the outputs."""
    KERNELS[type(operation)].backward(operation, arrays)
