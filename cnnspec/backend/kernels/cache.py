"""What numba compiled, kept in our own cache of machine code instead of numba's.

Numba unpickles what it finds in a folder that may not be private, breaks on a truncated file in every later
run, does not notice a change in a function that was compiled into its callers, and lets two processes that
compile two signatures at once leave the machine code of one under the name of the other. Here an entry is one
file, named by a digest of all that it depends on, and unpickled only after `CodeCache` has vouched for it.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import caching, compiler, serialize

from cnnspec.backend import compilation
from cnnspec.backend.code_cache import user_cache

_caching: Any = caching
_compiler: Any = compiler
_serialize: Any = serialize


class KernelCache(_caching._Cache):
    """The cache of one function, in the place of numba's."""

    def __init__(self, function: Callable[..., object], options: str) -> None:
        self._function = f"{function.__module__}.{function.__qualname__}"
        self._options = options
        self._enabled = True

    @property
    def cache_path(self) -> str | None:
        """The folder, where there is one."""
        folder = user_cache().folder
        return str(folder) if folder else None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for a signature, or None."""
        code = user_cache().read(self._key(sig, target_context.codegen())) if self._enabled else None
        compilation.expect(1)
        if code is None:
            return None
        target_context.refresh()
        compilation.ready(compiled=False)
        payload = pickle.loads(code)  # noqa: S301 - what we wrote ourselves, whole, where no one else can write
        return _compiler.CompileResult._rebuild(target_context, *payload)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function, unless addresses of this process are part of it."""
        compilation.ready(compiled=True)
        if self._enabled and not data.library.has_dynamic_globals:
            user_cache().write(self._key(sig, data.codegen), _serialize.dumps(data._reduce()))

    def enable(self) -> None:
        """Use the disk again."""
        self._enabled = True

    def disable(self) -> None:
        """Neither read nor write."""
        self._enabled = False

    def flush(self) -> None:
        """Nothing is held back: every entry is written when it is saved."""

    def _key(self, sig: Any, codegen: Any) -> str:
        depends_on = self._function, str(sig), codegen.magic_tuple(), self._options, _versions(), _sources()
        return hashlib.sha256(repr(depends_on).encode()).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    return (sys.version, numba.__version__, llvmlite.__version__)


@cache
def _sources() -> str:
    """A digest of this package: functions are compiled into their callers across files."""
    digest, package = hashlib.sha256(), Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
