"""Layers that hold too much, and sizes that fit by chance."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnnspec.diagnostics import Edit, Help, Label
from cnnspec.dims import Dim, Relation, product, render
from cnnspec.graph import Node, Tensor
from cnnspec.layers.borders import Crop
from cnnspec.layers.convolution import Conv
from cnnspec.layers.derivation import grouped
from cnnspec.layers.linear import Linear
from cnnspec.layers.merging import Elementwise
from cnnspec.layers.pooling import WindowPool
from cnnspec.layers.shaping import Flatten
from cnnspec.layers.spatial import axis_name, shape_text
from cnnspec.lint.finding import Finding, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule


@rule("large-head")
def large_head(net: LintedNet) -> Iterator[Finding]:
    """A linear layer on a flattened map that holds most of the parameters."""
    everything = net.analysis.totals.params
    for facts in net.analysis.layers:
        node = facts.node
        if isinstance(node.layer, Linear) and net.certain(
            2 * facts.params, Relation.AT_LEAST, everything + 1
        ):
            flatten = net.producer(node)
            if isinstance(flatten.layer, Flatten) and len(flatten.input_shapes[0]) > 1:
                channels, *spatial = flatten.input_shapes[0]
                if product(spatial) != 1:
                    yield _large(net, node, flatten, facts.params, channels * node.layer.features)


def _large(net: LintedNet, node: Node, flatten: Node, params: Dim, fewer: Dim) -> Finding:
    everything = net.analysis.totals.params
    share = ""
    if isinstance(params, int) and isinstance(everything, int):
        share = f" ({float(Fraction(100 * params, everything)):.0f} %)"
    word = net.places.word(flatten)
    begin = Edit(type(word)(word.source, word.start, word.start), "global_avgpool -> ")
    return about(
        node,
        "large-head",
        f"this `{node.word}` holds {grouped(params)} of the {grouped(everything)} parameters{share}",
        net.places.word(node),
        labels=(Label(word, f"makes a vector of {shape_text(flatten.input_shapes[0])}"),),
        help=Help(
            f"`global_avgpool` before `flatten` would leave it {grouped(fewer)} weights", (begin,)
        ),
    )  # fmt: skip


@rule("activation-budget")
def activation_budget(net: LintedNet) -> Iterator[Finding]:
    """A layer whose output is larger than the configuration allows."""
    budget = net.activation_budget
    if budget is None:
        return
    for facts in net.analysis.layers:
        if facts.node.inputs and net.certain(facts.activation_bytes, Relation.AT_LEAST, budget + 1):
            yield about(
                facts.node,
                "activation-budget",
                f"{shape_text(facts.output)} takes {grouped(facts.activation_bytes)} bytes, "
                f"more than the {grouped(budget)} allowed",
                net.places.word(facts.node),
                help=Help("reduce the map earlier, use fewer channels, or raise `activation-budget`"),
            )


@rule("accidental-broadcast")
def accidental_broadcast(net: LintedNet) -> Iterator[Finding]:
    """An axis that is repeated along another only because windows happen to leave one pixel of it."""
    for node in net.graph:
        if isinstance(node.layer, Elementwise):
            wide = node.output_shapes[0]
            for tensor in node.inputs:
                axis = next((a for a in range(1, len(wide)) if tensor.shape[a] == 1 != wide[a]), None)
                maker = None if axis is None else _made_one(net, tensor, axis)
                if axis is not None and maker is not None:
                    yield _accidental(net, node, maker, axis)
                    break


def _made_one(net: LintedNet, tensor: Tensor, axis: int) -> Node | None:
    """The window or crop that left one pixel of an axis; None where the axis is one pixel by intent."""
    node = net.graph.node(tensor.node)
    while node.inputs and len(node.inputs[0].shape) == len(tensor.shape) and node.inputs[0].shape[axis] == 1:
        node = net.producer(node)
    return node if isinstance(node.layer, Conv | WindowPool | Crop) else None


def _accidental(net: LintedNet, node: Node, maker: Node, axis: int) -> Finding:
    inside = maker.input_shapes[0]
    name = axis_name(len(inside) - 1, axis - 1)
    return about(
        node,
        "accidental-broadcast",
        f"the {name} is repeated only because it happens to be 1 at this size",
        net.places.word(node),
        labels=(Label(net.places.word(maker), f"makes 1 of {render(inside[axis])}, at another size more"),),
        help=Help("to mean every size, make it 1 by `global_avgpool`"),
    )
