"""What a rule finds, place by place; the same place found many times is one diagnostic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cnnspec.diagnostics import Diagnostic, Help, Label, Span
from cnnspec.dims import Dim, sum_of
from cnnspec.graph import Node
from cnnspec.language.scope import in_own_file
from cnnspec.layers.derivation import grouped
from cnnspec.lint.linted import LintedNet


@dataclass(frozen=True, slots=True)
class Waste:
    """An amount that a finding costs: summed over all layers of one place, and said in `words`."""

    amount: Dim
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic of one layer of one net, which is written at `made_at`, or of the text alone."""

    diagnostic: Diagnostic
    made_at: Span | None = None
    waste: Waste | None = None


def about(
    node: Node,
    code: str,
    message: str,
    span: Span,
    *,
    label: str = "",
    labels: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: Help | None = None,  # noqa: A002 - the field's name
    waste: Waste | None = None,
) -> Finding:
    """A finding about a layer. Inside a block that comes with the language it shows where that is used."""
    trace = node.origin.trace
    place = in_own_file(span, trace)
    if place is not span:
        labels = (Label(span, label or "here"), *labels)
        label, help = "", Help(help.text) if help else None  # noqa: A001 - as above
    diagnostic = Diagnostic(code, message, place, label, labels, notes, help, trace)
    return Finding(diagnostic, node.origin.span, waste)


def about_two(
    net: LintedNet,
    code: str,
    message: str,
    node: Node,
    other: tuple[Node, str],
    *,
    help: Help,  # noqa: A002 - the field's name
    notes: tuple[str, ...] = (),
) -> Finding:
    """A finding on the word of a layer because of another layer, whose word is marked with what it does."""
    cause, does = other
    labels = (Label(net.places.word(cause), does),)
    return about(node, code, message, net.places.word(node), labels=labels, notes=notes, help=help)


def summed(findings: Iterable[Finding], written: Mapping[Span, int]) -> list[Diagnostic]:
    """One diagnostic a place, with how often it holds.

    `written` says how many layers are written at a place: an edit is offered only if it suits all of them.
    """
    groups: dict[tuple[str, Span | None], list[Finding]] = {}
    for finding in findings:
        key = finding.diagnostic.code, finding.diagnostic.span
        groups.setdefault(key, []).append(finding)
    return [_one(group, written) for group in groups.values()]


def _one(group: list[Finding], written: Mapping[Span, int]) -> Diagnostic:
    first = group[0]
    diagnostic = first.diagnostic
    notes = list(diagnostic.notes)
    if first.waste is not None:
        total = sum_of(finding.waste.amount for finding in group if finding.waste)
        notes.append(f"{grouped(total)} {first.waste.words}")
    others = sum(written[place] for place in {f.made_at for f in group if f.made_at}) - len(group)
    if len(group) > 1:
        share = f"{len(group)} of the {len(group) + others}" if others > 0 else f"all {len(group)}"
        notes.append(f"so it is for {share} layers made here")
    help_ = diagnostic.help
    if help_ and help_.edits and others > 0:
        help_ = Help(f"{help_.text}, where it suits the other layers made here")
    return replace(diagnostic, notes=tuple(notes), help=help_)
