"""The names of kept machine code: a digest of everything that decides its content.

That is the kernel, the number type, the processor, the compiler's versions and the sources of the emitters.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def sources_digest() -> str:
    """A digest of the emitters' sources: editing one makes every older entry unreachable."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def key_of(*parts: object) -> str:
    """The name of the entry that these parts decide."""
    return hashlib.sha256("\0".join([*map(repr, parts), sources_digest()]).encode()).hexdigest()
