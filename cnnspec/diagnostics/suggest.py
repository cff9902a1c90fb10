"""Did you mean …? The name nearest to one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 40
"""Longer words are not compared: nobody mistypes them by one letter."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` is most likely a slip of, or None where none is near.

    Near means that a third of the letters, at least one but not all, are wrong, missing, added or swapped.
    Case and underscores do not count as differences, so that `BatchNorm` finds `batch_norm`.
    """
    allowed = max(1, (len(word) + 1) // 3)
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(word)) <= allowed + 2 and len(word) <= LONGEST:
            distance = edit_distance(_plain(word), _plain(candidate))
            alike = distance < len(word)
            if alike and distance <= allowed and (best is None or (distance, candidate) < best):
                best = distance, candidate
    return best[1] if best else None


def _plain(word: str) -> str:
    return word.lower().replace("_", "")


def edit_distance(left: str, right: str) -> int:
    """How many letters are replaced, dropped, added or swapped with a neighbour between two words."""
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        now = [row]
        for column, other in enumerate(right, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            now.append(cost)
        before_last, last = last, now
    return last[-1]
