"""The syntax tree: what was written, nothing looked up, every node with its span."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction

from cnnspec.diagnostics import Source, Span


@dataclass(frozen=True, slots=True)
class Node:
    """Any node of the tree."""

    span: Span


# --- expressions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number(Node):
    """`61_706`, `0.5`, `4.09G`, `1%`, `8KiB`: exact."""

    value: int | Fraction


@dataclass(frozen=True, slots=True)
class String(Node):
    """A quoted text."""

    value: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A word: a number, a tensor, a layer, a block, or a choice such as `same`. Also `in` and `it`."""

    name: str


@dataclass(frozen=True, slots=True)
class Hole(Node):
    """`?`: a value to be solved for. `?name in 1..7` names it and bounds it."""

    name: str | None
    low: Expression | None
    high: Expression | None


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`base.name`."""

    base: Expression
    name: str
    name_span: Span


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`base[index]`."""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call; `name` is None where it is given by position."""

    name: str | None
    name_span: Span | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`callee(arguments)`."""

    callee: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-a` or `not a`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`a + b` and the like: `+ - * / // % ** and or`."""

    operator: str
    operator_span: Span
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`a < b <= c`: each link an operator of `== != < <= > >=` and its right side."""

    first: Expression
    links: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`then if condition else otherwise`."""

    then: Expression
    condition: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """`[a, b]`, `(a, b)` or `3x5` (which is `(3, 5)`)."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Stage(Node):
    """One step of a pipeline, with its label if it has one (`… as stem`)."""

    value: Expression
    label: str | None
    label_span: Span | None


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """`a -> f -> g(…)`; one labelled stage alone is a pipeline too."""

    stages: tuple[Stage, ...]


Expression = (
    Number
    | String
    | Name
    | Hole
    | Attribute
    | Index
    | Call
    | Unary
    | Binary
    | Comparison
    | Conditional
    | Sequence
    | Pipeline
)

# --- statements -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputDim(Node):
    """One entry of an input's shape: a number, a symbol, or a symbol with a default (`H = 224`)."""

    symbol: str | None
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Input(Node):
    """`input image: [3, H = 224, W = 224] where H >= 32, W >= 32`."""

    name: str
    name_span: Span
    dims: tuple[InputDim, ...]
    where: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Target(Node):
    """A name on the left of `=` or after `for`."""

    name: str


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`a = …` or `a, b = …`: binds numbers or tensors; forks, does not move the main line."""

    targets: tuple[Target, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Flow(Node):
    """A bare expression: its result becomes the main line."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Output(Node):
    """`output linear(10)`, `output main = …`, `training output aux1 = … weight 0.3`."""

    name: str | None
    name_span: Span | None
    value: Expression
    training_only: bool
    loss_weight: Expression | None


@dataclass(frozen=True, slots=True)
class LayerDefinition(Node):
    """`layer enc = conv(64, 3)`: one set of weights, applied wherever `enc` stands."""

    name: str
    name_span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """`repeat n:`."""

    count: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for a, b in [...]:`."""

    targets: tuple[Target, ...]
    iterable: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if … elif … else`."""

    branches: tuple[tuple[Expression, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Expect(Node):
    """`expect macs == 4.09G within 1%`. `condition` is mostly a `Comparison`."""

    condition: Expression
    within: Expression | None


Statement = Input | Assign | Flow | Output | LayerDefinition | Repeat | For | If | Expect

# --- definitions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param(Node):
    """A parameter of a block or net: a number, or a tensor (`skip: tensor`)."""

    name: str
    is_tensor: bool
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """`block` or `net`: `span` covers the head, `name_span` the name.

    One that is not `is_complete` has mistakes in it that are reported, and parts of it are missing.
    """

    kind: str
    name: str
    name_span: Span
    params: tuple[Param, ...]
    doc: str | None
    body: tuple[Statement, ...]
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Use(Node):
    """`use "blocks/resnet.cnn"` or `use std`; `path` is None for the standard library."""

    path: str | None
    path_span: Span


@dataclass(frozen=True, slots=True)
class File:
    """A whole spec file. `assignments` are its constants, in order."""

    source: Source
    doc: str | None
    uses: tuple[Use, ...]
    assignments: tuple[Assign, ...]
    definitions: tuple[Definition, ...]
    expects: tuple[Expect, ...]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node, in no particular order."""
    waiting: list[object] = [getattr(node, field.name) for field in fields(node)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            waiting.extend(value)  # pyright: ignore[reportUnknownArgumentType]


def walk(node: Node) -> Iterator[Node]:
    """A node and everything inside it, however deep."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(children(here))
