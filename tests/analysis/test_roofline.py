"""Device lines, traffic and the roof over a layer."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec import pipeline
from cnnspec.analysis.roofline import (
    Bound,
    Device,
    DeviceError,
    bytes_of,
    intensity,
    parse_device,
    roof,
    traffic,
)
from cnnspec.dims import symbol


@pytest.mark.parametrize(
    "text",
    [
        "peak=4TF bw=50GB/s",
        "bw=50GB/s peak=4TF",
        "peak=4TFLOP/s, bandwidth=50GB",
        "PEAK = 4 TFLOPS ; BW = 50 GB/s",
        "peak=4e12 bw=5e10",
        "peak=4000GF/s,bw=50000MB/s",
        "peak=4.0T bw=0.05T",
        "  peak=4 Tops bw=50 Gbyte/s\n".replace("Gbyte", "GByte"),
    ],
)
def test_a_device_is_read_however_it_is_written(text: str) -> None:
    assert parse_device(text) == Device(Fraction(4 * 10**12), Fraction(50 * 10**9))


def test_binary_prefixes() -> None:
    assert parse_device("peak=1 bw=3GiB/s").bandwidth == 3 * 2**30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`peak` is missing"),
        ("peak=4TF", "`bw` is missing"),
        ("bw=1", "`peak` is missing"),
        ("peak=4TF bw=50GB/s cores=8", "`cores` is not known"),
        ("peak=4TF peak=5TF bw=1", "`peak` is given twice"),
        ("bw=1 bandwidth=2 peak=1", "`bw` is given twice"),
        ("peak=0 bw=1", "`peak` must be greater than 0"),
        ("peak=-4TF bw=1", "cannot be read"),
        ("peak=fast bw=1", "cannot be read"),
        ("peak=4TW bw=1", "cannot be read"),
        ("peak=4TF bw=50Gb/s", "in bits"),
        ("peak bw", "cannot be read"),
        ("=4", "cannot be read"),
        ("peak=4TF bw=" + "9" * 500, "cannot be read"),
        ("peak=1e999999999 bw=1", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str) -> None:
    with pytest.raises(DeviceError, match=said):
        parse_device(text)


@given(st.text(alphabet="peakbw=0123456789.eE+-TGMKi/s ,;\n\0é", max_size=60))
def test_nothing_else_ever_happens(text: str) -> None:
    try:
        device = parse_device(text)
    except DeviceError:
        return
    assert device.peak > 0
    assert device.bandwidth > 0


def test_a_layer_below_the_ridge_is_bound_by_memory() -> None:
    device = parse_device("peak=100 bw=10")
    assert device.ridge == 10
    slow = roof(1000, 200, device)
    fast = roof(1000, 50, device)
    assert slow is not None
    assert fast is not None
    assert (slow.seconds, slow.bound) == (20, Bound.MEMORY)
    assert (fast.seconds, fast.bound) == (10, Bound.COMPUTE)
    assert roof(symbol("H"), 1, device) is None
    assert intensity(1000, 200) == 5
    assert intensity(1000, 0) is None
    assert intensity(1000, symbol("H")) is None


def test_every_tensor_moves_once() -> None:
    spec = pipeline.load_text("net n:\n    input x: [3, 8, 8]\n    conv(4, 3)\n    output it + it\n").spec
    assert spec is not None
    graph = pipeline.elaborate(spec).graph
    assert graph is not None
    conv, add = pipeline.analyse(graph).layers[1:]
    assert traffic(conv, 1, 32) == 4 * (3 * 64 + 4 * 36 + 4 * 27 + 4)
    assert traffic(conv, 10, 16) == 2 * (10 * (3 * 64 + 4 * 36) + 4 * 27 + 4)
    assert traffic(add, 1, 8) == 3 * 4 * 36


def test_odd_bits_round_up() -> None:
    assert [bytes_of(elements, 4) for elements in range(4)] == [0, 1, 1, 2]
