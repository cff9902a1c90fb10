"""Activations one after the other, and softmax where it does not belong."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Help
from cnnspec.graph import Node
from cnnspec.layers.activation import (
    Activation,
    Hardsigmoid,
    OverChannels,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    Softplus,
)
from cnnspec.layers.convolution import Conv
from cnnspec.layers.dropout import Dropout
from cnnspec.layers.linear import Linear
from cnnspec.layers.merging import Hypot
from cnnspec.layers.normalisation import Normalisation
from cnnspec.layers.pooling import MaxPool
from cnnspec.layers.shaping import Identity, Rearrangement
from cnnspec.layers.transposed import ConvTranspose
from cnnspec.lint.finding import Finding, about, about_two
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule

NEVER_NEGATIVE = Relu | Relu6 | Sigmoid | Hardsigmoid | Softplus | Softmax | Hypot
AT_MOST_ONE = Relu6 | Sigmoid | Hardsigmoid | Softmax
"""Never negative and never above 6."""

PASSING = Identity | Dropout | Rearrangement
"""They move elements or drop some, and change no other."""

LEARNING = Conv | ConvTranspose | Linear | Normalisation | Activation


@rule("double-activation")
def double_activation(net: LintedNet) -> Iterator[Finding]:
    """An activation of an activation, with nothing learned between them."""
    for node, _ in net.layers(Activation | OverChannels):
        before = _behind(net, node)
        if _changes_nothing(node, before):
            yield _without_effect(net, node, before)
        elif isinstance(net.producer(node).layer, Activation):
            yield _doubled(net, node, net.producer(node))


def _behind(net: LintedNet, node: Node) -> Node:
    """The layer before, through those that only move elements; before a `relu` also through maximum pools."""
    passing = PASSING | MaxPool if isinstance(node.layer, Relu | Relu6) else PASSING
    before = net.producer(node)
    while isinstance(before.layer, passing):
        before = net.producer(before)
    return before


def _changes_nothing(node: Node, before: Node) -> bool:
    if isinstance(node.layer, Relu):
        return isinstance(before.layer, NEVER_NEGATIVE)
    return isinstance(node.layer, Relu6) and isinstance(before.layer, AT_MOST_ONE)


def _without_effect(net: LintedNet, node: Node, before: Node) -> Finding:
    return about_two(
        net,
        "double-activation",
        f"this `{node.word}` changes nothing: what comes from `{before.word}` is already as it makes it",
        node,
        (before, "gives nothing negative"),
        help=Help("leave it out", net.places.removal(node), safe=True),
    )


def _doubled(net: LintedNet, node: Node, before: Node) -> Finding:
    cut = isinstance(node.layer, OverChannels)
    message = (
        f"`{before.word}` bends the scores before the `{node.word}`"
        if cut
        else f"`{node.word}` of `{before.word}`: two activations with nothing learned between them"
    )
    spare, other = (before, node) if cut else (node, before)
    way_out = Help(f"leave `{spare.word}` out", net.places.removal(spare))
    return about_two(net, "double-activation", message, spare, (other, "the other activation"), help=way_out)


@rule("softmax-twice")
def softmax_twice(net: LintedNet) -> Iterator[Finding]:
    """Probabilities of probabilities."""
    for node, _ in net.layers(OverChannels):
        before = _behind(net, node)
        if isinstance(before.layer, OverChannels):
            message = f"`{node.word}` of `{before.word}`: what lies between 0 and 1 it can hardly tell apart"
            way_out = Help("leave it out", net.places.removal(node))
            yield about_two(
                net, "softmax-twice", message, node, (before, "makes the probabilities"), help=way_out
            )


@rule("softmax-inside")
def softmax_inside(net: LintedNet) -> Iterator[Finding]:
    """A softmax whose probabilities a layer takes for features. As a gate, times a map, it is right."""
    for node, _ in net.layers(OverChannels):
        reader = next((r for r in _ahead(net, node) if isinstance(r.layer, LEARNING)), None)
        if reader is not None:
            message = f"this `{node.word}` stands inside the net: `{reader.word}` reads its probabilities"
            way_out = Help("use another activation here, and softmax only at the output")
            note = "they sum to 1, which leaves little to tell and small gradients"
            cause = (reader, "reads them")
            yield about_two(net, "softmax-inside", message, node, cause, help=way_out, notes=(note,))


def _ahead(net: LintedNet, node: Node) -> Iterator[Node]:
    """The layers that read what a layer makes, through those that only move elements."""
    waiting = [*net.readers(node.outputs[0])]
    while waiting:
        reader = waiting.pop()
        if isinstance(reader.layer, PASSING):
            waiting += net.readers(reader.outputs[0])
        else:
            yield reader


@rule("softmax-output")
def softmax_output(net: LintedNet) -> Iterator[Finding]:
    """An output of probabilities, where training wants the scores."""
    for node, _ in net.layers(OverChannels):
        if net.is_output(node.outputs[0]):
            yield about(
                node,
                "softmax-output",
                f"the output is a `{node.word}`, but the cross-entropy of training applies one itself",
                net.places.word(node),
                help=Help("leave the scores as the output", net.places.removal(node)),
            )
