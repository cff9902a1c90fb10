"""What stands at a node of the graph, and what flows along its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnnspec.diagnostics import Frame, Span
from cnnspec.layers.base import Layer, Shape, Weight


@dataclass(frozen=True, slots=True)
class Tensor:
    """One output of a node. `shape` leaves the batch out."""

    node: str
    port: int
    shape: Shape

    @property
    def channels(self) -> object:
        """The size of the first axis."""
        return self.shape[0]


@dataclass(frozen=True)
class InputLayer(Layer):
    """What stands at an input of the net: it has no inputs of its own, one output, and does nothing."""

    word: ClassVar[str] = "input"
    inputs: ClassVar[tuple[int, int | None]] = (0, 0)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node was written: the word used, its span, and the blocks it was expanded from."""

    word: str
    span: Span | None
    trace: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One application of a primitive layer.

    `owner` is the path of the node that owns the weights: this node's own path, or for a shared layer the
    first application's. `given` holds the values of the weight named `weight` (row-major) where the spec
    gives them.
    """

    path: str
    layer: Layer
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    weights: tuple[Weight, ...]
    owner: str
    origin: Origin
    frozen: bool = False
    given: tuple[float, ...] | None = None

    @property
    def word(self) -> str:
        """The word the layer was written as."""
        return self.origin.word

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shapes that flow in."""
        return tuple(tensor.shape for tensor in self.inputs)

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shapes that flow out."""
        return tuple(tensor.shape for tensor in self.outputs)

    @property
    def owns_weights(self) -> bool:
        """Whether the weights are counted here (shared weights count once)."""
        return self.owner == self.path
