"""Kernels compiled for one processor and number type, shared by every program of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from threading import Lock

from cnnspec.backend import compilation
from cnnspec.backend.code_cache import CodeCache, user_cache
from cnnspec.backend.fast.cache import key_of
from cnnspec.backend.fast.kernel import ARGUMENTS, Kernel, share
from cnnspec.backend.fast.simd.compiler import Body, CodeMemory, compile_text, emit_text, host, toolchain
from cnnspec.backend.fast.simd.target import Real, Target


class Library:
    """Compiles each kernel once: from memory, else from the cache on disk, else by LLVM."""

    def __init__(self, target: Target, real: Real, store: CodeCache) -> None:
        self.target = target
        self.real = real
        self._store = store
        self._memory = CodeMemory(target)
        self._addresses: dict[Kernel | str, int] = {}
        self._lock = Lock()

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.target.lanes(self.real)

    def expect(self, kernels: Iterable[Kernel]) -> None:
        """Say which kernels will be asked for, for those who watch the compilation."""
        compilation.expect(len(set(kernels) - self._addresses.keys()))

    def address(self, kernel: Kernel, compiled: Callable[[], None] | None = None) -> int:
        """The machine code of a kernel; `compiled` is called where LLVM had to work for it."""
        return self._code(kernel, ARGUMENTS, partial(share, kernel), compiled)

    def function(self, name: str, arguments: int, body: Body) -> int:
        """The machine code of a function that is no kernel, by a name of its own."""
        return self._code(name, arguments, body, None)

    def _code(
        self, what: Kernel | str, arguments: int, body: Body, compiled: Callable[[], None] | None
    ) -> int:
        with self._lock:
            if what not in self._addresses:
                self._addresses[what] = self._load(what, arguments, body, compiled)
            return self._addresses[what]

    def _load(
        self, what: Kernel | str, arguments: int, body: Body, compiled: Callable[[], None] | None
    ) -> int:
        key = key_of(what, self.real, self.target, toolchain())
        kept = code = self._store.read(key)
        if code is None:
            code = compile_text(emit_text(key, arguments, body, self.target, self.real), self.target)
            self._store.write(key, code)
            if compiled:
                compiled()
        address = self._memory.load(code, key)
        if not isinstance(what, str):
            compilation.ready(compiled=kept is None)
        return address


@cache
def host_library(real: Real) -> Library:
    """The library for the processor that this process runs on."""
    return Library(host(), real, user_cache())
