"""Files that are damaged or lie about themselves are a diagnostic, never a crash or a full memory."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.backend.datasets import open_dataset, read_npy, read_npz
from cnnspec.backend.datasets.idx import read_idx
from cnnspec.diagnostics import DiagnosticError


def idx(*shape: int, elements: bytes = b"", kind: int = 8) -> bytes:
    return struct.pack(f">4B{len(shape)}I", 0, 0, kind, len(shape), *shape) + elements


def npy(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npy_header(text: str) -> bytes:
    header = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def problem(read: Callable[[], object]) -> str:
    with pytest.raises(DiagnosticError) as caught:
        read()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "bad-data"
    return diagnostic.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an IDX file: it begins with nothing"),
        (b"\x89PNG", "not an IDX file: it begins with 89 50 4e 47"),
        (idx(2, 2, kind=13), "elements of type 0x0d"),
        (idx(4, elements=bytes(4)), "rank 1, rank 2 is needed"),
        (idx(2, 2)[:-1], "cut short inside its header"),
        (idx(2, 3, elements=bytes(5)), "its header announces 2×3 = 6 bytes, 5 are there"),
        (idx(2, 3, elements=bytes(7)), "more bytes than the 2×3"),
        (idx(0, 3), "announces 0×3 bytes"),
        (idx(2**32 - 1, 2**32 - 1), "1 to 1,073,741,824 can be read"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_idx_that_is_not_as_it_says(tmp_path: Path, content: bytes, says: str, zipped: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if zipped else content)
    assert says in problem(lambda: read_idx(path, rank=2))


def test_damaged_gzip(tmp_path: Path) -> None:
    good = gzip.compress(idx(100, 100, elements=np.random.default_rng(0).bytes(10_000)))
    for name, content in (
        ("cut", good[:-9]),
        ("flipped", good[:200] + b"\xff" + good[201:]),
        ("head", good[:3]),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert "cut short or damaged" in problem(lambda path=path: read_idx(path, rank=2))


def test_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(idx(10, 10) + bytes(20_000_000)))
    tracemalloc.start()
    assert "more bytes than the 10×10" in problem(lambda: read_idx(path, rank=2))
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_missing_files(tmp_path: Path) -> None:
    assert "has no train-images-idx3-ubyte" in problem(lambda: open_dataset(f"mnist:{tmp_path}"))
    assert "data_batch_1.bin: no such file" in problem(lambda: open_dataset(f"cifar10:{tmp_path}"))
    assert "no such file" in problem(lambda: open_dataset(f"npz:{tmp_path / 'none.npz'}"))
    for text in ("", "mnist", "mnist:", "imagenet:/data", "digits:"):
        assert "names no data set" in problem(lambda text=text: open_dataset(text))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("digts", "did you mean `digits`?"),
        ("mnist", "did you mean `mnist:FOLDER`?"),
        ("cifar:x", "did you mean `cifar10:FOLDER`?"),
        ("imagenet:/data", "write `digits` or `mnist:FOLDER` or `cifar10:FOLDER` or `npz:FILE`"),
    ],
)
def test_the_data_set_that_was_meant_is_named(text: str, advice: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        open_dataset(text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help is not None
    assert diagnostic.help.text == advice


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a usable .npy file"),
        (b"\x93NUMPY\x07\x00", "format version 7.0"),
        (npy(np.array([{}], dtype=object), allow_pickle=True), "object elements"),
        (npy(np.array(["a"])), "only plain numbers"),
        (npy(np.zeros(3, np.complex64)), "only plain numbers"),
        (npy(np.zeros(9))[:-1], "cut short: its header announces 72 bytes"),
        (npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"), "cut short"),
        (npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), "cut short"),
        (npy_header("{'descr': __import__('os'), 'fortran_order': False, 'shape': (), }"), "not a usable"),
        (npy_header("{" * 118), "not a usable .npy file"),
    ],
)
def test_npy_that_cannot_be_read(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    assert says in problem(lambda: read_npy(path))


def test_npz_with_a_pickle_inside(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, images=np.array([print], dtype=object))
    assert "images.npy) holds object" in problem(lambda: read_npz(path))


def test_npz_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.backend.datasets.arrays._MOST_BYTES", 30_000_000)
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.zeros(20_000_000, np.uint8), b=np.zeros(20_000_000, np.uint8))
    assert path.stat().st_size < 50_000
    tracemalloc.start()
    assert "unpacks to 40,000,256 bytes; at most 30,000,000" in problem(lambda: read_npz(path))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"a": np.zeros(3)}, "holds a"),
        ({"images": np.zeros((2, 4, 4), np.uint8)}, "holds images without labels"),
        ({"images": np.zeros((2, 4, 4), np.uint8), "labels": np.zeros(3, int)}, "do not go with 3 labels"),
        ({"images": np.zeros((2, 4, 4), np.uint8), "labels": np.array([0, -1])}, "not -1"),
        ({"images": np.zeros((2, 4, 4), np.uint8), "labels": np.zeros(2)}, "labels are whole numbers"),
        (
            {"images": np.zeros((2, 4, 4), np.int64), "labels": np.zeros(2, int)},
            "images are bytes (uint8) or real",
        ),
        ({"images": np.full((2, 4, 4), np.nan), "labels": np.zeros(2, int)}, "not finite"),
        ({"images": np.zeros(()), "labels": np.zeros(2, int)}, "is a single number"),
        ({"images": np.zeros((2, 4, 4)), "labels": np.zeros((), int)}, "is a single number"),
        ({"images": np.zeros(2), "labels": np.zeros(2, int)}, "of shape [] do not go with"),
    ],
)
def test_npz_that_is_no_data_set(tmp_path: Path, arrays: dict[str, np.ndarray], says: str) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    assert says in problem(lambda: open_dataset(f"npz:{path}"))


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    for beginning in (b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x1f\x8b\x08", idx(2, 2)[:4]):
        path.write_bytes(beginning + content)
        for read in (lambda: read_idx(path, rank=2), lambda: read_npy(path), lambda: read_npz(path)):
            try:
                read()
            except DiagnosticError as error:
                assert {diagnostic.code for diagnostic in error.diagnostics} == {"bad-data"}  # noqa: PT017
