"""Time one net, inference or training, by cnnspec and its peers; print a line of JSON.

python benchmarks/fast/measure.py inference resnet50 --batch 1 --threads 1 --only exact,fast,onnxruntime

Timing, peers and the machine's limits are those of `cnnspec bench` (`cnnspec/bench`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

NETS = ("lenet5", "alexnet", "vgg16", "googlenet", "resnet50", "mobilenet_v2")
OURS = ("exact", "fast")
PEERS = {
    "eager": "torch",
    "channels-last": "torch-channels-last",
    "compile": "torch-compile",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
}
"""What they are called in the report, and in `cnnspec bench --vs`. One that is not installed is left out."""

SPECS = Path(__file__).parents[2] / "specs"

Runs = dict[str, Callable[[], Any]]


def main() -> None:
    options = _options()
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, str(max(2, options.threads)))
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # its pool of compilers may outlive us
    import torch  # noqa: PLC0415 - the variables come first

    torch.set_num_threads(options.threads)
    from cnnspec.bench.limits import LIMITS_SECONDS, measure_limits  # noqa: PLC0415
    from cnnspec.bench.timing import interleaved  # noqa: PLC0415

    before = measure_limits(options.threads, LIMITS_SECONDS)
    runs, errors = _prepared(options)
    timings = interleaved(runs, options.seconds * len(runs))
    result = {
        "kind": options.kind,
        "net": options.net,
        "batch": options.batch,
        "threads": options.threads,
        "timings": {name: asdict(timing) for name, timing in timings.items()},
        "errors": errors,
        "limits": asdict(before.best(measure_limits(options.threads, LIMITS_SECONDS))),
    }
    json.dump(result, sys.stdout)
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("inference", "training"))
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each implementation")
    parser.add_argument("--only", help="some implementations, with commas between")
    return parser.parse_args()


def _prepared(options: argparse.Namespace) -> tuple[Runs, dict[str, float]]:
    """The runs, and the error of each."""
    from cnnspec import pipeline  # noqa: PLC0415
    from cnnspec.bench.job import job_of, our_run  # noqa: PLC0415
    from cnnspec.bench.peers.preparing import PEERS as KNOWN  # noqa: PLC0415
    from cnnspec.bench.peers.preparing import prepare  # noqa: PLC0415

    training = options.kind == "training"
    wanted = options.only.split(",") if options.only else [*OURS, *PEERS]
    graph = pipeline.elaborate(pipeline.load(SPECS / f"{options.net}.cnn").spec).graph
    plan = pipeline.plan(graph, batch=options.batch, training=training)
    ours = {
        name: pipeline.compile(plan, math=name, threads=options.threads) for name in OURS if name in wanted
    }
    one = next(iter(ours.values()), None) or pipeline.compile(plan, math="plain", threads=options.threads)
    job = job_of(one, graph)
    runs: Runs = {}
    for name in wanted:
        if name in ours:
            runs[name] = our_run(ours[name], job)
            continue
        peer = KNOWN[PEERS[name]]
        if peer.missing() is None and (peer.trains or not training):
            runs[name] = prepare(peer, job)
    return runs, _losses(runs) if training else _errors(runs, job)


def _losses(runs: Runs) -> dict[str, float]:
    """By how much the first loss of each differs from that of the first."""
    first = {name: float(run()) for name, run in runs.items()}
    reference = next(iter(first.values()))
    return {name: abs(loss - reference) / reference for name, loss in first.items()}


def _errors(runs: Runs, job: Any) -> dict[str, float]:
    """The largest error against PyTorch in float64, over the largest input-dependent part of the outputs."""
    import torch  # noqa: PLC0415

    from cnnspec.bench.peers.torch_net import TorchNet  # noqa: PLC0415

    net = TorchNet(job.graph, job.state).double().eval()
    with torch.inference_mode():
        (x,) = (torch.from_numpy(array).double() for array in job.inputs)
        exact, nothing = (net(v)[0].numpy() for v in (x, 0 * x))
    scale = np.abs(exact - nothing).max()
    return {name: float(np.abs(run()[0] - exact).max() / scale) for name, run in runs.items()}


if __name__ == "__main__":
    main()
