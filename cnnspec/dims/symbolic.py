"""Sizes that depend on symbols: exact integer arithmetic in a normal form.

A size along one axis is a quasi-linear function of one symbol (`OneSymbol`). Products and sums over several
symbols (parameters, elements, `4·width`) are polynomials with integer coefficients over such functions
(`Polynomial`). What no normal form covers, a floor over a sum of several symbols or a maximum that depends on
their values, stays in the polynomial as an atom that still evaluates exactly.

Results that do not depend on any symbol are plain `int`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product

from cnnspec.dims import quasi
from cnnspec.dims.opaque import Floor, Greatest
from cnnspec.dims.quasi import Quasi

MAX_TERMS = 20_000
"""The longest polynomial that is ever made."""

MAX_DEGREE = 64
"""The most factors of a product."""

MAX_BITS = 2**14
"""The longest coefficient."""

_BITS = "bits in a number"

MAX_WEIGHT = 150
"""The most atoms in a floor or a maximum that has no normal form."""


class SizeLimitError(ArithmeticError):
    """A symbolic size would be longer than one of the limits above."""


class Symbolic:
    """A size that depends on at least one symbol. Compare with `decide`, not with `<`."""

    __slots__ = ()

    def __add__(self, other: Dim) -> Dim:
        return add(self, other)

    def __radd__(self, other: int) -> Dim:
        return add(self, other)

    def __sub__(self, other: Dim) -> Dim:
        return add(self, -other)

    def __rsub__(self, other: int) -> Dim:
        return add(-self, other)

    def __neg__(self) -> Dim:
        return multiply(self, -1)

    def __mul__(self, other: Dim) -> Dim:
        return multiply(self, other)

    def __rmul__(self, other: int) -> Dim:
        return multiply(self, other)

    def __floordiv__(self, other: Dim) -> Dim:
        return floor_divide(self, other)

    def __rfloordiv__(self, other: int) -> Dim:
        return floor_divide(other, self)

    def __mod__(self, other: Dim) -> Dim:
        return self - floor_divide(self, other) * other

    @property
    def weight(self) -> int:
        """How many atoms it is written with, counting what is inside them."""
        raise NotImplementedError

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The size where every symbol has a value (KeyError names one that has none)."""
        raise NotImplementedError

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols it depends on."""
        raise NotImplementedError


Dim = int | Symbolic
"""A size: an exact integer, or a function of symbols."""


class OneSymbol(Symbolic):
    """A quasi-linear function of one symbol, never a constant."""

    __slots__ = ("_hash", "function", "symbol")

    def __init__(self, symbol: str, function: Quasi) -> None:
        self.symbol = symbol
        self.function = function
        self._hash = hash((symbol, function))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, OneSymbol) and self.symbol == other.symbol and self.function == other.function
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"OneSymbol({self.symbol!r}, {self.function})"

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The size where the symbol has a value."""
        return self.function(values[self.symbol])

    @property
    def symbols(self) -> frozenset[str]:
        """The one symbol."""
        return frozenset((self.symbol,))

    @property
    def weight(self) -> int:
        """One."""
        return 1

    @property
    def order(self) -> tuple[object, ...]:
        """What sorts atoms."""
        return self.symbol, self.function.period, self.function.key


Atom = OneSymbol | Floor | Greatest
"""What polynomials are made of. A `OneSymbol` here is primitive; where it stands alone it is 0 at 0."""

Monomial = tuple[Atom, ...]
"""A product of atoms in their order; the empty one is 1."""

Terms = dict[Monomial, int]


class Polynomial(Symbolic):
    """A sum of products of atoms with integer coefficients; its terms are never changed."""

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._hash = hash(frozenset(terms.items()))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Polynomial) and self._hash == other._hash and self.terms == other.terms
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        ordered = sorted(
            ([atom.order for atom in monomial], factor) for monomial, factor in self.terms.items()
        )
        return f"Polynomial({ordered})"

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The size where every symbol has a value."""
        total = 0
        for monomial, factor in self.terms.items():
            for atom in monomial:
                factor *= atom.evaluate(values)  # noqa: PLW2901
            total += factor
        return total

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols of all atoms."""
        return frozenset[str]().union(*(atom.symbols for monomial in self.terms for atom in monomial))

    @property
    def weight(self) -> int:
        """The atoms of all terms."""
        return sum(atom.weight for monomial in self.terms for atom in monomial)


def symbol(name: str) -> Symbolic:
    """The size that is called `name`."""
    return OneSymbol(name, quasi.IDENTITY)


def one_symbol(name: str, function: Quasi) -> Dim:
    """A function of one symbol; an `int` where it is constant."""
    return function.values[0] if function.is_constant else OneSymbol(name, function)


def terms_of(dim: Dim) -> Terms:
    """A size as a sum of products of atoms."""
    if isinstance(dim, int):
        return {(): dim} if dim else {}
    if isinstance(dim, OneSymbol):
        offset = dim.function.values[0]
        atom, factor = quasi.primitive(dim.function, offset)
        terms: Terms = {(OneSymbol(dim.symbol, atom),): factor}
        return {**terms, (): offset} if offset else terms
    if isinstance(dim, Polynomial):
        return dim.terms
    raise TypeError(f"{dim!r} is not a size")


def _as_factor(dim: Dim) -> Terms:
    """The same, but a floor keeps its constant: products stay products of floors, `⌊(H − 7)/4⌋·W`."""
    if isinstance(dim, OneSymbol) and dim.function.period > 1:
        atom, factor = quasi.primitive(dim.function, 0)
        return {(OneSymbol(dim.symbol, atom),): factor}
    return terms_of(dim)


def collect(terms: Terms) -> Dim:
    """The normal form of a sum: one function a symbol, no zero terms, an `int` where constant."""
    rest: Terms = {}
    along: dict[str, list[Quasi]] = {}
    for monomial, factor in terms.items():
        if len(monomial) == 1 and isinstance(monomial[0], OneSymbol):
            _join(along.setdefault(monomial[0].symbol, []), monomial[0].function.multiplied(factor))
        elif factor:
            rest[monomial] = factor
    parts = [one_symbol(name, function) for name, functions in along.items() for function in functions]
    _limited(len(rest), MAX_TERMS, "terms")
    return _assemble(rest, [part for part in parts if part != 0])


def _limited(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise SizeLimitError(f"a size has more than {limit:,} {what}")


def _join(functions: list[Quasi], function: Quasi) -> None:
    """Add a function to the first one that it can be tabulated with."""
    for position, other in enumerate(functions):
        total = quasi.added(other, function)
        if total is not None:
            functions[position] = total
            return
    functions.append(function)


def _assemble(rest: Terms, parts: list[Dim]) -> Dim:
    """Terms of higher degree, one function a symbol, and the constants of both."""
    constant = rest.pop((), 0)
    if not rest and len(parts) <= 1:
        return parts[0] + constant if parts else constant
    for part in parts:
        for monomial, factor in terms_of(part).items():
            if monomial:
                rest[monomial] = factor
            else:
                constant += factor
    return Polynomial({**rest, (): constant} if constant else rest)


def from_atom(atom: Atom) -> Dim:
    """An atom as a size."""
    _limited(atom.weight, MAX_WEIGHT, "parts")
    return collect({(atom,): 1})


def add(left: Dim, right: Dim) -> Dim:
    """`left + right`."""
    if isinstance(left, OneSymbol):
        if isinstance(right, int):
            return OneSymbol(left.symbol, quasi.shifted(left.function, right)) if right else left
        if isinstance(right, OneSymbol) and left.symbol == right.symbol:
            total = quasi.added(left.function, right.function)
            if total is not None:
                return one_symbol(left.symbol, total)
    terms = dict(terms_of(left))
    for monomial, factor in terms_of(right).items():
        terms[monomial] = terms.get(monomial, 0) + factor
    return collect(terms)


def multiply(left: Dim, right: Dim) -> Dim:
    """`left · right`."""
    if isinstance(left, int):
        left, right = right, left
    if isinstance(right, int) and isinstance(left, OneSymbol):
        longest = max(left.function.step.bit_length(), left.function.values[-1].bit_length())
        _limited(right.bit_length() + longest, MAX_BITS, _BITS)
        return OneSymbol(left.symbol, left.function.multiplied(right)) if right else 0
    return _multiplied(left, right)


@lru_cache(maxsize=4096)
def _multiplied(left: Dim, right: Dim) -> Dim:
    first, second = _as_factor(left), _as_factor(right)
    _limited(len(first) * len(second), MAX_TERMS, "terms")
    terms: Terms = {}
    for (monomial, factor), (other, share) in product(first.items(), second.items()):
        merged = _merged(monomial, other)
        terms[merged] = terms.get(merged, 0) + factor * share
    _limited(max(map(len, terms), default=0), MAX_DEGREE, "factors")
    _limited(max(map(int.bit_length, terms.values()), default=0), MAX_BITS, _BITS)
    return collect(terms)


def _merged(first: Monomial, second: Monomial) -> Monomial:
    if not first or not second:
        return first or second
    return tuple(sorted((*first, *second), key=lambda atom: atom.order))


def floor_divide(numerator: Dim, divisor: Dim) -> Dim:
    """`⌊numerator / divisor⌋` (ZeroDivisionError for a divisor of 0)."""
    if isinstance(divisor, int):
        if divisor == 0:
            raise ZeroDivisionError("a size divided by 0")
        if divisor < 0:
            return floor_divide(-numerator, -divisor)
        return _divided_by_int(numerator, divisor)
    exact = divided_exactly(numerator, divisor)
    return from_atom(Floor(numerator, divisor)) if exact is None else exact


def _divided_by_int(numerator: Dim, divisor: int) -> Dim:
    if isinstance(numerator, int):
        return numerator // divisor
    if isinstance(numerator, OneSymbol):
        quotient = quasi.floor_quotient(numerator.function, divisor)
        if quotient is not None:
            return one_symbol(numerator.symbol, quotient)
    whole, rest = _split(numerator, divisor)
    if isinstance(rest, Symbolic) and rest == numerator:
        return _floor_of(rest, divisor)
    return whole + _divided_by_int(rest, divisor)


def _split(numerator: Dim, divisor: int) -> tuple[Dim, Dim]:
    """`(whole, rest)`: numerator = divisor · whole + rest, and the coefficients of rest are below divisor."""
    terms = terms_of(numerator)
    whole = collect({monomial: factor // divisor for monomial, factor in terms.items()})
    rest = collect({monomial: factor % divisor for monomial, factor in terms.items()})
    return whole, rest


def _floor_of(rest: Symbolic, divisor: int) -> Dim:
    """The floor as an atom; a floor of a floor is one floor: ⌊(⌊x/a⌋ + c)/b⌋ = ⌊(x + a·c)/(a·b)⌋."""
    terms = dict(terms_of(rest))
    constant = terms.pop((), 0)
    if len(terms) == 1:
        ((monomial, factor),) = terms.items()
        inner = monomial[0]
        if factor == 1 and len(monomial) == 1 and isinstance(inner, Floor) and isinstance(inner.divisor, int):
            return floor_divide(inner.numerator + constant * inner.divisor, inner.divisor * divisor)
    return from_atom(Floor(rest, divisor))


def divided_exactly(numerator: Dim, divisor: Symbolic) -> Dim | None:
    """The quotient, where the numerator is plainly a multiple of the divisor (division of polynomials)."""
    lead, factor = _leading(_as_factor(divisor))
    quotient: Dim = 0
    rest = numerator
    for _ in range(len(terms_of(numerator)) + 1):
        if rest == 0:
            return quotient
        monomial, coefficient = _leading(_as_factor(rest))
        left_over = _without(monomial, lead)
        if left_over is None or coefficient % factor:
            return None
        step = collect({left_over: coefficient // factor})
        quotient, rest = quotient + step, rest - step * divisor
    return None


def _leading(terms: Terms) -> tuple[Monomial, int]:
    return max(terms.items(), key=lambda item: (len(item[0]), [atom.order for atom in item[0]]))


def _without(monomial: Monomial, part: Monomial) -> Monomial | None:
    """The monomial divided by another one, or None where it is not a multiple."""
    left = list(monomial)
    for atom in part:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)
