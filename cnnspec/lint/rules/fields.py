"""What receptive fields tell: layers that cannot see more, and branches that look at different places."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm

from cnnspec.analysis.facts import LayerFacts, total
from cnnspec.analysis.receptive_field import AxisField
from cnnspec.diagnostics import Help, Label
from cnnspec.dims import INDEX, IndexMap, OneSymbol, Relation, symbols_of
from cnnspec.graph import Node
from cnnspec.layers.convolution import Conv
from cnnspec.layers.derivation import grouped
from cnnspec.layers.merging import Concat, Elementwise
from cnnspec.layers.spatial import axis_name
from cnnspec.layers.window import per_axis
from cnnspec.lint.finding import Finding, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule

LONGEST_PERIOD = 256
"""Fields that repeat after more units are not compared."""

Centres = dict[tuple[str, int], tuple[Fraction, Fraction]]
"""For an input of the net and an axis: the mean centre and the mean end of the fields of some units."""


@rule("unproductive-layers")
def unproductive_layers(net: LintedNet) -> Iterator[Finding]:
    """Convolutions whose input already sees the whole image through windows (Richter et al. 2021)."""
    idle = [facts for facts in net.analysis.layers if _is_unproductive(net, facts)]
    if idle:
        node = idle[0].node
        macs = grouped(total(facts.macs for facts in idle))
        count = f"{len(idle)} convolutions have" if len(idle) > 1 else "one convolution has"
        yield about(
            node,
            "unproductive-layers",
            f"what flows into `{node.path}` sees the whole input already: from here on {count} nothing new "
            "to look at",
            net.places.word(node),
            notes=(f"they take {macs} of {grouped(net.analysis.totals.macs)} MACs",),
            help=Help("a larger input, or fewer or smaller kernels, may do more with less"),
        )


def _is_unproductive(net: LintedNet, facts: LayerFacts) -> bool:
    node = facts.node
    if not facts.at_inference or not isinstance(node.layer, Conv) or len(node.input_shapes[0]) == 1:
        return False
    axes = net.analysis.field_of(node.inputs[0]).axes
    widens = any(size != 1 for size in per_axis(node.layer.kernel, len(node.input_shapes[0]) - 1))
    return widens and bool(axes) and all(_sees_all(net, axis) for axis in axes)


def _sees_all(net: LintedNet, axis: AxisField) -> bool:
    return not axis.is_global and net.certain(axis.size, Relation.AT_LEAST, axis.extent)


# --- merges -------------------------------------------------------------------------------------------------


@rule("misaligned-merge")
def misaligned_merge(net: LintedNet) -> Iterator[Finding]:
    """Branches that meet although the same pixel of each looks at different places of the input."""
    for node in net.graph:
        is_merge = isinstance(node.layer, Elementwise) or node.layer == Concat()
        if is_merge and len({tensor.node for tensor in node.inputs}) > 1:
            centres = [_centres(net.analysis.by_path[tensor.node], node) for tensor in node.inputs]
            for other in range(1, len(centres)):
                shift = _shift(centres[0], centres[other])
                if shift is not None:
                    yield _misaligned(net, node, other, *shift)
                    break


def _centres(facts: LayerFacts, merge: Node) -> Centres:
    """Those along the axes that the branch shares with the result: not where it is repeated."""
    found: Centres = {}
    for name, axes in facts.field.by_input.items():
        for axis, field in enumerate(axes):
            shared = facts.output[axis + 1 : axis + 2] == merge.output_shapes[0][axis + 1 : axis + 2]
            place = _centre(field) if shared else None
            if place is not None:
                found[name, axis] = place
    return found


def _centre(field: AxisField) -> tuple[Fraction, Fraction] | None:
    """Means over the units of one period; None for fields that are the whole axis or depend on symbols."""
    hulls = [branches.widest for slope, branches in field.by_slope if slope]
    bounds = [bound for hull in hulls for bound in (hull.lo, hull.hi)]
    if not hulls or any(symbols_of(bound) - {INDEX} for bound in bounds):
        return None
    period = lcm(*(bound.function.period for bound in bounds if isinstance(bound, OneSymbol)))
    if period > LONGEST_PERIOD:
        return None
    ends = [_hull(hulls, unit) for unit in range(period)]
    low, high = (Fraction(sum(side), period) for side in zip(*ends, strict=True))
    # Means over different periods are compared: take away how far the units themselves move.
    slope = max(slope for slope, _ in field.by_slope if slope)
    moved = slope * Fraction(period - 1, 2)
    return (low + high) / 2 - moved, high - moved


def _hull(hulls: list[IndexMap], unit: int) -> tuple[int, int]:
    places = [hull.at(unit) for hull in hulls]
    return min(low for low, _ in places), max(high for _, high in places)


def _shift(first: Centres, second: Centres) -> tuple[int, Fraction] | None:
    """The axis and how far the centres are apart, where it is half a pixel or more.

    Fields that end at the same pixel belong together however long they are: both look back only.
    """
    for key in (key for key in first if key in second):
        (centre, end), (other_centre, other_end) = first[key], second[key]
        if abs(centre - other_centre) >= Fraction(1, 2) and end != other_end:
            return key[1], abs(centre - other_centre)
    return None


def _misaligned(net: LintedNet, node: Node, port: int, axis: int, shift: Fraction) -> Finding:
    name = axis_name(len(node.output_shapes[0]) - 1, axis)
    makers = [net.graph.node(node.inputs[index].node) for index in (0, port)]
    return about(
        node,
        "misaligned-merge",
        f"the branches look at places of the input that are {float(shift):g} pixels apart along the {name}",
        net.places.word(node),
        labels=tuple(Label(net.places.word(maker), f"`{maker.path}` comes from here") for maker in makers),
        notes=("the same unit of both is about different pixels",),
        help=Help("pad both branches alike before and after: a number instead of `same` at stride 2"),
    )
