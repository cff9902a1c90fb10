"""What training reports as it goes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchDone:
    """The state after a batch. `loss` and `accuracy` are means over the epoch so far; epochs count from 1."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    rate: float
    images_per_second: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """The state after an epoch. `test_…` are None where the data has no test samples."""

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    images_per_second: float


Progress = BatchDone | EpochDone
