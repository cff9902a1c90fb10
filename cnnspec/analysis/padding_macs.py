"""Multiply-accumulates that fall on padding, and so multiply by zero (or, transposed, are cut off).

Along one axis, tap t of window i reads input s·i − p + d·t. The taps inside the map are counted exactly, one
quotient a tap; over several axes a product is inside where each of its taps is, so that the counts multiply.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.analysis.facts import LayerFacts
from cnnspec.dims import Dim, Relation, ceil_div, decide, maximum, minimum, product, sum_of
from cnnspec.layers.convolution import Conv
from cnnspec.layers.transposed import ConvTranspose
from cnnspec.layers.window import AxisWindow

MOST_TAPS = 100_000
"""The longest window whose taps are counted one by one."""


def padding_macs(facts: LayerFacts, at_least: Mapping[str, int] | None = None) -> Dim | None:
    """Those of a layer's multiply-accumulates whose input lies in the padding.

    `at_least` are the least values of free symbols, which make formulas shorter. None where the count is not
    known: the size of the window itself is a formula, or very large.
    """
    layer = facts.node.layer
    if not isinstance(layer, Conv | ConvTranspose):
        return 0
    windows = layer.window(facts.node.input_shapes[0])
    if isinstance(layer, ConvTranspose):
        windows = tuple(_adjoint(window) for window in windows)
    inside = [taps_inside(window, at_least) for window in windows]
    if any(taps is None for taps in inside):
        return None
    everything = product(window.size_out * window.kernel for window in windows)
    # Every tap of every window is multiplied by as many weights as the others.
    share = facts.macs // everything if everything != 0 else 0
    return facts.macs - share * product(taps for taps in inside if taps is not None)


def taps_inside(window: AxisWindow, at_least: Mapping[str, int] | None = None) -> Dim | None:
    """How many taps of all windows along an axis lie inside the map: all of them, where nothing is padded."""
    if not isinstance(window.kernel, int) or window.kernel > MOST_TAPS:
        return None
    if window.before == 0 and window.after == 0:
        return window.size_out * window.kernel
    return sum_of(_windows_inside(window, tap, at_least) for tap in range(window.kernel))


def _windows_inside(window: AxisWindow, tap: int, at_least: Mapping[str, int] | None) -> Dim:
    """For how many windows i the tap is inside: 0 ≤ s·i − p + d·t ≤ n − 1 and 0 ≤ i < windows."""
    shift = window.before - window.dilation * tap
    first = maximum(ceil_div(shift, window.stride), 0)
    end = minimum((window.size_in - 1 + shift) // window.stride + 1, window.size_out)
    some = decide(end, Relation.AT_LEAST, first, at_least)
    return end - first if some else maximum(end - first, 0)


def _adjoint(window: AxisWindow) -> AxisWindow:
    """The window of the convolution that a transposed one is the adjoint of: from the output to the input."""
    return AxisWindow(
        window.kernel,
        window.stride,
        window.dilation,
        window.before,
        window.after,
        size_in=window.size_out,
        size_out=window.size_in,
    )
