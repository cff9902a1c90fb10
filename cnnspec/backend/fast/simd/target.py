"""The machine that kernels are emitted for, as plain data: how wide its vectors are and how many it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Real(StrEnum):
    """The floating-point types that kernels compute in."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def bytes(self) -> int:
        """Bytes of one number."""
        return 4 if self is Real.FLOAT32 else 8


@dataclass(frozen=True, slots=True)
class Target:
    """What code generation must know of a processor.

    `features` is LLVM's list (`+avx512f,-sse4a`), `vector_bytes` the width of one register and `registers`
    how many there are.
    """

    cpu: str
    features: str
    vector_bytes: int
    registers: int

    def lanes(self, real: Real) -> int:
        """How many numbers one vector holds: also the channels in one block of a blocked layout."""
        return self.vector_bytes // real.bytes

    @property
    def accumulators(self) -> int:
        """Registers that a micro-kernel may fill with sums, the rest being for its operands."""
        return self.registers - 4


def describe(cpu: str, features: dict[str, bool]) -> Target:
    """The target that a processor's features make: AVX-512, AVX2 with FMA, NEON or 16-byte vectors."""
    listed = ",".join(f"{'+' if present else '-'}{name}" for name, present in sorted(features.items()))
    if features.get("avx512f") and features.get("avx512vl") and features.get("avx512dq"):
        return Target(cpu, listed, 64, 32)
    if features.get("avx2") and features.get("fma"):
        return Target(cpu, listed, 32, 16)
    return Target(cpu, listed, 16, 32 if features.get("neon") else 16)


def without_avx512(target: Target) -> Target:
    """The same processor held back to AVX2: what a machine without AVX-512 would run."""
    kept = [name for name in target.features.split(",") if not name[1:].startswith("avx512")]
    dropped = [f"-{name[1:]}" for name in target.features.split(",") if name[1:].startswith("avx512")]
    return Target("x86-64-v3", ",".join(kept + dropped), 32, 16)
