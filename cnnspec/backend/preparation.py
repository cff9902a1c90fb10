"""From stored samples to what a net reads: the same steps in training, in testing and in `run`.

1. Bytes 0 … 255 are divided by 255; real numbers stay as they are.
2. An image smaller than the net's input is padded with 0 on all sides, the odd pixel after: MNIST's 28×28
   digits become LeNet-5's 32×32. At most a quarter of the input's size is added along an axis.
3. The mean of the training images is subtracted, and the difference divided by their standard deviation,
   both a number a channel.

The numbers of step 3 are stored in the weights file, so that `run` repeats what training did.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.datasets import Samples, bad_data

METADATA_KEY = "normalisation"
"""Under this name a weights file holds the numbers of step 3."""

_BYTE = 255.0
_WIDEST_MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Preparation:
    """The mean and standard deviation of each channel (after step 1); empty: step 3 is left out."""

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __call__(self, images: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Images `(count, *any)` as the net reads them: `(count, *shape)` of `dtype`."""
        with np.errstate(over="ignore"):  # beyond the greatest float32 is infinity, and the outputs tell
            scaled = images.astype(dtype)
        if images.dtype == np.uint8:
            scaled /= dtype.type(_BYTE)
        fitted = pad_to(scaled, shape)
        if self.mean:
            fitted -= _a_channel(self.mean, fitted)
            fitted /= _a_channel(self.std, fitted)
        return fitted

    def to_json(self) -> str:
        """One line of JSON, for a weights file."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Preparation:
        """The inverse of `to_json`. Raises DiagnosticError (bad-data) for anything else."""
        try:
            values: Any = json.loads(text)
            mean = tuple(float(value) for value in values["mean"])
            std = tuple(float(value) for value in values["std"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise bad_data("the weights file's normalisation is not {mean: [...], std: [...]}") from error
        if len(mean) != len(std) or not np.isfinite((mean, std)).all() or 0 in std:
            raise bad_data("the weights file's normalisation needs a mean and a non-zero deviation a channel")
        return Preparation(mean, std)


def measure(samples: Samples) -> Preparation:
    """The preparation that gives each channel of these samples mean 0 and deviation 1."""
    channels = np.moveaxis(samples.images, 1, 0)
    moments = [_moments(channel) for channel in channels]
    return Preparation(tuple(mean for mean, _ in moments), tuple(std for _, std in moments))


def _moments(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation in float64; a constant channel is only shifted."""
    if values.dtype == np.uint8:
        levels = np.arange(256) / _BYTE
        counts = np.bincount(values.ravel(), minlength=256)
    else:
        levels, counts = values.ravel().astype(np.float64), np.ones(values.size)
    mean = float(np.average(levels, weights=counts))
    std = float(np.sqrt(np.average((levels - mean) ** 2, weights=counts)))
    return mean, std or 1.0


def pad_to(images: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Images padded with zeros to `(count, *shape)`; DiagnosticError (bad-data) where they do not fit."""
    if images.shape[1:] == shape:
        return images
    _must_fit(images.shape[1:], shape)
    margins = [(0, 0), (0, 0)]
    for have, want in zip(images.shape[2:], shape[1:], strict=True):
        margins.append(((want - have) // 2, (want - have + 1) // 2))
    return np.pad(images, margins)


def _must_fit(have: tuple[int, ...], want: tuple[int, ...]) -> None:
    clash = f"the images are {list(have)}, the net reads {list(want)}"
    if len(have) != len(want):
        raise bad_data(f"{clash}: the numbers of axes differ")
    sizes = list(zip(have[1:], want[1:], strict=True))
    is_larger = any(h > w for h, w in sizes)
    is_much_smaller = any(w - h > w * _WIDEST_MARGIN for h, w in sizes)
    if have[:1] != want[:1]:
        taken = have if is_larger or is_much_smaller else (*have[:1], *want[1:])
        raise bad_data(
            f"{clash}: the numbers of channels differ", way_out=f"make the net's input {list(taken)}"
        )
    if is_larger:
        raise bad_data(
            f"{clash}: larger images are not cut", way_out="resize them, or give the net's input that size"
        )
    if is_much_smaller:
        raise bad_data(
            f"{clash}: more than a quarter would be padding",
            way_out="resize them, or give the net's input that size",
        )


def _a_channel(values: tuple[float, ...], images: NDArray[Any]) -> NDArray[Any]:
    """One value a channel, shaped to spread over `(count, channels, *spatial)`."""
    if len(values) != images.shape[1]:
        raise bad_data(f"the normalisation is of {len(values)} channels, the images have {images.shape[1]}")
    return np.array(values, images.dtype).reshape(-1, *(1,) * (images.ndim - 2))
