"""Everything that `cnnspec bench` measures of a net, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnspec.analysis.facts import Analysis
from cnnspec.backend.compilation import watching
from cnnspec.backend.executable import Executable
from cnnspec.bench.contest import OURS, Contest, Result, Say
from cnnspec.bench.job import job_of
from cnnspec.bench.limits import LIMITS_SECONDS, Limits, measure_limits
from cnnspec.bench.peers.preparing import Peer
from cnnspec.bench.profile import Profile, profile
from cnnspec.bench.work import work_of_run

DOUBT = 0.1
"""By how much a net may seem faster than the peak before the peak is not believed: both are measured."""

WINOGRAD_GAIN = 4
"""How many times fewer multiplications Winograd's F(4×4, 3×3) does than the layers define."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that was measured of a net. `flops` are of one run of the batch, by the definition."""

    analysis: Analysis
    batch: int
    threads: int
    math: str
    training: bool
    flops: int
    winograd: bool
    results: tuple[Result, ...]
    limits: Limits
    profile: Profile | None = None
    interrupted: bool = False

    def rate(self, result: Result) -> float | None:
        """FLOP a second, by the definition; None without a timing."""
        return self.flops / result.timing.middle if result.timing else None

    @property
    def peak_is_known(self) -> bool:
        """Whether the processors were free while the peak was measured: nothing was faster than it can be."""
        return all((self.rate(result) or 0.0) <= self._fastest(result) for result in self.results)

    def _fastest(self, result: Result) -> float:
        """FLOP a second, by the definition, that can be believed beside the peak. Peers choose algorithms."""
        exact = result.name == OURS and not self.winograd
        return self.limits.peak * (1 + DOUBT) * (1 if exact else WINOGRAD_GAIN)

    @property
    def disturbed(self) -> bool:
        """Whether a tenth of our samples took twice the median: the processors were wanted elsewhere."""
        ours = next((result.timing for result in self.results if result.name == OURS), None)
        return ours is not None and ours.ninetieth > 2 * ours.middle

    @property
    def run(self) -> str:
        """What one run is."""
        return "training step" if self.training else "inference"


def measure(
    executable: Executable,
    analysis: Analysis,
    peers: Sequence[Peer],
    *,
    math: str,
    seconds: float,
    profiled: bool,
    say: Say,
) -> Bench:
    """Time a net for so long, its peers and perhaps its layers as long again; the machine before and after.

    `say` is told what is going on. Ctrl-C ends it with what was measured until then, if that is anything.
    Raises DiagnosticError (cannot-run) where there is nothing to train.
    """
    plan, threads = executable.plan, executable.threads
    job = job_of(executable, analysis.graph)
    contest = Contest(executable, job)
    layers, interrupted = None, False
    say("measuring this machine")
    limits = measure_limits(threads, LIMITS_SECONDS)
    try:
        with watching(lambda state: say(f"compiling: {state.done:,} of {state.total:,} kernels")):
            contest.run(peers, seconds, say)
        if profiled:
            say("timing every layer")
            layers = profile(executable, job, analysis, seconds)
        say("measuring this machine again")
        limits = limits.best(measure_limits(threads, LIMITS_SECONDS))
    except KeyboardInterrupt:
        if not contest.results:
            raise
        interrupted = True
    return Bench(
        analysis,
        plan.batch,
        threads,
        math,
        plan.training,
        work_of_run(analysis, plan.batch, training=plan.training),
        contest.uses_winograd,
        tuple(contest.results),
        limits,
        layers,
        interrupted,
    )
