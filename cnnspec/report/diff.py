"""A difference of two nets as text for a terminal and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnnspec.analysis.difference import Changed, Difference, TotalChange
from cnnspec.analysis.facts import LayerFacts
from cnnspec.diagnostics.legible import cells, legible
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.dims import Dim, Symbolic, render
from cnnspec.layers.spatial import shape_text
from cnnspec.report.operation import call_text
from cnnspec.report.quantities import exact
from cnnspec.report.records import Record, shape, size
from cnnspec.report.render_markdown import escaped, table_line


def describe_difference(found: Difference, width: int | None) -> Iterator[Line]:
    """Removed, added and changed layers, then the totals that changed."""
    for facts in found.removed:
        yield from _whole_layer("− ", Style.REMOVED, facts, width)
    for facts in found.added:
        yield from _whole_layer("+ ", Style.ADDED, facts, width)
    edited = [pair for pair in found.changed if pair.is_edited]
    for pair in edited:
        yield line(("~ ", Style.CAUSE), (_edit_text(pair), Style.CAUSE))
        yield line("    ", _consequences(pair) or "no number changes")
    followers = len(found.changed) - len(edited)
    if followers:
        yield line((f"  {followers} more layers have other sizes because of these", Style.QUIET))
    yield line((f"  {found.unchanged} layers are the same", Style.QUIET))
    moved = [change for change in found.totals if change.difference != 0]
    if moved:
        yield ()
    names = max((len(change.name) for change in moved), default=0)
    for change in moved:
        text = _change_text(change)
        fits = width is None or names + 2 + cells(text) <= width
        first, *more = [text] if fits else text.split("  ")
        yield line(f"{change.name:<{names}}  ", (first, Style.STRONG))
        yield from (line(" " * (names + 2), (rest, Style.STRONG)) for rest in more)


def markdown_difference(found: Difference) -> Iterator[Line]:
    """The same as Markdown: a table of totals, then a list of layers."""
    yield table_line(("total", "before", "after", "change"))
    yield table_line(("---", "--:", "--:", "--:"))
    for change in found.totals:
        entries = (change.name, exact(change.before), exact(change.after), _signed(change))
        yield table_line([escaped(entry) for entry in entries])
    yield ()
    for facts in found.removed:
        yield line(f"- removed `{_layer(facts)}`")
    for facts in found.added:
        yield line(f"- added `{_layer(facts)}`")
    for pair in found.changed:
        if pair.is_edited:
            yield line(
                f"- changed `{_edit_text(pair)}`: {escaped(_consequences(pair) or 'no number changes')}"
            )
    yield line(f"- {found.unchanged} layers are the same")


def difference_record(before: str, after: str, found: Difference) -> Record:
    """The same as plain data for JSON: all layers and all totals, those that are the same counted only."""
    return {
        "before": before,
        "after": after,
        "same": found.is_empty,
        "totals": [
            {
                "name": change.name,
                "before": size(change.before),
                "after": size(change.after),
                "difference": size(change.difference),
            }
            for change in found.totals
        ],
        "removed": [_layer_record(facts) for facts in found.removed],
        "added": [_layer_record(facts) for facts in found.added],
        "changed": [
            {
                "edited": pair.is_edited,
                "before": _layer_record(pair.before),
                "after": _layer_record(pair.after),
            }
            for pair in found.changed
        ],
        "unchanged": found.unchanged,
    }


def _layer_record(facts: LayerFacts) -> Record:
    return {
        "path": facts.path,
        "op": facts.node.word,
        "call": call_text(facts.node),
        "output": shape(facts.output),
        "params": size(facts.params),
        "macs": size(facts.macs),
    }


def _layer(facts: LayerFacts) -> str:
    return legible(f"{facts.path}: {call_text(facts.node)} → {shape_text(facts.output)}")


def _whole_layer(mark: str, style: Style, facts: LayerFacts, width: int | None) -> Iterator[Line]:
    """A layer and what it costs; in a line of its own where there is no room for both."""
    layer, costs = f"{mark}{_layer(facts)}", _costs(facts)
    if costs and (width is None or cells(layer) + 3 + cells(costs) <= width):
        yield line((layer, style), f"   {costs}")
    else:
        yield line((layer, style))
        if costs:
            yield line("    ", costs)


def _costs(facts: LayerFacts) -> str:
    parts = [("params", facts.params), ("MACs", facts.macs)]
    return ", ".join(f"{exact(value)} {name}" for name, value in parts if value)


def _edit_text(pair: Changed) -> str:
    old, new = pair.before, pair.after
    path = old.path if old.path == new.path else f"{old.path} → {new.path}"
    return legible(f"{path}: {call_text(old.node)} → {call_text(new.node)}")


def _consequences(pair: Changed) -> str:
    old, new = pair.before, pair.after
    parts = (
        [f"output {shape_text(old.output)} → {shape_text(new.output)}"] if old.output != new.output else []
    )
    for name, before, after in (("params", old.params, new.params), ("MACs", old.macs, new.macs)):
        if before != after:
            parts.append(f"{name} {_change_text(TotalChange(name, before, after))}")
    return ", ".join(parts)


def _change_text(change: TotalChange) -> str:
    unit = " elements" if change.name == "activations" else ""  # `show` has their bytes
    return f"{exact(change.before)} → {exact(change.after)}{unit}  ({_signed(change)})"


def _signed(change: TotalChange) -> str:
    size: Dim = change.difference
    if isinstance(size, Symbolic):
        return render(size)
    sign = "+" if size > 0 else "−" if size < 0 else "±"
    share = ""
    if isinstance(change.before, int) and change.before:
        share = f", {sign}{_percent(abs(Fraction(size * 100, change.before)))} %"
    return f"{sign}{exact(abs(size))}{share}"


def _percent(amount: Fraction) -> str:
    return f"{float(amount):.3g}" if amount < 1000 else f"{round(amount):,}"
