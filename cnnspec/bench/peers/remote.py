"""A peer in a process of its own, so that its threads, its memory and its crashes are its own too."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from cnnspec.bench.job import Job
from cnnspec.bench.peers.preparing import Peer, prepare
from cnnspec.bench.timing import Stopwatch

_PATIENCE = 5.0
"""Seconds after which a process that was asked to end is ended."""


class PeerError(Exception):
    """A peer cannot run the net; the message says why, in a line."""

    def __init__(self, peer: str, why: str) -> None:
        """`peer` is its name."""
        super().__init__(why)
        self.peer = peer


@dataclass(frozen=True, slots=True)
class _Failed:
    reason: str


class RemotePeer:
    """Starts a process and prepares a peer there. Raises PeerError.

    `result` is what its first run returned: the outputs, or the loss.
    """

    def __init__(self, peer: Peer, job: Job) -> None:
        self.name = peer.name
        missing = peer.missing()
        if missing:
            raise PeerError(peer.name, f"{missing} is not installed; `pip install {missing}` brings it")
        if job.training and not peer.trains:
            raise PeerError(peer.name, f"{peer.name} does not train")
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, peer, job), daemon=True)
        self.process.start()
        theirs.close()
        try:
            self.result: Any = self._answer()
        except BaseException:
            self.close()
            raise

    def sample(self) -> float:
        """The seconds of a run. Raises PeerError."""
        try:
            self._connection.send("sample")
        except OSError:
            raise self._ended() from None
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self.process.join(0.0)
        self.process.terminate()
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def _answer(self) -> Any:
        try:
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if isinstance(answer, _Failed):
            raise PeerError(self.name, answer.reason)
        return answer

    def _ended(self) -> PeerError:
        self.process.join(_PATIENCE)
        code = self.process.exitcode
        if code is not None and code < 0:
            why = "out of memory?" if -code == signal.SIGKILL else "it crashed"
            return PeerError(self.name, f"its process was ended by {signal.Signals(-code).name} ({why})")
        return PeerError(self.name, f"its process ended with exit code {code}")


def _serve(connection: Connection, peer: Peer, job: Job) -> None:
    """In the process: prepare, send the result of the first run, then a sample whenever asked for one.

    Ctrl-C is for the process that started this one, which then ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _quieten()
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(job.threads)
    try:
        run = prepare(peer, job)
        connection.send(run())
        stopwatch = Stopwatch(run)
        while connection.recv():
            connection.send(stopwatch())
    except (EOFError, BrokenPipeError):
        return  # nobody listens any more
    except Exception as error:  # a framework may raise anything: whatever it is, it is the peer's answer
        connection.send(_Failed(_in_a_line(error)))


def _quieten() -> None:
    """Frameworks write notes on both streams, which are the user's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _in_a_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, NotImplementedError):
        return f"it does not have {text}"
    return f"{type(error).__name__}: {text[:160]}"
