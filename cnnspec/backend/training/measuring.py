"""Loss and accuracy of a net on samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.classify import batches
from cnnspec.backend.datasets import Samples
from cnnspec.backend.executable import Executable
from cnnspec.backend.preparation import Preparation


@dataclass(slots=True)
class Tally:
    """Sums over the samples seen so far."""

    seen: int = 0
    loss_sum: float = 0.0
    hits: float = 0.0

    def add(self, count: int, loss: float, hits: float) -> None:
        """Count a batch in: its mean loss and how many of its samples were right."""
        self.seen += count
        self.loss_sum += loss * count
        self.hits += hits

    @property
    def loss(self) -> float:
        """The mean loss."""
        return self.loss_sum / self.seen

    @property
    def accuracy(self) -> float:
        """The share of samples that were right (for maps: of positions)."""
        return self.hits / self.seen


def evaluate(executable: Executable, samples: Samples, preparation: Preparation) -> Tally:
    """Loss and accuracy at inference."""
    tally = Tally()
    for chosen in batches(len(samples), executable.plan.batch):
        images = prepared(executable, preparation, samples.images[chosen])
        labels = samples.labels[chosen]
        with executable.lock:
            executable.forward(images, training=False)
            loss, outputs = executable.loss(labels), executable.outputs
        tally.add(len(labels), loss, hits(outputs, labels))
    return tally


def prepared(executable: Executable, preparation: Preparation, images: NDArray[Any]) -> NDArray[Any]:
    """Images as the net's input."""
    plan = executable.plan
    return preparation(images, plan.inputs[0].shape, np.dtype(plan.dtype))


def hits(outputs: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> float:
    """How many samples have their greatest score at their label; of maps, the share of positions counts."""
    scores = next(iter(outputs.values()))
    right = scores.argmax(axis=1) == labels.reshape(len(labels), *scores.shape[2:])
    return float(right.reshape(len(labels), -1).mean(axis=1).sum())
