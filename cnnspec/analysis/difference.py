"""What changed from one net to another: layers added, removed and changed, and every total."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.analysis.matching import match
from cnnspec.dims import Dim


@dataclass(frozen=True, slots=True)
class Changed:
    """A layer in both nets that is not the same: its arguments, shape or costs differ."""

    before: LayerFacts
    after: LayerFacts

    @property
    def is_edited(self) -> bool:
        """Whether the layer itself was changed; else only its sizes follow from a change elsewhere."""
        return (
            self.before.node.layer != self.after.node.layer
            or self.before.node.frozen != self.after.node.frozen
        )


@dataclass(frozen=True, slots=True)
class TotalChange:
    """A total before and after."""

    name: str
    before: Dim
    after: Dim

    @property
    def difference(self) -> Dim:
        """After minus before."""
        return self.after - self.before


@dataclass(frozen=True)
class Difference:
    """All that changed. `moved` are layers that only have another path."""

    removed: tuple[LayerFacts, ...]
    added: tuple[LayerFacts, ...]
    changed: tuple[Changed, ...]
    unchanged: int
    totals: tuple[TotalChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two nets are the same layer by layer."""
        return not (self.removed or self.added or self.changed)


def difference(before: Analysis, after: Analysis) -> Difference:
    """Compare two nets layer by layer."""
    matching = match(before.graph, after.graph)
    changed: list[Changed] = []
    for old_path, new_path in matching.pairs.items():
        pair = Changed(before.by_path[old_path], after.by_path[new_path])
        if pair.is_edited or _numbers(pair.before) != _numbers(pair.after):
            changed.append(pair)
    return Difference(
        removed=tuple(before.by_path[path] for path in matching.removed),
        added=tuple(after.by_path[path] for path in matching.added),
        changed=tuple(changed),
        unchanged=len(matching.pairs) - len(changed),
        totals=tuple(_totals(before, after)),
    )


def _numbers(facts: LayerFacts) -> tuple[object, ...]:
    return facts.node.output_shapes, facts.params, facts.macs


def _totals(before: Analysis, after: Analysis) -> list[TotalChange]:
    old, new = before.totals, after.totals
    return [
        TotalChange("parameters", old.params, new.params),
        TotalChange("trainable", old.trainable, new.trainable),
        TotalChange("buffers", old.buffers, new.buffers),
        TotalChange("MACs", old.macs, new.macs),
        TotalChange("FLOPs", old.flops.total, new.flops.total),
        TotalChange("activations", old.elements, new.elements),
        TotalChange("depth", old.depth, new.depth),
    ]
