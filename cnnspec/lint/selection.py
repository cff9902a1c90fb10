"""Which rules run: codes and groups of codes, chosen and left out."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.suggest import nearest
from cnnspec.lint.rule import rules

DEFAULT = ("warning",)

SUPPRESSIONS = ("suppression-malformed", "suppression-unknown", "suppression-unused")
"""What is found about comments: it has no rule of its own, but is chosen and left out like one."""

_FOLKLORE = "folklore-"


class UnknownSelectorError(ValueError):
    """A word that names no rule and no group; `advice` says what could be meant."""

    def __init__(self, word: str) -> None:
        self.message = f"there is no rule `{word}`"
        if word in CODES:
            self.message = f"`{word}` is an error: it cannot be chosen or left out"
        close = nearest(word, [*groups(), *lint_codes()])
        self.advice = f"did you mean `{close}`?" if close else f"groups are {', '.join(groups())}"
        super().__init__(self.message)


def lint_codes() -> tuple[str, ...]:
    """Every code that can be chosen, left out and ignored, in the order of the table."""
    known = rules().keys() | set(SUPPRESSIONS)
    return tuple(code for code in CODES if code in known)


def groups() -> dict[str, frozenset[str]]:
    """The groups: everything, by severity, and advice of old, which is in no other group than `all`."""
    codes = frozenset(lint_codes())
    folklore = frozenset(code for code in codes if code.startswith(_FOLKLORE))
    return {
        "all": codes,
        "warning": frozenset(code for code in codes if CODES[code].severity == "warning"),
        "info": frozenset(code for code in codes if CODES[code].severity == "info") - folklore,
        "folklore": folklore,
    }


def codes_of(words: Iterable[str]) -> frozenset[str]:
    """The codes that codes and groups stand for. Raises UnknownSelectorError."""
    known, chosen = groups(), frozenset[str]()
    for word in words:
        if word in known:
            chosen |= known[word]
        elif word in lint_codes():
            chosen |= {word}
        else:
            raise UnknownSelectorError(word)
    return chosen
