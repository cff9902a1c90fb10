"""What stands before and after a normalisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnspec.analysis.facts import total
from cnnspec.diagnostics import Help, Label
from cnnspec.dims import product
from cnnspec.graph import Node
from cnnspec.layers.activation import Activation
from cnnspec.layers.convolution import Conv
from cnnspec.layers.dropout import Dropout
from cnnspec.layers.linear import Linear
from cnnspec.layers.merging import Add
from cnnspec.layers.normalisation import BatchNorm, InstanceNorm, Normalisation
from cnnspec.layers.pooling import GlobalPool, WindowPool
from cnnspec.layers.shaping import Identity, Rearrangement
from cnnspec.layers.transposed import ConvTranspose
from cnnspec.lint.finding import Finding, Waste, about, about_two
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule

CENTRING = BatchNorm | InstanceNorm
"""Those that subtract the mean of each channel; the others subtract a mean over several channels."""

WITHOUT_WEIGHTS = Activation | WindowPool | GlobalPool | Identity | Rearrangement


@rule("bias-before-norm")
def bias_before_norm(net: LintedNet) -> Iterator[Finding]:
    """A bias that the normalisation after it subtracts again, wherever its weights are used."""
    centred = _centred(net)
    needed = {node.owner for node in net.graph if node.path not in centred}
    for node in net.graph:
        layer = node.layer
        is_biased = isinstance(layer, Conv | ConvTranspose | Linear) and layer.bias
        if is_biased and not node.frozen and node.owner not in needed:
            yield _useless_bias(net, node, centred[node.path])


def _centred(net: LintedNet) -> dict[str, Node]:
    """The layers of whose output nothing but what normalisations leave of it is seen, with such a one each.

    Identities and sums hand on a bias as it is; a frozen normalisation may go by a mean that is not of these
    data.
    """
    found: dict[str, Node] = {}
    for node in reversed(list(net.graph)):
        readers = () if net.is_output(node.outputs[0]) else net.readers(node.outputs[0])
        norms = [_norm_of(node, reader, found) for reader in readers]
        known = [norm for norm in norms if norm is not None]
        if known and len(known) == len(norms) and len(node.outputs) == 1:
            found[node.path] = known[0]
    return found


def _norm_of(node: Node, reader: Node, centred: Mapping[str, Node]) -> Node | None:
    """The normalisation that takes away what a reader sees of the mean of each channel; None without one."""
    if isinstance(reader.layer, CENTRING):
        return None if reader.frozen else reader
    is_sum = isinstance(reader.layer, Add) and reader.output_shapes[0] == node.output_shapes[0]
    return centred.get(reader.path) if is_sum or isinstance(reader.layer, Identity) else None


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
        norm = _norm_behind(net, node) if isinstance(node.layer, Dropout) and node.layer.p else None
        if norm is not None:
            message = f"this `{node.word}` changes the variance that the `{norm.word}` behind it learns"
            cause = (norm, "its running variance is that of training only")
            note = "at inference nothing is dropped, and the variance is another one"
            way_out = Help("put the dropout behind the last normalisation")
            yield about_two(net, "dropout-before-norm", message, node, cause, help=way_out, notes=(note,))


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
    for node, _ in net.layers(Normalisation):
        before = net.producer(node)
        learned = Conv | ConvTranspose | Linear
        if isinstance(before.layer, Activation) and isinstance(net.producer(before).layer, learned):
            message = f"this `{node.word}` normalises what `{before.word}` has already bent"
            way_out = Help(f"the usual order is layer, `{node.word}`, `{before.word}`")
            cause = (before, "comes first")
            yield about_two(net, "norm-after-activation", message, node, cause, help=way_out)
