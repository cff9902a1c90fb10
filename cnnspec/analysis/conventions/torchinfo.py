"""torchinfo multiplies parameters by positions (`torchinfo/layer_info.py`).

For modules with `Conv` in their name every weight and bias counts at every output position, for all others
once. So a batch normalisation costs its two parameters a channel, and a transposed convolution stride² times
what it computes.
"""

from __future__ import annotations

from cnnspec.analysis.conventions.model import Convention, Rule, Site, Unit
from cnnspec.dims import Dim, product, sum_of
from cnnspec.layers import activation, convolution, linear, normalisation, transposed
from cnnspec.layers.base import WeightKind


def _parameters(site: Site) -> Dim:
    weights = (weight for weight in site.node.weights if weight.kind is WeightKind.PARAMETER)
    return sum_of(product(weight.shape) for weight in weights)


def _at_positions(site: Site) -> Dim:
    return _parameters(site) * product(site.node.output_shapes[0][1:])


AT_POSITIONS = Rule(_at_positions, "parameters, biases too, times output positions")
ONCE = Rule(_parameters, "its parameters, once")

CONVENTION = Convention(
    tool="torchinfo",
    version="1.8.0",
    calls="summary(net, input_data=x).total_mult_adds",
    label="mult-adds",
    unit=Unit.MACS,
    rules={
        convolution.Conv: AT_POSITIONS,
        transposed.ConvTranspose: AT_POSITIONS,
        linear.Linear: ONCE,
        activation.PRelu: ONCE,
        normalisation.Normalisation: ONCE,
    },
)
