"""ptflops adds hooks on modules (`ptflops/pytorch_ops.py`) and patches of `torch.nn.functional`.

Where a module's forward calls a patched function, both add, so that ReLU, pools and upsampling count twice.
"""

from __future__ import annotations

from cnnspec.analysis.conventions.model import Convention, Rule, Site, Unit
from cnnspec.dims import Dim
from cnnspec.layers import activation, convolution, linear, normalisation, pooling, resampling, transposed

PRODUCTS = Rule(lambda site: site.macs + site.bias, "products, and 1 an element for the bias")
ONCE = Rule(lambda site: site.outputs, "1 an element")
TWICE = Rule(lambda site: 2 * site.outputs, "1 an element, twice: as module and as function")
POOL = Rule(lambda site: 2 * site.inputs, "1 an input element, twice: as module and as function")
SCALED = Rule(lambda site: site.inputs * (2 if site.is_affine else 1), "1 an element, 2 with scale and shift")


def response_norm(site: Site) -> Dim:
    """The products and the average pool that PyTorch's local response normalisation is made of."""
    layer = site.layer(normalisation.LocalResponseNorm)
    channels = site.node.input_shapes[0][0]
    plane = site.inputs // channels
    return 3 * site.inputs + (channels + layer.size - 1) * plane


CONVENTION = Convention(
    tool="ptflops",
    version="0.7.5",
    calls="get_model_complexity_info(net, shape, as_strings=False, backend='pytorch')",
    label="MACs",
    unit=Unit.MACS,
    rules={
        convolution.Conv: PRODUCTS,
        transposed.ConvTranspose: PRODUCTS,
        linear.Linear: PRODUCTS,
        activation.Relu: TWICE,
        activation.PRelu: TWICE,
        activation.Elu: TWICE,
        activation.Gelu: TWICE,
        activation.Relu6: ONCE,
        activation.LeakyRelu: ONCE,
        activation.Silu: ONCE,
        activation.Softmax: ONCE,
        pooling.MaxPool: POOL,
        pooling.AvgPool: POOL,
        pooling.GlobalPool: POOL,
        pooling.AdaptivePool: POOL,
        normalisation.LayerNorm: Rule(lambda site: site.inputs, "1 an element: scale and shift are not seen"),
        normalisation.Normalisation: SCALED,
        normalisation.LocalResponseNorm: Rule(response_norm, "3 an element and those of the padded average"),
        resampling.Upsample: TWICE,
    },
)
