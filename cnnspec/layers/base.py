"""What every layer says of itself. A layer is a value: its fields are its arguments in the language.

Shapes leave the batch out: `(channels, *spatial)` for maps, `(features,)` for vectors. Every rule is plain
arithmetic on `Dim`s, so that it answers in numbers when given numbers and in formulas when given symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from cnnspec.dims import Dim, IndexMap, Relation, sum_of

Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that must hold before a layer's rule means anything.

    Decided at once for numbers; for symbols it becomes a condition on them. `argument` names the argument
    that is to blame, `port` the input and `axis` the spatial axis (0 is the first). `why` and `help` are only
    called when it fails.
    """

    code: str
    left: Dim
    relation: Relation
    right: Dim
    why: Callable[[], str]
    help: Callable[[], str] | None = None
    argument: str | None = None
    port: int | None = None
    axis: int | None = None


class WeightKind(StrEnum):
    """Parameters are trained; buffers are not (running statistics)."""

    PARAMETER = "parameter"
    BUFFER = "buffer"


class Init(StrEnum):
    """How a weight starts. `KAIMING` is He et al. 2015: normal, variance 2 / fan-in."""

    KAIMING = "kaiming"
    LECUN = "lecun"
    ZEROS = "zeros"
    ONES = "ones"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor that a layer owns: the parameter count is the sum of the shapes of these."""

    name: str
    shape: Shape
    init: Init
    kind: WeightKind = WeightKind.PARAMETER
    fan_in: Dim = 1


@dataclass(frozen=True, slots=True)
class Flops:
    """Floating-point operations in separate columns; a multiply-add is two.

    Conventions (one application, one sample): bias 1 an output element; an activation, a comparison, an
    addition of maps 1 an element; a pooling window of k elements k operations; a normalisation as each
    family states.
    """

    multiply_add: Dim = 0
    bias: Dim = 0
    normalisation: Dim = 0
    activation: Dim = 0
    elementwise: Dim = 0

    @property
    def total(self) -> Dim:
        """All columns together."""
        return sum_of((self.multiply_add, self.bias, self.normalisation, self.activation, self.elementwise))

    def __add__(self, other: Flops) -> Flops:
        return Flops.sum((self, other))

    @staticmethod
    def sum(each: Iterable[Flops]) -> Flops:
        """The sum column by column (nothing for none)."""
        rows = tuple(each)
        return Flops(
            sum_of(row.multiply_add for row in rows),
            sum_of(row.bias for row in rows),
            sum_of(row.normalisation for row in rows),
            sum_of(row.activation for row in rows),
            sum_of(row.elementwise for row in rows),
        )


@dataclass(frozen=True, slots=True)
class Derivation:
    """One line of `explain`: what, the formula in letters, the numbers put in, the value."""

    what: str
    formula: str
    numbers: str
    value: str


class Layer:
    """A primitive layer. Subclasses are frozen dataclasses registered under the word of the language."""

    word: ClassVar[str] = ""
    inputs: ClassVar[tuple[int, int | None]] = (1, 1)
    """The least and greatest number of input tensors (None: any number)."""
    random: ClassVar[bool] = False
    """Whether training draws random numbers (dropout)."""

    def lower(self, inputs: tuple[Shape, ...]) -> Layer:
        """The primitive that this layer stands for, now that its inputs are known (itself, mostly).

        The requirements hold; those of the primitive are held against the same inputs next.
        """
        del inputs
        return self

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """What must hold of the inputs, most basic first; each may rely on those before it."""
        del inputs
        return iter(())

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes of the outputs (one, mostly). The requirements hold."""
        return (inputs[0],)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """The tensors this layer owns."""
        del inputs
        return ()

    def macs(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Dim:
        """Multiply-accumulates of one application to one sample (convolutions and linear layers only)."""
        del inputs, outputs
        return 0

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """Operations other than the multiply-adds of `macs`, one application, one sample."""
        del inputs, outputs
        return Flops()

    def making(self, output: int, inputs: tuple[Shape, ...]) -> Layer:
        """A layer that makes one of several outputs alone: `index_map` and `reads` are of the first."""
        del output, inputs
        return self

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """Which indices of input `port` one output index reads along spatial `axis` (0 is the first)."""
        del inputs, port, axis
        return IndexMap.IDENTITY

    def reads(self, inputs: tuple[Shape, ...], port: int, axis: int, index: int) -> Iterable[int]:
        """Every index that one output index reads, where all sizes are numbers; not cut off at the border.

        The hull of `index_map`, but for the layers that leave holes in it.
        """
        low, high = self.index_map(inputs, port, axis).at(index)
        return range(low, high + 1)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """How output sizes and weights come about, for `explain`."""
        del inputs, outputs
        return iter(())
