"""Which algorithm runs a convolution: a small model of costs whose constants were measured.

The costs are in multiply-adds of vectors, of which a core does two a cycle when nothing else is in the way.
"""

from __future__ import annotations

from math import prod

from cnnspec.backend.kernels.operations import Convolution, Linear, Triple, Window
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.weights import Filters, filters_of

_TRANSFORM_COST = 4.5
"""Vector multiply-adds that pass while one vector of a 6 × 6 tile is transformed and moved."""

_WEIGHT_COST = 20
"""Vector multiply-adds that pass while a vector of weights comes from memory, where few pixels use it."""

_NEAR = 1 << 20
"""Bytes of weights that stay in the second cache."""

_WINOGRAD_BUDGET = 1_500_000
"""Numbers of V and M together that are worked on at a time: some megabytes, in the last cache."""


_WORTH_THREADS = 1_000_000
"""Multiply-adds below which threads would wait for each other longer than they work."""


def threads_worth(plan: Plan, count: int, wanted: int) -> int:
    """How many of the wanted threads a pass over `count` samples is worth."""
    work = 0
    for step in plan.forward:
        if isinstance(step.call.operation, Convolution | Linear):
            filters = filters_of(step.call)
            positions = prod(step.call.output_shapes[0][2:]) * count
            work += positions * filters.out * filters.channels // filters.groups * prod(filters.taps)
    return wanted if work >= _WORTH_THREADS else 1


def winograd_budget() -> int:
    """How many numbers the transformed tiles may take."""
    return _WINOGRAD_BUDGET


def uses_winograd(filters: Filters, window: Window, batch: int, target: Triple, machine: Machine) -> bool:
    """Whether Winograd's tiles are allowed, fit the window, and take less time than direct sums."""
    if machine.math != "fast" or filters.groups != 1:
        return False
    if (window.size, window.stride, window.dilation) != ((1, 3, 3), (1, 1, 1), (1, 1, 1)) or target[0] != 1:
        return False
    if max(window.before) > 2:
        return False
    inner, outer = -(-filters.channels // machine.lanes), -(-filters.out // machine.lanes)
    if filters.channels < machine.lanes or filters.out < machine.lanes:
        return False
    tiles = batch * -(-target[1] // 4) * -(-target[2] // 4)
    products = inner * outer * machine.lanes
    least = _WEIGHT_COST if 36 * products * machine.lanes * machine.bytes > _NEAR else 1
    direct = 9 * products * max(least, batch * target[1] * target[2])
    transformed = 36 * (products * max(least, tiles) + _TRANSFORM_COST * (inner + outer) * tiles)
    return transformed < direct


_PRODUCTS_OF_COLUMNS = 256
"""Vectors of columns add up so many products in one chain at most, as parts of other sums do."""


def uses_columns(filters: Filters, window: Window, target: Triple, machine: Machine) -> bool:
    """Whether vectors are to hold columns of a channel: where output channels fill half of one at most."""
    products = filters.channels * prod(filters.taps)
    fits = filters.groups == 1 and window.stride[2] == 1 and products <= _PRODUCTS_OF_COLUMNS
    return fits and filters.out <= machine.lanes // 2 and target[2] >= machine.lanes
