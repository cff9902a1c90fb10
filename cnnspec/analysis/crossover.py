"""For which sizes one cost is below another: exactly, for all sizes at once.

On each class of sizes with one remainder a difference of costs is a polynomial in the number of periods.
Where it changes its sign follows from where its differences do, degree by degree, by bisection; behind the
last change everything stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import comb, factorial, lcm

from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.legal_sizes import legal_sizes
from cnnspec.analysis.measures import cost
from cnnspec.dims import Dim, OneSymbol, SizeLimitError, evaluate
from cnnspec.dims.solutions import SizeSet
from cnnspec.dims.symbolic import terms_of

LAST = 200_000
"""The greatest size up to which changes are listed."""


@dataclass(frozen=True, slots=True)
class Run:
    """Sizes from `low` to `high` (None: without end) at which the difference has one sign: −1, 0 or 1."""

    low: int
    high: int | None
    sign: int


def cheaper_where(before: Analysis, after: Analysis, quantity: str, symbol: str) -> list[Run]:
    """Where a cost of one net is below (−1), the same as or above that of another, at sizes legal for both.

    The symbol is the only free one. Raises ValueError for a quantity that is no cost, and SizeLimitError.
    """
    legal = legal_sizes(before.graph), legal_sizes(after.graph)
    if any(sizes.unsolved for sizes in legal):
        raise SizeLimitError("the legal sizes have no short description")
    both = legal[0].by_symbol[symbol] & legal[1].by_symbol[symbol]
    return runs_of(cost(before, quantity) - cost(after, quantity), symbol, both)


def runs_of(difference: Dim, symbol: str, legal: SizeSet) -> list[Run]:
    """The runs of legal sizes with one sign of the difference.

    Of signs that alternate without end, those of one period are listed, each as a run of its own. Raises
    SizeLimitError where the difference has no polynomial form, or changes beyond `LAST`.
    """
    whole = lcm(legal.period, _period(difference))
    if whole > LAST:
        raise SizeLimitError(f"it repeats only after {whole:,} sizes")
    bounds = [bound for interval in legal.intervals for bound in interval or () if bound is not None]
    settled = max(bounds, default=1)
    settled = max([settled, *(_settled(difference, symbol, rest, whole) for rest in range(1, whole + 1))])
    if settled + 2 * whole > LAST:
        raise SizeLimitError(f"it changes beyond the size {LAST:,}")
    signs = [
        (size, _sign(evaluate(difference, {symbol: size})))
        for size in range(1, settled + 2 * whole + 1)
        if size in legal
    ]
    runs = _joined(signs)
    last_period = {sign for size, sign in signs if size > settled + whole}
    if runs and len(last_period) == 1 and not legal.is_bounded:
        runs[-1] = Run(runs[-1].low, None, runs[-1].sign)
    return runs


def _joined(signs: Sequence[tuple[int, int]]) -> list[Run]:
    runs: list[Run] = []
    for size, sign in signs:
        if runs and runs[-1].sign == sign:
            runs[-1] = Run(runs[-1].low, size, sign)
        else:
            runs.append(Run(size, size, sign))
    return runs


def _period(difference: Dim) -> int:
    atoms = [atom for monomial in terms_of(difference) for atom in monomial]
    periods = [atom.function.period for atom in atoms if isinstance(atom, OneSymbol)]
    if len(periods) < len(atoms):
        raise SizeLimitError("it has no polynomial form")
    return lcm(*periods)


def _settled(difference: Dim, symbol: str, rest: int, period: int) -> int:
    """The size behind which the sign stays the same among those with one remainder."""
    degree = max(map(len, terms_of(difference)), default=0)
    values = [evaluate(difference, {symbol: rest + period * k}) for k in range(degree + 1)]
    return rest + period * max(sign_changes(_differences(values)), default=0)


def _differences(values: list[int]) -> list[int]:
    """The coefficients of a polynomial by its values at 0, 1, 2, …: p(k) = Σ c_j · binomial(k, j)."""
    found: list[int] = []
    while values:
        found.append(values[0])
        values = [after - before for before, after in pairwise(values)]
    while len(found) > 1 and found[-1] == 0:
        found.pop()
    return found


def sign_changes(coefficients: list[int]) -> list[int]:
    """Every k ≥ 1 at which Σ c_j · binomial(k, j) has another sign than at k − 1."""
    if len(coefficients) < 2:
        return []
    # Between changes of the sign of its differences it rises or falls throughout.
    turns = [0, *sign_changes(coefficients[1:])]
    turns.append(max(turns[-1], _beyond(coefficients)))
    found: list[int] = []
    for start, end in pairwise(turns):
        at = start
        while _sign_at(coefficients, at) != _sign_at(coefficients, end):
            at = _first_other(coefficients, at, end)
            found.append(at)
    return sorted(set(found))


def _first_other(coefficients: list[int], low: int, high: int) -> int:
    """The first k behind `low` with another sign; it changes monotonically up to `high`."""
    sign = _sign_at(coefficients, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _sign_at(coefficients, middle) == sign else (low, middle)
    return high


def _beyond(coefficients: list[int]) -> int:
    """A k behind which there is no root: beyond the sum of the other terms' shares of the highest one."""
    *others, lead = coefficients
    degree = len(others)
    share = sum((Fraction(abs(c), factorial(j)) for j, c in enumerate(others)), Fraction(0))
    return 2 * degree + 1 + int(2**degree * factorial(degree) * share / abs(lead))


def _sign_at(coefficients: list[int], k: int) -> int:
    return _sign(sum(c * comb(k, j) for j, c in enumerate(coefficients)))


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
