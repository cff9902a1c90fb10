"""Where data comes from: `digits`, `mnist:FOLDER`, `cifar10:FOLDER`, `npz:FILE`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.datasets.arrays import read_npz
from cnnspec.backend.datasets.idx import read_idx
from cnnspec.backend.datasets.samples import Dataset, Images, Labels, Samples, bad_data
from cnnspec.diagnostics.legible import clip, legible
from cnnspec.diagnostics.refusals import reason, require_file
from cnnspec.diagnostics.suggest import nearest

FORMS = {
    "digits": "a small part of MNIST that comes with cnnspec: 3,000 digits to learn, 600 to test",
    "mnist:FOLDER": "the four IDX files of MNIST (or Fashion-MNIST, …), gzipped or not",
    "cifar10:FOLDER": "the binary version of CIFAR-10: data_batch_1.bin … data_batch_5.bin, test_batch.bin",
    "npz:FILE": "NumPy arrays x_train, y_train, x_test, y_test; or images, labels (used as test samples)",
}
"""Every way to name a data set, with what it means."""

_SHIPPED = Path(__file__).parent / "digits"


def open_dataset(text: str) -> Dataset:
    """Read the data set that a text such as `mnist:~/data/mnist` names. Raises DiagnosticError (bad-data)."""
    kind, colon, place = text.partition(":")
    if kind == "digits" and not colon:
        return _mnist("digits", _SHIPPED)
    if kind not in _READERS or not place:
        raise bad_data(f"`{clip(legible(text), 40)}` names no data set", way_out=_meant(kind))
    return _READERS[kind](text, Path(place).expanduser())


def _meant(kind: str) -> str:
    """The form whose kind was probably meant; else all of them."""
    forms = {form.partition(":")[0]: form for form in FORMS}
    close = nearest(kind, forms)
    return (
        f"did you mean `{forms[close]}`?" if close else f"write {' or '.join(f'`{form}`' for form in FORMS)}"
    )


def _mnist(name: str, folder: Path) -> Dataset:
    return Dataset(name, train=_idx_pair(folder, "train"), test=_idx_pair(folder, "t10k"))


def _idx_pair(folder: Path, part: str) -> Samples:
    images = read_idx(_idx_file(folder, f"{part}-images", 3), rank=3)
    labels = read_idx(_idx_file(folder, f"{part}-labels", 1), rank=1)
    return Samples(images[:, np.newaxis], labels.astype(np.int64))


def _idx_file(folder: Path, stem: str, rank: int) -> Path:
    """The file under any of the names it is spread under."""
    names = [f"{stem}{dot}idx{rank}-ubyte{suffix}" for dot in "-." for suffix in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise bad_data(f"{folder} has no {names[0]} (nor {names[1]})")


_RECORD = 1 + 3 * 32 * 32


def _cifar10(name: str, folder: Path) -> Dataset:
    train = [_records(folder / f"data_batch_{k}.bin") for k in range(1, 6)]
    return Dataset(
        name,
        train=_split_records(np.concatenate(train)),
        test=_split_records(_records(folder / "test_batch.bin")),
    )


def _records(path: Path) -> NDArray[np.uint8]:
    """One row a sample: its label, then red, green and blue."""
    try:
        require_file(path)
        flat = np.fromfile(path, np.uint8)
    except OSError as error:
        raise bad_data(f"cannot read {path}: {reason(error)}") from error
    if not flat.size or flat.size % _RECORD:
        raise bad_data(f"{path} has {flat.size:,} bytes, which is no whole number of records of {_RECORD:,}")
    return flat.reshape(-1, _RECORD)


def _split_records(records: NDArray[np.uint8]) -> Samples:
    return Samples(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64))


def _npz(name: str, path: Path) -> Dataset:
    arrays = read_npz(path)
    train = _npz_part(arrays, path, "x_train", "y_train")
    test = _npz_part(arrays, path, "x_test", "y_test") or _npz_part(arrays, path, "images", "labels")
    if train is None and test is None:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise bad_data(
            f"{path} holds {found}",
            way_out="name the arrays x_train, y_train, x_test, y_test or images, labels",
        )
    return Dataset(name, train, test)


def _npz_part(arrays: dict[str, NDArray[Any]], path: Path, images: str, labels: str) -> Samples | None:
    """The samples under two names. The images' name may end in their layout, as in `images_u8_nhwc`."""
    name = next((name for name in arrays if name == images or name.startswith(f"{images}_")), None)
    if name is None:
        return None
    if labels not in arrays:
        raise bad_data(f"{path} holds {name} without {labels}")
    for array in (name, labels):
        if not arrays[array].ndim:
            raise bad_data(f"{array} in {path} is a single number")
    return Samples(_channels_first(arrays[name], name), _label_numbers(arrays[labels], labels))


def _channels_first(images: Images, name: str) -> Images:
    """Grey images get their one channel; a last axis of 1 to 4 is channels unless the name says otherwise."""
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise bad_data(f"{name} holds {images.dtype} elements; images are bytes (uint8) or real numbers")
    if images.ndim == 3:
        return images[:, np.newaxis]
    last = images.ndim == 4 and images.shape[-1] in (1, 2, 3, 4) and images.shape[1] > 4
    if name.endswith("_nhwc") or (last and not name.endswith("_nchw")):
        return np.ascontiguousarray(np.moveaxis(images, -1, 1))
    return images


def _label_numbers(labels: NDArray[Any], name: str) -> Labels:
    """Labels one a sample, also where they are written as a column."""
    if labels.dtype.kind not in "ui":
        raise bad_data(f"{name} holds {labels.dtype} elements; labels are whole numbers")
    return (labels.ravel() if labels.size == len(labels) else labels).astype(np.int64)


_READERS: dict[str, Callable[[str, Path], Dataset]] = {"mnist": _mnist, "cifar10": _cifar10, "npz": _npz}
