"""Why the receptive field of a layer is what it is: the recurrence with the numbers put in.

A window of extent e over a map whose units see r pixels, j apart, sees r + (e − 1)·j, and its own units are
j·s apart (Araujo et al. 2019, "Computing receptive fields of convolutional neural networks").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.analysis.receptive_field import AxisField, slope_of
from cnnspec.dims import Dim, render
from cnnspec.layers.base import Derivation
from cnnspec.layers.spatial import axis_name


def derive_field(analysis: Analysis, facts: LayerFacts) -> list[Derivation]:
    """The steps for every axis, those of all axes together where they are the same."""
    axes = facts.field.axes if facts.node.inputs else ()
    steps = [list(_derive_axis(analysis, facts, axis)) for axis in range(len(axes))]
    if steps and all(other == steps[0] for other in steps):
        return steps[0]
    return [
        Derivation(f"{step.what} ({axis_name(len(axes), axis)})", step.formula, step.numbers, step.value)
        for axis, of_axis in enumerate(steps)
        for step in of_axis
    ]


def _derive_axis(analysis: Analysis, facts: LayerFacts, axis: int) -> Iterator[Derivation]:
    field = facts.field.axes[axis]
    before = [_field_before(analysis, tensor.node, axis) for tensor in facts.node.inputs]
    known = [entry for entry in before if entry is not None]
    if field.is_global:
        yield Derivation("receptive field", "the whole input", "", render(field.size))
    elif len(before) == 1 and known:
        yield from _through_one(facts, axis, known[0], field)
    else:
        yield from _through_branches(known, field)


def _field_before(analysis: Analysis, path: str, axis: int) -> AxisField | None:
    axes = analysis.by_path[path].field.axes
    return axes[axis] if axis < len(axes) else None


def _through_one(facts: LayerFacts, axis: int, before: AxisField, field: AxisField) -> Iterator[Derivation]:
    if field == before:
        yield Derivation("receptive field", "unchanged", "", render(field.size))
        return
    moved = facts.node.layer.index_map(facts.node.input_shapes, 0, axis)
    size, extent, pace, step = before.size, moved.size, before.stride, slope_of(moved)
    numbers = ""
    if isinstance(size, int) and isinstance(extent, int) and pace is not None:
        explained = size + (extent - 1) * pace == field.size
        numbers = f"{size} + ({extent} − 1)·{_factor(pace)}" if explained else ""
    yield Derivation("receptive field", "r + (e − 1)·j" if numbers else "", numbers, render(field.size))
    if pace is not None and step is not None and field.stride == pace * step:
        yield Derivation("stride", "j·s", f"{_factor(pace)}·{_factor(step)}", str(field.stride))


def _through_branches(before: Sequence[AxisField], field: AxisField) -> Iterator[Derivation]:
    sizes = list(dict.fromkeys(render(axis.size) for axis in before))
    if len(sizes) > 1:
        yield Derivation("receptive field", "of all branches", ", ".join(sizes), render(field.size))
    else:
        yield Derivation("receptive field", "of all branches", "", render(field.size))
    if field.smallest != field.size:
        yield Derivation("smallest field", "of one branch", "", render(field.smallest))


def _factor(value: Dim | Fraction) -> str:
    if isinstance(value, Fraction):
        return str(value) if value.denominator == 1 else f"({value})"
    return render(value)
