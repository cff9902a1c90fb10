"""A net timed here and in other frameworks, in turns, with the same weights and inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnspec.backend.executable import Executable
from cnnspec.bench.job import Array, Job, named_inputs, our_run
from cnnspec.bench.peers.preparing import Peer
from cnnspec.bench.peers.remote import PeerError, RemotePeer
from cnnspec.bench.timing import Sampler, Stopwatch, Timing, take_turns, timing

OURS = "cnnspec"
PAUSE = 0.02
"""Seconds in which the threads of an implementation that has had its turn stop waiting for work."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """How long a run of an implementation takes, and how far its results are from ours.

    `difference` is the largest one, over the largest part of our outputs that depends on the inputs; of a
    training step, that of the first losses over ours; None for ours, and where dropout draws other masks.
    Instead of a timing there may be the reason why there is none.
    """

    name: str
    timing: Timing | None
    difference: float | None = None
    problem: str | None = None


class Contest:
    """What is measured; it stays if the measuring is stopped."""

    def __init__(self, executable: Executable, job: Job) -> None:
        self.job = job
        self.executable = executable
        self._samples: dict[str, list[float]] = {}
        self._differences: dict[str, float | None] = {}
        self._problems: dict[str, str] = {}
        self._order: list[str] = [OURS]
        self.uses_winograd = False
        """Whether fewer operations are done than the layers define."""

    @property
    def results(self) -> list[Result]:
        """What is known by now, ours first."""
        return [
            Result(
                name,
                timing(self._samples[name]) if self._samples.get(name) else None,
                self._differences.get(name),
                self._problems.get(name),
            )
            for name in self._order
            if name in self._problems or self._samples.get(name)
        ]

    def run(self, peers: Sequence[Peer], seconds: float, say: Say) -> None:
        """Prepare everyone, each with a few samples at once, then take turns; `seconds` for each.

        `say` is told what is going on.
        """
        say(f"compiling {self.job.graph.name}")
        run = our_run(self.executable, self.job)
        reference = Reference(self.executable, self.job, run())
        samplers: dict[str, Sampler] = {OURS: Stopwatch(run)}
        take_turns(samplers, 0, self._samples)
        parts = self.executable.sections(named_inputs(self.executable.plan, self.job.inputs)).parts
        self.uses_winograd = any(what.startswith("winograd") for part in parts for what in part.what)
        opened: list[RemotePeer] = []
        try:
            for peer in peers:
                say(f"preparing {peer.name}")
                self._order.append(peer.name)
                remote = self._opened(peer)
                if remote:
                    opened.append(remote)
                    self._differences[peer.name] = reference.difference(remote.result)
                    self._take({peer.name: remote.sample}, 0)
            say(f"timing {self.job.graph.name}")
            samplers |= {peer.name: peer.sample for peer in opened}
            self._take(samplers, seconds * len(samplers))
        finally:
            for remote in opened:
                remote.close()

    def _opened(self, peer: Peer) -> RemotePeer | None:
        try:
            return RemotePeer(peer, self.job)
        except PeerError as error:
            self._problems[peer.name] = str(error)
            return None

    def _take(self, samplers: dict[str, Sampler], seconds: float) -> None:
        """Take turns, going on without who is lost."""
        left = {name: sampler for name, sampler in samplers.items() if name not in self._problems}
        pause = PAUSE if self.job.threads > 1 and len(left) > 1 else 0.0
        while left:
            try:
                take_turns(left, seconds, self._samples, pause=pause)
            except PeerError as error:
                self._problems[error.peer] = str(error)
                self._samples.pop(error.peer, None)
                del left[error.peer]
            else:
                return


class Reference:
    """Our outputs, and how large the part of them is that depends on the inputs; or our first loss."""

    def __init__(self, executable: Executable, job: Job, result: Any) -> None:
        self._result = result
        self._scales: list[float] = []
        self._comparable = not job.training or not _draws(job)
        if not job.training:
            zeros = named_inputs(executable.plan, map(np.zeros_like, job.inputs))
            with executable.lock:
                executable.forward(zeros)
                nothing = executable.outputs
            self._scales = list(map(_scale, result, nothing.values()))

    def difference(self, theirs: Any) -> float | None:
        """How far the result of a peer is from ours; None where they need not be equal."""
        if not self._comparable:
            return None
        if not self._scales:
            return abs(theirs - self._result) / max(abs(self._result), np.finfo(np.float32).tiny)
        distances = list(map(_distance, self._result, theirs, self._scales))
        return float(np.max(distances))  # NaN if one is: the builtin would lose it


def _scale(ours: Array, nothing: Array) -> float:
    return float(np.abs(ours - nothing).max()) or float(np.abs(ours).max()) or 1.0


def _distance(ours: Array, theirs: Array, scale: float) -> float:
    if ours.size != theirs.size:
        return math.inf
    return float(np.abs(ours - theirs.reshape(ours.shape)).max()) / scale


def _draws(job: Job) -> bool:
    """Whether a layer draws random numbers."""
    return any(node.layer.random and getattr(node.layer, "p", 1) != 0 for node in job.graph)
