"""What stands before and after a normalisation."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.facts import total
from cnnspec.diagnostics import Help, Label
from cnnspec.dims import product
from cnnspec.graph import Node
from cnnspec.layers.activation import Activation
from cnnspec.layers.convolution import Conv
from cnnspec.layers.dropout import Dropout
from cnnspec.layers.linear import Linear
from cnnspec.layers.normalisation import BatchNorm, InstanceNorm, Normalisation
from cnnspec.layers.pooling import GlobalPool, WindowPool
from cnnspec.layers.shaping import Identity, Rearrangement
from cnnspec.layers.transposed import ConvTranspose
from cnnspec.lint.finding import Finding, Waste, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule

CENTRING = BatchNorm | InstanceNorm
"""Those that subtract the mean of each channel; the others subtract a mean over several channels."""

WITHOUT_WEIGHTS = Activation | WindowPool | GlobalPool | Identity | Rearrangement


@rule("bias-before-norm")
def bias_before_norm(net: LintedNet) -> Iterator[Finding]:
    """A bias that the normalisation after it subtracts again."""
    for node in net.graph:
        layer = node.layer
        if isinstance(layer, Conv | ConvTranspose | Linear) and layer.bias and not node.frozen:
            readers = net.readers(node.outputs[0])
            centred = bool(readers) and all(isinstance(reader.layer, CENTRING) for reader in readers)
            if centred and not net.is_output(node.outputs[0]):
                yield _useless_bias(net, node, readers[0])


def _useless_bias(net: LintedNet, node: Node, norm: Node) -> Finding:
    owned = [product(w.shape) for w in node.weights if w.name == "bias" and node.owns_weights]
    return about(
        node,
        "bias-before-norm",
        f"the bias of this `{node.word}` is cancelled by the `{norm.word}` behind it",
        net.places.value(node, "bias"),
        labels=(Label(net.places.word(norm), "subtracts the mean of each channel, and the bias with it"),),
        help=Help("leave it out: `bias=false`", net.places.setting(node, "bias", "false"), safe=True),
        waste=Waste(total(owned), "parameters are trained for nothing"),
    )


@rule("dropout-before-norm")
def dropout_before_norm(net: LintedNet) -> Iterator[Finding]:
    """Dropout whose noise a batch normalisation takes for the variance of the data."""
    for node in net.graph:
        if isinstance(node.layer, Dropout) and node.layer.p:
            norm = _norm_behind(net, node)
            if norm is not None:
                yield about(
                    node,
                    "dropout-before-norm",
                    f"this `{node.word}` changes the variance that the `{norm.word}` behind it learns",
                    net.places.word(node),
                    labels=(Label(net.places.word(norm), "its running variance is that of training only"),),
                    notes=("at inference nothing is dropped, and the variance is another one",),
                    help=Help("put the dropout behind the last normalisation"),
                )


def _norm_behind(net: LintedNet, node: Node) -> Node | None:
    """The batch normalisation that is reached through layers without weights."""
    while len(readers := net.readers(node.outputs[0])) == 1:
        node = readers[0]
        if isinstance(node.layer, BatchNorm):
            return node
        if not isinstance(node.layer, WITHOUT_WEIGHTS):
            return None
    return None


@rule("norm-after-activation")
def norm_after_activation(net: LintedNet) -> Iterator[Finding]:
    """A normalisation of what an activation has already bent."""
    for node in net.graph:
        if isinstance(node.layer, Normalisation) and isinstance(net.producer(node).layer, Activation):
            before = net.producer(node)
            if isinstance(net.producer(before).layer, Conv | ConvTranspose | Linear):
                yield about(
                    node,
                    "norm-after-activation",
                    f"this `{node.word}` normalises what `{before.word}` has already bent",
                    net.places.word(node),
                    labels=(Label(net.places.word(before), "comes first"),),
                    help=Help(f"the usual order is layer, `{node.word}`, `{before.word}`"),
                )
