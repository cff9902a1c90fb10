"""What a unit reads, against which pixels reach it in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from layers.applying import BrokenError, apply, make

from cnnspec.layers import Layer

torch = pytest.importorskip("torch")
fn = torch.nn.functional

Run = Callable[[Any], Any]
"""A linear layer whose weights are positive."""


Pair = tuple[int, int] | None
"""The first and last input index that a unit reads; None where it reads nothing."""


def support(run: Run, shape: tuple[int, ...], axis: int) -> list[Pair]:
    """For each index of the output's spatial axis, the indices of the input that reach it.

    Sample j of the batch is 1 at index j of the axis and 0 elsewhere.
    """
    size = shape[axis + 1]
    images = torch.zeros(size, *shape, dtype=torch.float64)
    for index in range(size):
        images[index].select(axis + 1, index).fill_(1)
    outputs = run(images)
    others = [a for a in range(1, outputs.dim()) if a != axis + 2]
    reached = outputs.sum(others).ne(0)
    found = [reached[:, unit].nonzero().flatten().tolist() for unit in range(reached.shape[1])]
    return [(touched[0], touched[-1]) if touched else None for touched in found]


def hulls(layer: Layer, shape: tuple[int, ...], axis: int) -> list[Pair]:
    """The same from the index map, over the border where it goes over it."""
    applied = apply(layer, shape)
    outside = applied.outputs[0][axis + 1]
    assert isinstance(outside, int)
    index_map = applied.layer.index_map((shape,), 0, axis)
    bounds = [index_map.at(index) for index in range(outside)]
    return [pair if pair[0] <= pair[1] else None for pair in bounds]


def agrees(hull: Pair, reads: Pair, size: int) -> bool:
    """Inside the map the hull is exact; over its border, taps in the padding count for the hull.

    A unit that reads nothing may have the hull of what its neighbours read.
    """
    if hull is None or reads is None:
        return reads is None
    if hull[0] >= 0 and hull[1] < size:
        return hull == reads
    return hull[0] <= reads[0] and reads[1] <= hull[1]


def window_cases() -> Iterator[tuple[Layer, int, Run]]:
    for kernel, stride, pad, dilation in product([1, 2, 3, 5], [1, 2, 3], [0, 1, 2], [1, 2]):
        weight = torch.ones(1, 1, kernel, dtype=torch.float64)
        layer = make("conv", 1, kernel, stride=stride, pad=pad, dilation=dilation)
        for size in (5, 12):
            yield (
                layer,
                size,
                lambda x, w=weight, s=stride, p=pad, d=dilation: fn.conv1d(x, w, None, s, p, d),
            )
        if pad <= kernel // 2 and dilation == 1:
            pool = make("avgpool", kernel, stride=stride, pad=pad, ceil=True)
            yield pool, 13, lambda x, k=kernel, s=stride, p=pad: fn.avg_pool1d(x, k, s, p, ceil_mode=True)


def transposed_cases() -> Iterator[tuple[Layer, int, Run]]:
    for kernel, stride, pad, dilation in product([1, 2, 3, 4, 5], [1, 2, 3, 4, 6], [0, 1, 2], [1, 2, 3, 4]):
        weight = torch.ones(1, 1, kernel, dtype=torch.float64)
        layer = make("conv_transpose", 1, kernel, stride=stride, pad=pad, dilation=dilation)
        yield (
            layer,
            6,
            lambda x, w=weight, s=stride, p=pad, d=dilation: fn.conv_transpose1d(
                x, w, None, s, p, dilation=d
            ),
        )


def resizing_cases() -> Iterator[tuple[Layer, int, Run]]:
    for size, factor in product([1, 2, 5, 6], [1, 2, 3, 4]):
        yield make("upsample", factor), size, lambda x, r=factor: fn.interpolate(x, scale_factor=r)
        for align in (False, True):
            layer = make("upsample", factor, mode="linear", align_corners=align)
            yield (
                layer,
                size,
                lambda x, r=factor, a=align: fn.interpolate(
                    x, scale_factor=r, mode="linear", align_corners=a
                ),
            )
    for size, result in product([1, 4, 7, 9], [1, 2, 3, 5, 8, 9, 14]):
        yield make("upsample", size=result), size, lambda x, n=result: fn.interpolate(x, n)
        yield (
            make("upsample", size=result, mode="linear"),
            size,
            lambda x, n=result: fn.interpolate(x, n, mode="linear"),
        )
        yield make("adaptive_avgpool", result), size, lambda x, n=result: fn.adaptive_avg_pool1d(x, n)


def other_cases() -> Iterator[tuple[Layer, int, Run]]:
    yield make("global_avgpool"), 7, lambda x: x.mean(2, keepdim=True)
    yield make("crop", ((2, 1),)), 9, lambda x: fn.pad(x, (-2, -1))
    yield make("pad", ((2, 1),)), 9, lambda x: fn.pad(x, (2, 1))
    yield make("relu"), 5, lambda x: x.relu()
    yield make("scale"), 5, lambda x: x * 3
    yield make("bn"), 5, lambda x: x * 2


CASES = [*window_cases(), *transposed_cases(), *resizing_cases(), *other_cases()]


def test_what_a_unit_reads() -> None:
    compared = 0
    for layer, size, run in CASES:
        try:
            ours = hulls(layer, (1, size), 0)
        except BrokenError:
            continue
        reads = support(run, (1, size), 0)
        assert all(map(agrees, ours, reads, [size] * len(reads))), (layer, size, ours, reads)
        compared += 1
    assert compared > 450


def test_upsampling_to_an_odd_size_is_read_exactly() -> None:
    layer = make("upsample", size=11)
    assert hulls(layer, (1, 4), 0) == support(lambda x: fn.interpolate(x, 11), (1, 4), 0)


def test_a_stride_wider_than_the_window_leaves_units_that_read_nothing() -> None:
    ours = hulls(make("conv_transpose", 1, 2, stride=4), (1, 3), 0)
    assert ours == [(0, 0), (0, 0), None, None, (1, 1), (1, 1), None, None, (2, 2), (2, 2)]


def test_what_reads_units_that_read_nothing_has_the_overlap_of_its_neighbours() -> None:
    """A 1×1 convolution of such units, and a 3×3 one that sees their neighbours."""
    gaps = make("conv_transpose", 1, 1, stride=4).index_map(((1, 3),), 0, 0)
    before = make("conv", 1, 3, pad=1).index_map(((1, 3),), 0, 0)
    point = make("conv", 1, 1).index_map(((1, 9),), 0, 0)
    wide = make("conv", 1, 3, pad=1).index_map(((1, 9),), 0, 0)
    assert [point.then(gaps).then(before).at(i) for i in range(5)] == [
        (-1, 1),
        (0, 1),
        (0, 1),
        (0, 1),
        (0, 2),
    ]
    assert [wide.then(gaps).then(before).at(i) for i in (3, 4, 5)] == [(0, 2), (0, 2), (0, 2)]


def test_every_axis_has_its_own_map() -> None:
    layer = make("conv", 1, (3, 5), stride=(2, 1), pad=((1, 0), (2, 2)))
    weight = torch.ones(1, 1, 3, 5, dtype=torch.float64)
    for axis, size in ((0, 9), (1, 7)):
        ours = hulls(layer, (1, 9, 7), axis)
        reads = support(lambda x: fn.conv2d(fn.pad(x, (2, 2, 1, 0)), weight, stride=(2, 1)), (1, 9, 7), axis)
        assert all(map(agrees, ours, reads, [size] * len(reads)))


def test_pixel_shuffle() -> None:
    layer = make("pixel_shuffle", 3)
    for axis in (0, 1):
        expected = support(lambda x: torch.pixel_shuffle(x, 3), (9, 2, 3), axis)
        assert hulls(layer, (9, 2, 3), axis) == expected


def test_pixel_unshuffle() -> None:
    layer = make("pixel_unshuffle", 3)
    for axis in (0, 1):
        expected = support(lambda x: torch.pixel_unshuffle(x, 3), (2, 6, 9), axis)
        assert hulls(layer, (2, 6, 9), axis) == expected


@pytest.mark.parametrize("word", ["flatten", "permute", "reshape", "squeeze", "global_maxpool"])
def test_what_is_not_read_in_place_is_read_as_a_whole(word: str) -> None:
    arguments = {"permute": ((0, 2, 1),), "reshape": ((4, 18),)}
    layer = make(word, *arguments.get(word, ()))
    shape = (6, 4, 3) if word != "squeeze" else (6, 1, 3)
    assert layer.index_map((shape,), 0, 0).at(1) == (0, shape[1] - 1)


def test_axes_that_stay_in_place_are_read_in_place() -> None:
    assert make("permute", (0, 1, 2)).index_map(((6, 4, 3),), 0, 1).at(2) == (2, 2)
    assert make("reshape", (3, 2, 4, 3)).index_map(((6, 4, 3),), 0, 0).at(2) == (0, 3)
    assert make("squeeze").index_map(((6, 4, 1),), 0, 0).at(2) == (2, 2)
    assert make("split", 2).index_map(((6, 4, 3),), 0, 0).at(2) == (2, 2)


def test_each_part_of_a_split_is_read_from_where_it_starts() -> None:
    layer, shapes = make("split", (3, 1, 4), "height"), ((6, 8, 3),)
    parts = [layer.making(output, shapes) for output in range(3)]
    assert [part.index_map(shapes, 0, 0).at(0) for part in parts] == [(0, 0), (3, 3), (4, 4)]
    assert [part.index_map(shapes, 0, 1).at(2) for part in parts] == [(2, 2)] * 3


def test_concatenation_along_space_reads_from_where_each_input_starts() -> None:
    layer = make("concat", "height")
    shapes = ((2, 4, 3), (2, 5, 3))
    assert layer.index_map(shapes, 0, 0).at(6) == (6, 6)
    assert layer.index_map(shapes, 1, 0).at(6) == (2, 2)
    assert layer.index_map(shapes, 1, 1).at(2) == (2, 2)


def test_what_is_repeated_is_read_everywhere() -> None:
    layer = make("mul")
    shapes = ((2, 4, 3), (2, 1, 1))
    assert layer.index_map(shapes, 1, 0).at(3) == (0, 0)
    assert layer.index_map(shapes, 0, 0).at(3) == (3, 3)
