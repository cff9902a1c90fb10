"""Labelled samples in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help

Images = NDArray[Any]
Labels = NDArray[np.int64]


def bad_data(message: str, *notes: str, way_out: str | None = None) -> DiagnosticError:
    """The error for data that cannot be used."""
    return DiagnosticError(
        Diagnostic("bad-data", message, notes=notes, help=Help(way_out) if way_out else None)
    )


@dataclass(frozen=True)
class Samples:
    """Images `(count, channels, *spatial)`, as bytes 0 … 255 or as numbers, and their labels `(count,)`."""

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def __post_init__(self) -> None:
        if self.images.ndim < 2 or len(self.images) != len(self.labels):
            images = f"{len(self.images)} images of shape {list(self.shape)}"
            raise bad_data(f"{images} do not go with {len(self.labels)} labels")
        if self.images.dtype.kind == "f" and not np.isfinite(self.images).all():
            raise bad_data("the images hold values that are not finite (NaN or infinity)")
        if self.labels.size and self.labels.min() < 0:
            raise bad_data(f"labels are class numbers from 0 on, not {self.labels.min()}")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image."""
        return self.images.shape[1:]

    @property
    def classes(self) -> int:
        """One more than the largest label."""
        return int(self.labels.max()) + 1 if len(self) else 0


@dataclass(frozen=True)
class Dataset:
    """What a data source holds; either part may be missing (a file of test images only)."""

    name: str
    train: Samples | None
    test: Samples | None

    def training_part(self) -> Samples:
        """The samples to learn from (DiagnosticError where there are none)."""
        if self.train is None or not len(self.train):
            raise bad_data(f"{self.name} has no training samples")
        return self.train

    def test_part(self) -> Samples:
        """The samples to measure accuracy on (DiagnosticError where there are none)."""
        if self.test is None or not len(self.test):
            raise bad_data(f"{self.name} has no test samples")
        return self.test
