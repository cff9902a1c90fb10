"""The IDX format of the MNIST files, gzipped or not.

A file is `00 00 type rank`, then `rank` big-endian sizes of 4 bytes, then the elements, row-major. The type
byte 08 (unsigned bytes) is the only one MNIST uses and the only one read here. Nothing of a file is believed:
no more is decompressed or allocated than the sizes in its header ask for, and these are bounded first.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.datasets.samples import bad_data
from cnnspec.diagnostics.refusals import reason, require_file

_UNSIGNED_BYTE = 0x08
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_BYTES = 1 << 30
"""A larger array of bytes is not a data set that fits the purpose (MNIST has 47 MB)."""


def read_idx(path: Path, rank: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file, which must have the given rank.

    Raises DiagnosticError (bad-data) for anything that is not exactly such a file.
    """
    try:
        require_file(path)
        with _opened(path) as stream:
            return _read(stream, path, rank)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise bad_data(f"{path} is cut short or damaged: {error}") from error
    except OSError as error:
        raise bad_data(f"cannot read {path}: {reason(error)}") from error


def _opened(path: Path) -> IO[bytes]:
    """The file, decompressed as it is read if its first bytes are gzip's."""
    with path.open("rb") as probe:
        zipped = probe.read(2) == _GZIP_MAGIC
    return cast("IO[bytes]", gzip.open(path, "rb")) if zipped else path.open("rb")


def _read(stream: IO[bytes], path: Path, rank: int) -> NDArray[np.uint8]:
    shape = _shape(stream, path, rank)
    count = math.prod(shape)
    elements = stream.read(count)
    if len(elements) < count:
        raise bad_data(
            f"{path} is cut short: its header announces {_by(shape)} = {count:,} bytes, "
            f"{len(elements):,} are there"
        )
    if stream.read(1):
        raise bad_data(f"{path} has more bytes than the {_by(shape)} that its header announces")
    return np.frombuffer(elements, np.uint8).reshape(shape)


def _shape(stream: IO[bytes], path: Path, rank: int) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise bad_data(f"{path} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}")
    if magic[2] != _UNSIGNED_BYTE:
        raise bad_data(f"{path} holds elements of type {magic[2]:#04x}; only unsigned bytes (0x08) are read")
    if magic[3] != rank:
        raise bad_data(f"{path} holds an array of rank {magic[3]}, rank {rank} is needed here")
    header = stream.read(4 * rank)
    if len(header) < 4 * rank:
        raise bad_data(f"{path} is cut short inside its header")
    shape = struct.unpack(f">{rank}I", header)
    if not 0 < math.prod(shape) <= _MOST_BYTES:
        raise bad_data(f"{path} announces {_by(shape)} bytes; 1 to {_MOST_BYTES:,} can be read")
    return shape


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
