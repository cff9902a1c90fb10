"""Ctrl-C, remembered."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_noted() -> Generator[list[int]]:
    """The signals of Ctrl-C that arrive in the block, where each still raises KeyboardInterrupt.

    For C code may make another error of it: extension modules that import NumPy turn it into an ImportError.
    """
    arrived: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGINT, before)
