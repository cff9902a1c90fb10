"""fvcore counts a fused multiply-add as one FLOP, from the traced operators (`fvcore/nn/jit_handles.py`).

Biases, activations, window pools, additions and softmax are no operators of its table; adaptive pools and
upsampling are in two dimensions only.
"""

from __future__ import annotations

from cnnspec.analysis.conventions.model import Convention, Rule, Site, Unit
from cnnspec.dims import Dim
from cnnspec.layers import convolution, linear, normalisation, pooling, resampling, transposed

PRODUCTS = Rule(lambda site: site.macs, "products; no bias")


def _in_two_dimensions(count: Dim, site: Site) -> Dim:
    return count if site.rank == 2 else 0


def _upsample(site: Site) -> Dim:
    nearest = site.layer(resampling.Upsample).mode == "nearest"
    return _in_two_dimensions(site.outputs * (1 if nearest else 4), site)


CONVENTION = Convention(
    tool="fvcore",
    version="0.1.5.post20221221",
    calls="FlopCountAnalysis(net.eval(), x).total()",
    label="FLOPs",
    unit=Unit.MACS,
    rules={
        convolution.Conv: PRODUCTS,
        transposed.ConvTranspose: PRODUCTS,
        linear.Linear: PRODUCTS,
        normalisation.BatchNorm: Rule(
            lambda site: site.inputs * (2 if site.is_affine else 1), "2 an element, 1 without scale and shift"
        ),
        normalisation.InstanceNorm: Rule(
            lambda site: site.inputs * (5 if site.is_affine else 4), "5 an element, 4 without scale and shift"
        ),
        normalisation.Normalisation: Rule(
            lambda site: site.inputs * (5 if site.is_affine else 4), "5 an element, 4 without scale and shift"
        ),
        pooling.GlobalAvgPool: Rule(
            lambda site: _in_two_dimensions(site.inputs, site), "1 an input element, in 2-D only"
        ),
        pooling.AdaptiveAvgPool: Rule(
            lambda site: _in_two_dimensions(site.inputs, site), "1 an input element, in 2-D only"
        ),
        resampling.Upsample: Rule(_upsample, "1 an output element, 4 where bilinear; in 2-D only"),
    },
)
