"""What was claimed of a net, what running it showed, and whether the two agree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of one claim. What could not be measured is said so, not passed over."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "not checked"


class Topic(StrEnum):
    """What a claim is about, in the order of a certificate."""

    SHAPES = "shapes"
    PARAMETERS = "parameters"
    MACS = "multiply-accumulates"
    AGREEMENT = "agreement with plain kernels"
    GRADIENTS = "gradients"
    RECEPTIVE_FIELDS = "receptive fields"
    MEMORY = "memory"
    REPEATABLE = "repeatable"


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement: `where` is a layer's path or a weight's name; `note` says why it was not checked."""

    topic: Topic
    where: str
    expected: str
    measured: str
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The claims of one topic, and in one sentence how they were checked."""

    topic: Topic
    how: str
    claims: tuple[Claim, ...]

    def count(self, verdict: Verdict) -> int:
        """How many claims came out so."""
        return sum(claim.verdict is verdict for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The outcome of `verify`. `conditions` say what was run: precision, batch, sizes, seed, time."""

    net: str
    conditions: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def holds(self) -> bool:
        """Whether no claim failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Claim, ...]:
        """The claims that failed."""
        return tuple(claim for claim in self.claims if claim.verdict is Verdict.FAILS)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims, topic by topic."""
        return tuple(claim for section in self.sections for claim in section.claims)


def compared(topic: Topic, where: str, expected: object, measured: object) -> Claim:
    """A claim that holds if two values are equal."""
    verdict = Verdict.HOLDS if expected == measured else Verdict.FAILS
    return Claim(topic, where, text_of(expected), text_of(measured), verdict)


def unchecked(topic: Topic, where: str, expected: object, why: str) -> Claim:
    """A claim that could not be put to the test."""
    return Claim(topic, where, text_of(expected), "", Verdict.UNCHECKED, why)


def text_of(value: object) -> str:
    """A number with its thousands apart, a shape in brackets."""
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case tuple():
            return "[" + ", ".join(map(str, value)) + "]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case _:
            return str(value)
