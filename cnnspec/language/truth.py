"""Truth values where symbols take part: true, false, or depending on the symbols."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.language.arithmetic import OPPOSITE, compare
from cnnspec.language.values import Claim, Undecided, Value, is_number, show

Truth = bool | Undecided


def both(left: Truth, right: Truth) -> Truth:
    """`left and right`."""
    if isinstance(left, bool):
        return right if left else False
    if isinstance(right, bool):
        return left if right else False
    symbols = left.symbols | right.symbols
    if left.claims is None or right.claims is None:
        return Undecided(None, symbols)
    return Undecided(left.claims + right.claims, symbols)


def either(left: Truth, right: Truth) -> Truth:
    """`left or right`."""
    if isinstance(left, bool):
        return True if left else right
    if isinstance(right, bool):
        return True if right else left
    return Undecided(None, left.symbols | right.symbols)


def negated(value: Truth) -> Truth:
    """`not value`."""
    if isinstance(value, bool):
        return not value
    if value.claims is None or len(value.claims) != 1:
        return Undecided(None, value.symbols)
    (claim,) = value.claims
    return Undecided((Claim(claim.left, OPPOSITE[claim.operator], claim.right),), value.symbols)


def equal(left: Value, right: Value, at_least: Mapping[str, int]) -> Truth:
    """Whether two values are the same; values of different kinds are not."""
    if is_number(left) and is_number(right):
        return compare(left, "==", right, at_least)
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return False
        result: Truth = True
        for one, other in zip(left, right, strict=True):
            result = both(result, equal(one, other, at_least))
        return result
    return type(left) is type(right) and left == right


def show_claim(claim: Claim) -> str:
    """`H % 32 == 0` with what its sides came to."""
    return f"{show(claim.left)} {claim.operator} {show(claim.right)}"
