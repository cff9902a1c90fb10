"""Every way to name a data set gives the samples that are in it."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from cnnspec.backend.datasets import open_dataset
from cnnspec.diagnostics import DiagnosticError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 4), np.uint8)
LABELS = np.array([3, 1, 4, 1, 5], np.uint8)


def write_idx(path: Path, array: np.ndarray) -> None:
    content = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("ending", ["-idx{}-ubyte", "-idx{}-ubyte.gz", ".idx{}-ubyte", ".idx{}-ubyte.gz"])
def test_mnist_folder_under_any_spelling(tmp_path: Path, ending: str) -> None:
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images{ending.format(3)}", IMAGES)
        write_idx(tmp_path / f"{part}-labels{ending.format(1)}", LABELS)
    data = open_dataset(f"mnist:{tmp_path}")
    for samples in (data.training_part(), data.test_part()):
        np.testing.assert_array_equal(samples.images, IMAGES[:, None])
        np.testing.assert_array_equal(samples.labels, LABELS)
        assert samples.shape == (1, 3, 4)
        assert samples.classes == 6


def test_shipped_digits_are_balanced_and_small() -> None:
    data = open_dataset("digits")
    assert data.training_part().shape == data.test_part().shape == (1, 28, 28)
    assert np.bincount(data.training_part().labels).tolist() == [300] * 10
    assert np.bincount(data.test_part().labels).tolist() == [60] * 10
    folder = Path(open_dataset.__code__.co_filename).parent / "digits"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 700_000


def test_cifar10_binary_records(tmp_path: Path) -> None:
    records = np.random.default_rng(1).integers(0, 10, (4, 3073), np.uint8)
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        records.tofile(tmp_path / f"{name}.bin")
    data = open_dataset(f"cifar10:{tmp_path}")
    assert len(data.training_part()) == 20
    assert data.test_part().shape == (3, 32, 32)
    np.testing.assert_array_equal(data.test_part().labels, records[:, 0])
    np.testing.assert_array_equal(data.test_part().images[2].ravel(), records[2, 1:])
    (tmp_path / "test_batch.bin").write_bytes(bytes(3000))
    with pytest.raises(DiagnosticError, match="no whole number of records"):
        open_dataset(f"cifar10:{tmp_path}")


def test_npz_with_training_and_test_arrays(tmp_path: Path) -> None:
    nhwc = np.random.default_rng(2).integers(0, 256, (5, 8, 9, 3), np.uint8)
    np.savez(tmp_path / "x.npz", x_train=nhwc, y_train=LABELS[:, None], x_test=IMAGES, y_test=LABELS)
    data = open_dataset(f"npz:{tmp_path / 'x.npz'}")
    np.testing.assert_array_equal(data.training_part().images, nhwc.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(data.training_part().labels, LABELS)
    assert data.test_part().shape == (1, 3, 4)


def test_npz_says_its_layout_in_the_name(tmp_path: Path) -> None:
    nchw = np.zeros((5, 8, 9, 3), np.float32)
    np.savez_compressed(tmp_path / "x.npz", images_nchw=nchw, labels=LABELS)
    data = open_dataset(f"npz:{tmp_path / 'x.npz'}")
    assert data.test_part().shape == (8, 9, 3)
    with pytest.raises(DiagnosticError, match="no training samples"):
        data.training_part()


def test_fortran_order_is_understood(tmp_path: Path) -> None:
    images = np.asfortranarray(np.random.default_rng(3).random((5, 6, 7)))
    np.savez(tmp_path / "x.npz", images=images, labels=LABELS)
    np.testing.assert_array_equal(open_dataset(f"npz:{tmp_path / 'x.npz'}").test_part().images[:, 0], images)
