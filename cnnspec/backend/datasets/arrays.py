"""NumPy's files read without trust: no pickles, and no more memory than the file itself accounts for."""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cnnspec.backend.datasets.samples import bad_data
from cnnspec.diagnostics.refusals import reason, require_file

_MOST_BYTES = 1 << 30
"""All arrays of a file together (CIFAR-10 as float32 has 0.7 of it)."""
_NUMBERS = "buif"
_BROKEN_NUMPY = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    TokenError,
    RecursionError,
    MemoryError,
    OverflowError,
)
"""What NumPy raises for a header that is not the literal it should be."""

_BROKEN = (
    *_BROKEN_NUMPY,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
)
"""And what zipfile raises for damaged, encrypted or exotic archives."""


def read_npy(path: Path) -> NDArray[Any]:
    """The numeric array in a `.npy` file. Raises DiagnosticError (bad-data)."""
    try:
        require_file(path)
        with path.open("rb") as stream:
            return _array(stream, str(path), path.stat().st_size)
    except _BROKEN_NUMPY as error:
        raise bad_data(f"{path} is not a usable .npy file: {error}") from error
    except OSError as error:
        raise bad_data(f"cannot read {path}: {reason(error)}") from error


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The numeric arrays in a `.npz` file by name. Raises DiagnosticError (bad-data)."""
    try:
        require_file(path)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _bounded(path, sum(member.file_size for member in members))
            return {
                member.filename.removesuffix(".npy"): _member(archive, member, path) for member in members
            }
    except _BROKEN as error:
        raise bad_data(f"{path} is not a usable .npz file: {error}") from error
    except OSError as error:
        raise bad_data(f"cannot read {path}: {reason(error)}") from error


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    with archive.open(member) as stream:
        return _array(stream, f"{path} ({member.filename})", member.file_size)


def _bounded(path: Path, size: int) -> None:
    if size > _MOST_BYTES:
        raise bad_data(f"{path} unpacks to {size:,} bytes; at most {_MOST_BYTES:,} are read")


def _array(stream: IO[bytes], name: str, available: int) -> NDArray[Any]:
    """Read the header, check it against the bytes that are there, then read the elements."""
    shape, fortran, dtype = _header(stream)
    if dtype.hasobject or dtype.kind not in _NUMBERS:
        raise bad_data(f"{name} holds {dtype} elements; only plain numbers are read")
    size = math.prod(shape) * dtype.itemsize
    elements = stream.read(size) if 0 <= size <= available else b""
    if len(elements) != size:
        raise bad_data(f"{name} is cut short: its header announces {size:,} bytes")
    return np.frombuffer(elements, dtype).reshape(shape, order="F" if fortran else "C")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version == (1, 0):
        return npy.read_array_header_1_0(stream)
    if version == (2, 0):
        return npy.read_array_header_2_0(stream)
    raise ValueError(f"format version {version[0]}.{version[1]} is not read")
