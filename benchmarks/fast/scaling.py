"""Time one net on one thread and on two, in turns in one process; print a line of JSON.

python benchmarks/fast/scaling.py inference resnet50 --batch 8 --math fast
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

from tables import NETS, OURS, SCALING

THREADS = 2
TURN = 0.25
"""Seconds: after a turn of one thread the other must be woken, and may share a processor for a while."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("inference", "training"))
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--math", choices=OURS, default="fast")
    parser.add_argument("--seconds", type=float, default=1.5, help="for each number of threads")
    options = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, str(THREADS))
    from measure import SPECS  # noqa: PLC0415 - the variables come first

    from cnnspec import pipeline  # noqa: PLC0415
    from cnnspec.bench.job import job_of, our_run  # noqa: PLC0415
    from cnnspec.bench.timing import Stopwatch, timing  # noqa: PLC0415

    graph = pipeline.elaborate(pipeline.load(SPECS / f"{options.net}.cnn").spec).graph
    plan = pipeline.plan(graph, batch=options.batch, training=options.kind == "training")
    samplers = {}
    for threads in (1, THREADS):
        executable = pipeline.compile(plan, math=options.math, threads=threads)
        samplers[str(threads)] = Stopwatch(our_run(executable, job_of(executable, graph)))
    samples = _in_long_turns(samplers, options.seconds)
    result = {
        "kind": SCALING,
        "pass": options.kind,
        "net": options.net,
        "batch": options.batch,
        "math": options.math,
        "timings": {threads: asdict(timing(values)) for threads, values in samples.items()},
    }
    print(json.dumps(result))


def _in_long_turns(samplers: Mapping[str, Callable[[], float]], seconds: float) -> dict[str, list[float]]:
    """Samples of each for so long. The first of every turn does not count."""
    samples: dict[str, list[float]] = {name: [] for name in samplers}
    for _ in range(max(2, round(seconds / TURN))):
        for name, sampler in samplers.items():
            sampler()
            end = time.perf_counter() + TURN
            samples[name].append(sampler())
            while time.perf_counter() < end:
                samples[name].append(sampler())
    return samples


if __name__ == "__main__":
    main()
