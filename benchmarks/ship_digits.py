"""Make the small part of MNIST that ships with the package, from the whole of it.

    python benchmarks/ship_digits.py FOLDER_OF_MNIST

The first 300 training and the first 60 test images of every digit, in their order in the files. The result
depends on nothing else, byte for byte, so that anyone can make it again.
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

import numpy as np

from cnnspec.backend.datasets import Samples, open_dataset

TARGET = Path(__file__).parents[1] / "cnnspec/backend/datasets/digits"


def first_of_each_digit(samples: Samples, count: int) -> np.ndarray:
    """The positions of the first `count` samples of every class, ascending."""
    return np.sort(np.concatenate([np.flatnonzero(samples.labels == digit)[:count] for digit in range(10)]))


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write unsigned bytes as gzipped IDX, without a time stamp."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes(), 9, mtime=0))
    print(f"{path.name}: {array.shape}, {path.stat().st_size:,} bytes")


def main(folder: str) -> None:
    """Write the four files."""
    mnist = open_dataset(f"mnist:{folder}")
    for part, samples, count in (("train", mnist.training_part(), 300), ("t10k", mnist.test_part(), 60)):
        chosen = first_of_each_digit(samples, count)
        write_idx(TARGET / f"{part}-images-idx3-ubyte.gz", samples.images[chosen, 0])
        write_idx(TARGET / f"{part}-labels-idx1-ubyte.gz", samples.labels[chosen])


if __name__ == "__main__":
    main(sys.argv[1])
