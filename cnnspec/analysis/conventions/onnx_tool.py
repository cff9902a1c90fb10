"""onnx-tool counts the operators of an ONNX file (`onnx_tool/node.py`), as PyTorch exports the net.

The export folds a batch normalisation into the convolution before it, which so gets a bias. Divisions count
4, exponentials 32, logarithms 43, square roots 24 and arctangents 64 operations. An angle is exported as the
arctangent of a quotient, with two comparisons and two sums for its quadrant; a length not at all. A
transposed convolution counts at every output element, with the out channels of a group for its in channels.
"""

from __future__ import annotations

from cnnspec.analysis.conventions.model import Convention, Rule, Site, Unit
from cnnspec.dims import Dim, product, sum_of
from cnnspec.graph import Node
from cnnspec.layers import (
    activation,
    convolution,
    linear,
    merging,
    normalisation,
    pooling,
    resampling,
    scaling,
    transposed,
)
from cnnspec.layers.window import per_axis

DIVIDE, EXPONENTIAL, LOGARITHM, ROOT, ARCTANGENT = 4, 32, 43, 24, 64
TANH = 2 * (EXPONENTIAL + 2 + DIVIDE)
SOFTPLUS = EXPONENTIAL + 1 + LOGARITHM


def _an_element(operations: int, says: str = "") -> Rule:
    return Rule(lambda site: operations * site.outputs, says or f"{operations} an element")


def _folded(site: Site) -> Node | None:
    """The batch normalisation that is folded into a convolution."""
    readers = site.graph.consumers(site.node.outputs[0])
    match readers:
        case [(Node(layer=normalisation.BatchNorm()) as reader, _)] if not _is_output(site):
            return reader
        case _:
            return None


def _is_output(site: Site) -> bool:
    return any(output.tensor == site.node.outputs[0] for output in site.graph.outputs)


def _convolution(site: Site) -> Dim:
    return site.macs + (site.outputs if _folded(site) else site.bias)


def _transposed(site: Site) -> Dim:
    layer = site.layer(transposed.ConvTranspose)
    taps = product(per_axis(layer.kernel, site.rank)) * (layer.channels // layer.groups)
    return site.outputs * taps + (site.outputs if _folded(site) else site.bias)


def _batch_norm(site: Site) -> Dim:
    maker = site.graph.node(site.node.inputs[0].node)
    before = Site(maker, site.graph)
    folds = isinstance(maker.layer, convolution.Conv | transposed.ConvTranspose)
    return 0 if folds and _folded(before) is site.node else site.inputs * (1 + ROOT + DIVIDE + 1 + 1)


def _layer_norm(site: Site) -> Dim:
    return site.inputs * 7 + site.inputs // site.node.input_shapes[0][0] * (1 + ROOT + DIVIDE)


def _window_pool(site: Site) -> Dim:
    """One operation an element of a window of the first two axes."""
    layer = site.layer(pooling.WindowPool)
    kernel = per_axis(layer.kernel, site.rank)
    return site.outputs * (product(kernel) if site.rank == 2 else kernel[0])


def _adaptive_pool(site: Site) -> Dim:
    """Exported as a window pool where the sizes divide, and not at all where they do not."""
    inside, outside = site.node.input_shapes[0][1:], site.node.output_shapes[0][1:]
    return site.outputs * product(size // bins for size, bins in zip(inside, outside, strict=True))


def _angle(site: Site) -> Dim:
    """Each operand is compared with 0 at its own elements, which may be fewer than those of the result."""
    compared = sum_of(map(product, site.node.input_shapes))
    return site.outputs * (DIVIDE + ARCTANGENT + 2) + compared


def _upsample(site: Site) -> Dim:
    nearest = site.layer(resampling.Upsample).mode == "nearest"
    return 0 if nearest else 4 * site.outputs


POOL = Rule(_window_pool, "1 an element of a window (of three axes: of the first alone)")

CONVENTION = Convention(
    tool="onnx-tool",
    version="1.0.1",
    calls="Model(file).graph.profile() of torch.onnx.export(net.eval(), x, file, dynamo=False)",
    label="MACs",
    unit=Unit.MACS,
    rules={
        convolution.Conv: Rule(
            _convolution, "products, and 1 an element for the bias, its own or a folded bn's"
        ),
        transposed.ConvTranspose: Rule(_transposed, "products as if at every output element, and the bias"),
        linear.Linear: Rule(lambda site: site.macs + site.bias, "products, and 1 an element for the bias"),
        merging.Add: _an_element(1),
        merging.Mul: _an_element(1),
        merging.Atan2: Rule(_angle, "70 an element, and 1 an element of each operand"),
        merging.Hypot: Rule(lambda _: 0, "not exported"),
        scaling.Times: _an_element(1),
        activation.Relu: _an_element(1),
        activation.Relu6: _an_element(2),
        activation.LeakyRelu: _an_element(2),
        activation.PRelu: _an_element(2),
        activation.Elu: _an_element(1 + EXPONENTIAL + 2),
        activation.Gelu: _an_element(DIVIDE + 3),
        activation.Silu: _an_element(EXPONENTIAL + 1),
        activation.Sigmoid: _an_element(EXPONENTIAL),
        activation.Hardsigmoid: _an_element(4),
        activation.Hardswish: _an_element(5),
        activation.Tanh: _an_element(TANH),
        activation.Softplus: _an_element(SOFTPLUS),
        activation.Mish: _an_element(SOFTPLUS + TANH + 1),
        activation.Softmax: _an_element(EXPONENTIAL + DIVIDE),
        activation.LogSoftmax: _an_element(EXPONENTIAL + DIVIDE + 1 + LOGARITHM),
        pooling.WindowPool: POOL,
        pooling.GlobalAvgPool: Rule(
            lambda site: site.inputs + DIVIDE * site.outputs, "1 an input, 4 an output element"
        ),
        pooling.GlobalMaxPool: Rule(lambda site: site.inputs, "1 an input element"),
        pooling.AdaptivePool: Rule(_adaptive_pool, "1 an element of a bin"),
        normalisation.BatchNorm: Rule(_batch_norm, "31 an element where it follows no convolution"),
        normalisation.InstanceNorm: _an_element(DIVIDE + 3),
        normalisation.GroupNorm: _an_element(DIVIDE + 5),
        normalisation.LayerNorm: Rule(_layer_norm, "7 an element and 29 a position"),
        resampling.Upsample: Rule(_upsample, "4 an output element where linear, 0 where nearest"),
    },
)
