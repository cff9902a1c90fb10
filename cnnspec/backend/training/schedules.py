"""How the learning rate changes. Time counts epochs: 1.5 is half way through the second."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """The same rate throughout."""

    start: float

    def rate(self, time: float, epochs: float) -> float:
        """The rate at a time, in a run of so many epochs."""
        del time, epochs
        return self.start


@dataclass(frozen=True, slots=True)
class Step:
    """The rate is multiplied by `factor` after every `every` epochs."""

    start: float
    every: float = 10.0
    factor: float = 0.1

    def rate(self, time: float, epochs: float) -> float:
        """The rate at a time, in a run of so many epochs."""
        del epochs
        return self.start * self.factor ** math.floor(time / self.every)


@dataclass(frozen=True, slots=True)
class Cosine:
    """Half a cosine from `start` down to `end` (Loshchilov and Hutter 2017, without restarts)."""

    start: float
    end: float = 0.0

    def rate(self, time: float, epochs: float) -> float:
        """The rate at a time, in a run of so many epochs."""
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * time / epochs)) / 2


Schedule = Constant | Step | Cosine
