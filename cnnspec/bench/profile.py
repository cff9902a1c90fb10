"""Where the time goes: every layer's part of a pass, timed alone, beside what the analysis says of it.

The parts are called one after the other, as in the compiled program, which is left as it is; what calling one
costs is measured and taken off. Work is that of the definition, so that a layer which Winograd computes may
seem faster than the processor is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.roofline import Device, Roof, roof
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan.model import WIDTHS
from cnnspec.backend.sections import Section, Stage
from cnnspec.backend.training.optimisers import Sgd, Updates
from cnnspec.bench.job import MOMENTUM, RATE, Job, named_inputs
from cnnspec.bench.work import Work

LEAST_ROUNDS = 3
LOSS, UPDATE = "loss", "update"
"""What a training step does besides the layers."""

_MOVES = frozenset(
    {
        "halo",
        "zeros",
        "from blocks",
        "to blocks",
        "widen",
        "copy out",
        "fold",
        "pack",
        "transform",
        "unpack",
        "bias gradient",
    }
)
"""What steps do that serve another one."""

_ALGORITHMS = ("winograd",)
"""Of several steps each, whose names begin so."""

_BOTH = {"weight gradient", "data gradient"}


@dataclass(frozen=True, slots=True)
class LayerTime:
    """A layer in a pass, with the layers that run as a part of its kernels (`layers`, itself first).

    `seconds` is the median of the rounds; `flops` and `moved` (bytes, each tensor once) are of the batch.
    """

    stage: str
    path: str
    layers: tuple[str, ...]
    algorithm: str
    seconds: float
    flops: int
    moved: int

    @property
    def rate(self) -> float:
        """FLOP a second; 0 where nothing is computed or no time was measured."""
        return self.flops / self.seconds if self.seconds else 0.0

    @property
    def intensity(self) -> float:
        """FLOP a byte."""
        return self.flops / self.moved if self.moved else 0.0

    def roof(self, device: Device) -> Roof | None:
        """The least time it takes on a device; None where it moves nothing."""
        return roof(self.flops, self.moved, device) if self.moved else None


@dataclass(frozen=True, slots=True)
class Profile:
    """All layers in the order in which they run, and how often each was timed."""

    rows: tuple[LayerTime, ...]
    rounds: int

    @property
    def seconds(self) -> float:
        """The sum of the layers."""
        return sum(row.seconds for row in self.rows)

    @property
    def flops(self) -> int:
        """The work of all layers."""
        return sum(row.flops for row in self.rows)


def profile(executable: Executable, job: Job, analysis: Analysis, seconds: float) -> Profile:
    """Time every part for about so long, after a run of the whole."""
    with executable.lock:
        parts, fused, idle = _parts(executable, job)
        times, rounds = _timed([idle, *(part.run for part in parts)], seconds)
    cost, *each = times
    taken: dict[tuple[str, str], float] = {}
    what: dict[tuple[str, str], list[str]] = {}
    for part, spent in zip(parts, each, strict=True):
        backward = part.stage is Stage.BACKWARD
        key = part.stage.value, part.path if backward else fused.get(part.path, part.path)
        taken[key] = taken.get(key, 0.0) + max(0.0, spent - cost)
        what.setdefault(key, []).extend(part.what)
    work = Work(analysis, executable.plan.batch, WIDTHS[executable.plan.dtype], training=job.training)
    groups = _groups(work.paths, {path for stage, path in taken if stage == Stage.FORWARD}, fused)
    unseen = [path for path in work.paths if path not in fused and path not in groups]
    rows = [
        LayerTime(stage, path, layers, algorithm_of(what[stage, path]), spent, *work.of(stage, layers))
        for (stage, path), spent in taken.items()
        for layers in [groups[path] if stage == Stage.FORWARD else (path,)]
    ]
    nothing = [
        LayerTime(Stage.FORWARD.value, path, (path,), "", 0.0, work.of(Stage.FORWARD, (path,))[0], 0)
        for path in unseen  # a view of what is there
    ]
    return Profile((*rows, *nothing), rounds)


def _parts(executable: Executable, job: Job) -> tuple[list[Section], Mapping[str, str], Callable[[], None]]:
    """What a run consists of, after a first one."""
    sections = executable.sections(named_inputs(executable.plan, job.inputs))
    labels = job.labels
    if labels is None:
        kept = [part for part in sections.parts if part.stage is Stage.FORWARD]
        return kept, sections.fused, sections.idle
    storage = executable.storage
    updates = Updates(Sgd(MOMENTUM), storage.trained, storage.gradients, executable.threads)

    def take_loss() -> None:
        executable.loss(labels)

    def update() -> None:
        with storage.writing():
            updates.apply(RATE)

    forward = [part for part in sections.parts if part.stage is not Stage.BACKWARD]
    backward = [part for part in sections.parts if part.stage is Stage.BACKWARD]
    loss = Section(Stage.FORWARD, LOSS, ("cross-entropy",), take_loss)
    end = Section(Stage.BACKWARD, UPDATE, ("sgd with momentum",), update)
    return [*forward, loss, *backward, end], sections.fused, sections.idle


def _timed(runs: list[Callable[[], None]], seconds: float) -> tuple[list[float], int]:
    """The median of each, run one after the other in rounds for so long; how many rounds there were."""
    samples: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples[0]) < LEAST_ROUNDS:
        for run, mine in zip(runs, samples, strict=True):
            begin = time.perf_counter()
            run()
            mine.append(time.perf_counter() - begin)
    return [median(mine) for mine in samples], len(samples[0])


def algorithm_of(what: Iterable[str]) -> str:
    """What steps do for a layer, without what only serves the rest: `direct`, `winograd`."""
    words = list(dict.fromkeys(next((a for a in _ALGORITHMS if word.startswith(a)), word) for word in what))
    kept = [word for word in words if word not in _MOVES] or words
    return "gradients" if set(kept) == _BOTH else " + ".join(kept)


def _groups(paths: Iterable[str], seen: set[str], fused: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The layers that each of the layers seen runs."""
    groups: dict[str, list[str]] = {path: [path] for path in seen}
    for path in paths:
        if path in fused:
            groups[fused[path]].append(path)
    return {path: tuple(group) for path, group in groups.items()}
