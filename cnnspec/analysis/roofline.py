"""Arithmetic intensity, and what bounds a layer on a device (Williams, Waterman & Patterson 2009).

A layer moves its inputs, weights and outputs once and computes its operations; the slower of the two sets
the least time it takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from cnnspec.analysis.facts import LayerFacts
from cnnspec.dims import Dim, product, sum_of

_PREFIXES = "kMGTPE"
_ENTRY = re.compile(r"\s*([A-Za-z]+)\s*=\s*([^\s=,;]+(?:\s+[A-Za-z/]+(?![A-Za-z/]|\s*=))?)\s*(?:[,;]|\s|$)")
_QUANTITY = re.compile(r"(\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?)\s*([kKMGTPE]?)(i?)([A-Za-z/]*)")
_OPERATIONS = ("", "F", "FLOP", "FLOPS", "FLOP/S", "F/S", "OP", "OPS", "OP/S")
_BYTES = ("", "B", "B/S", "BPS", "BYTE/S", "BYTES/S")
_NAMES = {"peak": "peak", "bw": "bw", "bandwidth": "bw"}
EXAMPLE = "peak=4TF bw=50GB/s"
_EXAMPLES = {"peak": "peak=4TF", "bw": "bw=50GB/s"}


class DeviceError(ValueError):
    """A device line cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Device:
    """The most operations and the most bytes a second."""

    peak: Fraction
    bandwidth: Fraction

    @property
    def ridge(self) -> Fraction:
        """The intensity, in operations a byte, from which on operations are the bound."""
        return self.peak / self.bandwidth


class Bound(StrEnum):
    """What sets the time of a layer."""

    COMPUTE = "compute"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Roof:
    """The least time of a layer in seconds, and what sets it."""

    seconds: Fraction
    bound: Bound


def parse_device(text: str) -> Device:
    """Read `peak=4TF bw=50GB/s`, in any order, with commas or spaces between. Raises DeviceError.

    Units may be left out or written at length: `peak=4 TFLOP/s, bandwidth=50 GiB/s`.
    """
    given: dict[str, Fraction] = {}
    position = 0
    while text[position:].strip():
        entry = _ENTRY.match(text, position)
        if entry is None:
            raise DeviceError(f"`{text[position:].strip()[:40]}` cannot be read; write it as `{EXAMPLE}`")
        name = _NAMES.get(entry[1].lower())
        if name is None:
            raise DeviceError(f"`{entry[1][:40]}` is not known: a device has `peak` and `bw`")
        if name in given:
            raise DeviceError(f"`{name}` is given twice")
        given[name] = _quantity(name, entry[2])
        position = entry.end()
    for name, example in _EXAMPLES.items():
        if name not in given:
            raise DeviceError(f"`{name}` is missing, such as `{example}`")
    return Device(given["peak"], given["bw"])


def _quantity(name: str, text: str) -> Fraction:
    match = _QUANTITY.fullmatch(text)
    units = _OPERATIONS if name == "peak" else _BYTES
    if match is None or match[4].upper() not in units:
        raise DeviceError(f"`{name}={text[:40]}` cannot be read; write it as `{_EXAMPLES[name]}`")
    if match[4].startswith("b"):
        raise DeviceError(f"`{name}={text[:40]}` is in bits; give bytes, such as `{_EXAMPLES[name]}`")
    power = _PREFIXES.upper().index(match[2].upper()) + 1 if match[2] else 0
    value = Fraction(match[1]) * (1024 if match[3] else 1000) ** power
    if value == 0:
        raise DeviceError(f"`{name}` must be greater than 0")
    return value


def bytes_of(elements: Dim, bits: int) -> Dim:
    """Bytes that hold so many numbers of so many bits, rounded up."""
    return -(-(elements * bits) // 8)


def traffic(facts: LayerFacts, batch: Dim, bits: int) -> Dim:
    """Bytes a layer reads and writes for a batch, each tensor once: inputs, weights, outputs."""
    node = facts.node
    inside = sum_of(product(shape) for shape in node.input_shapes)
    weights = sum_of(product(weight.shape) for weight in node.weights)
    return bytes_of((inside + facts.elements) * batch + weights, bits)


def intensity(flops: Dim, moved: Dim) -> Fraction | None:
    """Operations a byte; None for formulas and where nothing moves."""
    return Fraction(flops, moved) if isinstance(flops, int) and isinstance(moved, int) and moved else None


def roof(flops: Dim, moved: Dim, device: Device) -> Roof | None:
    """The least time of so much work on a device; None for formulas."""
    if not isinstance(flops, int) or not isinstance(moved, int):
        return None
    computing, moving = flops / device.peak, moved / device.bandwidth
    bound = Bound.COMPUTE if computing > moving else Bound.MEMORY
    return Roof(Fraction(max(computing, moving)), bound)
