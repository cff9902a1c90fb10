"""thop adds hooks on modules (`thop/vision/basic_hooks.py`, `calc_func.py`).

A transposed convolution is counted like a convolution, at every output element, which is stride² times what
it computes.
"""

from __future__ import annotations

from cnnspec.analysis.conventions.model import Convention, Rule, Site, Unit
from cnnspec.dims import Dim, product
from cnnspec.layers import activation, convolution, linear, normalisation, pooling, resampling, transposed
from cnnspec.layers.window import per_axis

PRODUCTS = Rule(lambda site: site.macs, "products; no bias")
NORM = Rule(lambda site: site.inputs * (4 if site.is_affine else 2), "2 an element, 4 with scale and shift")
ADAPTIVE = Rule(lambda site: site.inputs + site.outputs, "1 an input and 1 an output element")
_UPSAMPLING = {(1, False): 5, (2, False): 11, (1, True): 1, (2, True): 1, (3, True): 1}
"""Operations an output element, by the spatial axes and whether it is nearest; trilinear is not known."""


def _transposed(site: Site) -> Dim:
    layer = site.layer(transposed.ConvTranspose)
    taps = product(per_axis(layer.kernel, site.rank))
    return site.outputs * (site.node.input_shapes[0][0] // layer.groups) * taps


def _softmax(site: Site) -> Dim:
    channels = site.node.input_shapes[0][0]
    return site.inputs // channels * (3 * channels - 1)


def _upsample(site: Site) -> Dim:
    layer = site.layer(resampling.Upsample)
    return site.outputs * _UPSAMPLING.get((site.rank, layer.mode == "nearest"), 0)


CONVENTION = Convention(
    tool="thop",
    version="0.1.1.post2209072238",
    calls="profile(net, inputs=(x,))[0]",
    label="MACs",
    unit=Unit.MACS,
    rules={
        convolution.Conv: PRODUCTS,
        transposed.ConvTranspose: Rule(_transposed, "products as if at every output element"),
        linear.Linear: PRODUCTS,
        activation.PRelu: Rule(lambda site: site.inputs, "1 an element"),
        activation.Softmax: Rule(_softmax, "3 an element, less 1 a position"),
        pooling.AvgPool: Rule(lambda site: site.outputs, "1 an output element"),
        pooling.GlobalAvgPool: ADAPTIVE,
        pooling.AdaptiveAvgPool: ADAPTIVE,
        normalisation.GroupNorm: Rule(lambda _: 0, "not counted"),
        normalisation.Normalisation: NORM,
        resampling.Upsample: Rule(_upsample, "1 an output element, 5 where linear, 11 bilinear"),
    },
)
