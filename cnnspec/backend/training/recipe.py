"""How a net is to be trained: all choices in one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnnspec.backend.training.optimisers import Optimiser, Sgd
from cnnspec.backend.training.schedules import Cosine, Schedule


@dataclass(frozen=True, slots=True)
class Recipe:
    """Epochs, update rule, learning rate over time, and the seed of the order in which samples come."""

    epochs: int = 10
    optimiser: Optimiser = field(default_factory=Sgd)
    schedule: Schedule = field(default_factory=lambda: Cosine(0.05))
    seed: int = 0
