"""What scheduling must know of the processor, and the user's word on precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cnnspec.backend.fast.simd.target import Real, Target

Math = Literal["exact", "fast"]
"""`exact`: every sum is that of the products the layer's definition names. `fast`: Winograd may be used."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Vectors of `lanes` numbers, register tiles of `accumulators` of them, and the threads that share."""

    lanes: int
    accumulators: int
    bytes: int
    threads: int
    math: Math


def machine_for(target: Target, real: Real, threads: int, math: Math) -> Machine:
    """The machine that a target is for numbers of a type."""
    return Machine(target.lanes(real), target.accumulators, real.bytes, threads, math)
