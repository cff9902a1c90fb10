"""Carrying out the edits of findings: only those that make nothing worse, and each looked at again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cnnspec.diagnostics import Diagnostic, Edit, Severity, Source
from cnnspec.diagnostics.edits import apply_edits

MOST_ROUNDS = 1000
"""No file has as many findings; it ends a pair of rules that would undo each other."""

TOLERATED = frozenset({"expect-failed"})
"""What an unsafe fix may break: a net that is changed no longer has the counts that were expected."""

Check = Callable[[str], tuple[Source, tuple[Diagnostic, ...]]]
"""The source that a text would be, and what is found in it."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A text after its fixes: the findings that were carried out, and those that would break something."""

    text: str
    made: tuple[Diagnostic, ...] = ()
    refused: tuple[tuple[Diagnostic, Diagnostic], ...] = ()
    """Each with the first mistake that it would have caused."""


@dataclass(slots=True)
class _Fixing:
    """Fixes from the top of a text to its end, so that what was refused above stays where it is."""

    check: Check
    unsafe: bool
    text: str
    made: list[Diagnostic] = field(default_factory=list[Diagnostic])
    refused: dict[tuple[str, int], tuple[Diagnostic, Diagnostic]] = field(
        default_factory=dict[tuple[str, int], tuple[Diagnostic, Diagnostic]]
    )

    def run(self) -> Fixed:
        for _ in range(MOST_ROUNDS):
            source, found = self.check(self.text)
            waiting = [finding for finding in found if self._can_be_fixed(finding, source)]
            if not waiting:
                break
            waiting.sort(key=_start)
            progress = len(self.made), len(self.refused)
            if self._try(waiting, found) is not None:
                self._one_by_one(waiting, found)
            if progress == (len(self.made), len(self.refused)):
                break
        return Fixed(self.text, tuple(self.made), tuple(self.refused.values()))

    def _can_be_fixed(self, finding: Diagnostic, source: Source) -> bool:
        advice = finding.help
        if advice is None or not advice.edits or not (advice.safe or self.unsafe):
            return False
        inside = all(edit.span.source is source for edit in advice.edits)
        return inside and (finding.code, _start(finding)) not in self.refused

    def _one_by_one(self, waiting: list[Diagnostic], before: tuple[Diagnostic, ...]) -> None:
        """Make the first fix that breaks nothing; those above it are refused."""
        for finding in waiting:
            broken = self._try([finding], before)
            if broken is None:
                return
            self.refused[finding.code, _start(finding)] = finding, broken

    def _try(self, findings: list[Diagnostic], before: tuple[Diagnostic, ...]) -> Diagnostic | None:
        """Make some fixes at once, except where they overlap; what they would break instead, if anything."""
        chosen: list[Diagnostic] = []
        reached = 0
        for finding in findings:
            spans = sorted((edit.span.start, edit.span.end) for edit in _edits(finding))
            if spans[0][0] >= reached:
                chosen.append(finding)
                reached = spans[-1][1]
        text = apply_edits(self.text, [edit for finding in chosen for edit in _edits(finding)])
        _, after = self.check(text)
        broken = self._worse(before, after)
        if broken is None and text != self.text:
            self.text = text
            self.made += chosen
        return broken

    def _worse(self, before: Iterable[Diagnostic], after: Iterable[Diagnostic]) -> Diagnostic | None:
        """The first error that was not there, with as many others of its kind, before."""
        tolerated = TOLERATED if self.unsafe else frozenset[str]()
        known = Counter(found.code for found in before)
        for found in after:
            if found.severity is Severity.ERROR and found.code not in tolerated:
                known[found.code] -= 1
                if known[found.code] < 0:
                    return found
        return None


def _edits(finding: Diagnostic) -> tuple[Edit, ...]:
    return finding.help.edits if finding.help else ()


def _start(finding: Diagnostic) -> int:
    return finding.span.start if finding.span else 0


def fix(text: str, check: Check, *, unsafe: bool = False) -> Fixed:
    """Make the safe fixes of a text, and with `unsafe` the others too, until there are no more."""
    return _Fixing(check, unsafe, text).run()
