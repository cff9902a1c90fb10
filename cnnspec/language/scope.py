"""Where an expression stands, and what all the places of one run share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from cnnspec.diagnostics import Diagnostic, Frame, Help, Label, Span
from cnnspec.diagnostics.legible import clip
from cnnspec.language import ast, limits
from cnnspec.language.values import UNKNOWN, Value

SHIPPED = ("<std>", "<prelude>")
"""How the files that come with the language are called."""

LONGEST_MESSAGE = 1000
"""Characters; messages are only that long where a name or a number is."""

LONGEST_TRACE = 4
"""How many blocks are named where blocks stand in each other without end."""


def in_own_file(span: Span, trace: tuple[Frame, ...]) -> Span:
    """A place in a file of the user's: in the language's own files, where their block is used."""
    places = (span, *(frame.span for frame in trace))
    return next((place for place in places if place.source.name not in SHIPPED), span)


class LimitReached(Exception):  # noqa: N818 - it ends a run that has reported why
    """A limit was reached and reported; the run ends."""


Key = tuple[str, Span | str]
"""What makes two findings one: the code, and the place (or, where there is none, the message)."""


@dataclass(slots=True)
class Log:
    """What was found so far, and how deep the run is in blocks and brackets.

    A mistake in a block that is used many times is one finding: the first use, with the number of others.
    """

    found: dict[Key, Diagnostic] = field(default_factory=dict[Key, Diagnostic])
    again: dict[Key, int] = field(default_factory=dict[Key, int])
    depth: int = 0
    at_least: dict[str, int] = field(default_factory=dict[str, int])
    """The least values of symbols, as `where` clauses state them."""

    def add(self, diagnostic: Diagnostic) -> None:
        """Note a finding."""
        key = diagnostic.code, diagnostic.span or diagnostic.message
        if key in self.found:
            self.again[key] = self.again.get(key, 0) + 1
        else:
            self.found[key] = diagnostic

    def findings(self) -> tuple[Diagnostic, ...]:
        """Everything found, in the order in which it was met."""
        return tuple(
            self._counted(diagnostic, self.again.get(key, 0)) for key, diagnostic in self.found.items()
        )

    @staticmethod
    def _counted(diagnostic: Diagnostic, again: int) -> Diagnostic:
        if not again:
            return diagnostic
        times = "once more" if again == 1 else f"{again} more times"
        return replace(
            diagnostic, notes=(*diagnostic.notes, f"the same happens {times} where this line is used")
        )


@dataclass(slots=True)
class Scope(ABC):
    """What names, calls and pipelines mean at one place; `trace` is the blocks around it, innermost first."""

    log: Log
    trace: tuple[Frame, ...]

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: Help | None = None,  # noqa: A002 - the field's name
    ) -> None:
        """Report a mistake made here; one that shows inside the language's own files where they are used."""
        place = in_own_file(span, self.trace)
        if place is not span:
            labels = (Label(span, label or "here"), *labels)
            span, label = place, ""
        notes = tuple(clip(note, LONGEST_MESSAGE) for note in notes)
        message = clip(message, LONGEST_MESSAGE)
        self.log.add(Diagnostic(code, message, span, label, labels, notes, help, self.trace))

    @property
    def at_least(self) -> Mapping[str, int]:
        """The least values of symbols that have one."""
        return self.log.at_least

    def enter(self, span: Span) -> None:
        """Go one level deeper. Raises LimitReached, and reports, where that is too deep."""
        if self.log.depth >= limits.MAX_DEPTH:
            self._refuse_depth(span)
        self.log.depth += 1

    def _refuse_depth(self, span: Span) -> NoReturn:
        message = f"more than {limits.MAX_DEPTH} blocks and expressions stand in each other"
        blocks = [frame.call.partition("(")[0] for frame in self.trace]
        if blocks and blocks.count(blocks[0]) > LONGEST_TRACE:
            message = f"`{blocks[0]}` uses itself without end: {message}"
            span = self.trace[0].span
        self.refuse(message, span)

    def refuse(self, message: str, span: Span) -> NoReturn:
        """Report that a limit was reached and end the run."""
        short = self if len(self.trace) <= LONGEST_TRACE else replace(self, trace=self.trace[:LONGEST_TRACE])
        short.report("limit", message, span)
        raise LimitReached

    def leave(self) -> None:
        """Come back from a level."""
        self.log.depth -= 1

    def hole(self, node: ast.Hole) -> Value:
        """What `?` stands for: nothing yet, which is reported."""
        way_out = Help("`cnnspec solve SPEC` finds the values with which every expectation holds")
        message = f"`?{node.name or ''}` stands for a value still to be found"
        self.report("unbound-symbol", message, node.span, help=way_out)
        return UNKNOWN

    @abstractmethod
    def name(self, node: ast.Name) -> Value:
        """What a name means."""

    def listed(self, node: ast.Name) -> Value:
        """What a name means as an item of a list."""
        return self.name(node)

    @abstractmethod
    def attribute(self, node: ast.Attribute) -> Value:
        """`base.name`."""

    @abstractmethod
    def call(self, node: ast.Call) -> Value:
        """`callee(arguments)`."""

    @abstractmethod
    def pipeline(self, node: ast.Pipeline) -> Value:
        """`a -> b -> c`."""

    @abstractmethod
    def combine(self, node: ast.Binary, left: Value, right: Value) -> Value:
        """Arithmetic in which a tensor takes part."""
