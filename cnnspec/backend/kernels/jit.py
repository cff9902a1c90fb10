"""The typed face of numba: the only place of the plain kernels that calls it.

Kernels are compiled without `fastmath`, so that NaN is NaN and sums keep their order, and without numba's own
threads: a kernel runs over a range of tasks (`threads.launch` divides them), which compiles in a third of the
time, survives `fork`, and may be called from any Python thread.

`CNNSPEC_BOUNDSCHECK=1` compiles with every index checked: IndexError instead of a stray read or write.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba import extending

from cnnspec.backend.kernels.cache import KernelCache

Function = TypeVar("Function", bound=Callable[..., Any])

_compiler: Any = numba
_extending: Any = extending

_BOUNDSCHECK = os.environ.get("CNNSPEC_BOUNDSCHECK", "0") not in ("", "0")
_OPTIONS: dict[str, Any] = {"boundscheck": _BOUNDSCHECK, "error_model": "numpy"}


def kernel(function: Function) -> Function:
    """Compile a function `(begin, end, *arguments)` that runs without the GIL; kept on disk."""
    dispatcher = _compiler.njit(nogil=True, **_OPTIONS)(function)
    dispatcher._cache = KernelCache(function, repr(_OPTIONS))
    return dispatcher


def inline(function: Function) -> Function:
    """Let kernels call a function: it becomes part of each of them, and stays plain Python elsewhere."""
    return _extending.register_jitable(**_OPTIONS)(function)
