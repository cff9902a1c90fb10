"""Dropout (Srivastava et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from cnnspec.layers.arguments import PROBABILITY, arg
from cnnspec.layers.base import Layer
from cnnspec.layers.registry import layer


@layer("dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """While training, zero each element with probability `p` and scale the others by 1/(1 − p)."""

    random: ClassVar[bool] = True
    p: Fraction = arg(PROBABILITY, "the probability with which an element is dropped", Fraction(1, 2))
