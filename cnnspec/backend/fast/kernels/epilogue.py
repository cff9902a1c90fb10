"""What a kernel does to a sum before it is stored: the layers that are fused with it."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.layout import Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word


@dataclass(frozen=True, slots=True)
class Epilogue:
    """What happens to a sum before it is stored, in this order.

    The bias is its starting value; `addend` is another map added to it; `activation` is applied; and where
    `gate` is given, the result is multiplied by the derivative of `gate_activation` at the outputs found
    there.
    """

    bias: bool = False
    addend: Place | None = None
    activation: Activation | None = None
    gate: Place | None = None
    gate_activation: Activation | None = None

    def apply(
        self, e: Emitter, total: Vector, addend: tuple[Word, int] | None, gate: tuple[Word, int] | None
    ) -> Vector:
        """What is stored for a sum (which has the bias in it); `addend` and `gate` are where theirs lie."""
        if addend:
            total = total + e.load(*addend)
        if self.activation:
            total = self.activation.apply(e, total)
        if gate and self.gate_activation:
            total = total * self.gate_activation.slope(e, e.load(*gate))
        return total
