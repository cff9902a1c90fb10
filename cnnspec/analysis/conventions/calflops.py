"""calflops patches `torch.nn.functional` and counts a multiply-add as two (`calflops/pytorch_ops.py`).

The `+` and `*` of tensors, sigmoid, tanh, ReLU6 and the hard functions are not patched. Upsampling counts
its input: the factor is computed and dropped. A transposed convolution divides by its groups twice, and its
bias is counted at the size that the opposite convolution would have.
"""

from __future__ import annotations

from cnnspec.analysis.conventions.model import Convention, Rule, Site, Unit
from cnnspec.analysis.conventions.ptflops import response_norm
from cnnspec.dims import Dim, product
from cnnspec.layers import activation, convolution, linear, normalisation, pooling, resampling, transposed

ONCE = Rule(lambda site: site.inputs, "1 an element")
POOL = Rule(lambda site: site.inputs, "1 an input element")
NORM = Rule(
    lambda site: site.inputs * (5 if site.is_affine else 4), "5 an element, 4 without scale and shift"
)


def _transposed(site: Site) -> Dim:
    layer = site.layer(transposed.ConvTranspose)
    shape = site.node.input_shapes[0]
    windows = layer.window(shape)
    share = layer.channels // layer.groups
    products = product(window.kernel for window in windows) * site.inputs * (share // layer.groups)
    sizes = ((window.size_in + 2 * window.before - window.extent) // window.stride + 1 for window in windows)
    return 2 * products + (share * product(sizes) if layer.bias else 0)


CONVENTION = Convention(
    tool="calflops",
    version="0.3.2",
    calls="calculate_flops(net, input_shape=(1, *shape), output_as_string=False)[0]",
    label="FLOPs",
    unit=Unit.FLOPS,
    rules={
        convolution.Conv: Rule(
            lambda site: 2 * site.macs + site.bias, "2 a product, and 1 an element for the bias"
        ),
        transposed.ConvTranspose: Rule(_transposed, "2 a product, divided by the groups twice"),
        linear.Linear: Rule(lambda site: 2 * site.macs, "2 a product; no bias"),
        activation.Relu: ONCE,
        activation.PRelu: ONCE,
        activation.Elu: ONCE,
        activation.LeakyRelu: ONCE,
        activation.Silu: ONCE,
        activation.Gelu: ONCE,
        activation.Softmax: ONCE,
        pooling.MaxPool: POOL,
        pooling.AvgPool: POOL,
        pooling.GlobalPool: POOL,
        pooling.AdaptivePool: POOL,
        normalisation.BatchNorm: Rule(
            lambda site: site.inputs * (2 if site.is_affine else 1), "2 an element, 1 without scale and shift"
        ),
        normalisation.Normalisation: NORM,
        normalisation.LocalResponseNorm: Rule(response_norm, "3 an element and those of the padded average"),
        resampling.Upsample: Rule(lambda site: site.inputs, "1 an input element"),
    },
)
