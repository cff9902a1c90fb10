"""A small vector language over LLVM: what the kernels of the fast backend are written in."""

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.target import Real, Target
from cnnspec.backend.fast.simd.values import Mask, Vector, Word

__all__ = ["Emitter", "Mask", "Real", "Target", "Vector", "Word"]
