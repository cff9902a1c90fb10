"""Time one net, inference or training, by cnnspec and its peers; print a line of JSON.

python benchmarks/fast/measure.py inference resnet50 --batch 1 --threads 1 --only exact,fast,onnxruntime
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

NETS = ("lenet5", "alexnet", "vgg16", "googlenet", "resnet50", "mobilenet_v2")
INFERENCE = ("exact", "fast", "eager", "channels-last", "compile", "onnxruntime", "openvino")
TRAINING = ("exact", "fast", "eager", "channels-last", "compile")
LIBRARIES = ("onnxruntime", "openvino")
"""Peers that may not be installed, and then are left out."""

SPECS = Path(__file__).parents[2] / "specs"


def main() -> None:
    options = _options()
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, str(max(2, options.threads)))
    import torch  # noqa: PLC0415 - the variables come first

    torch.set_num_threads(options.threads)
    from timing import interleaved  # noqa: PLC0415

    every = INFERENCE if options.kind == "inference" else TRAINING
    wanted = options.only.split(",") if options.only else every
    chosen = [name for name in wanted if name not in LIBRARIES or find_spec(name)]
    runs, outputs = (_inference if options.kind == "inference" else _training)(options, chosen)
    timings = interleaved(runs, options.seconds * len(runs))
    result = {
        "kind": options.kind,
        "net": options.net,
        "batch": options.batch,
        "threads": options.threads,
        "timings": {name: asdict(timing) for name, timing in timings.items()},
        "errors": outputs,
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


def _executables(options: argparse.Namespace, chosen: Any, *, training: bool) -> tuple[Any, dict[str, Any]]:
    from cnnspec import pipeline  # noqa: PLC0415
    from cnnspec.backend.executable import Executable  # noqa: PLC0415

    graph = pipeline.elaborate(pipeline.load(SPECS / f"{options.net}.cnn").spec).graph
    if graph is None:
        raise SystemExit(f"{options.net} cannot be elaborated")
    plan = pipeline.plan(graph, batch=options.batch, training=training)
    made = {
        name: Executable(plan, math=name, threads=options.threads)
        for name in chosen
        if name in ("exact", "fast")
    }
    return plan, made or {"plain": Executable(plan, threads=options.threads)}


def _inference(
    options: argparse.Namespace, chosen: Any
) -> tuple[dict[str, Callable[[], Any]], dict[str, float]]:
    """The runs, and the error of each: the largest, over the largest input-dependent part of the outputs."""
    import peers  # noqa: PLC0415
    import torch  # noqa: PLC0415

    plan, made = _executables(options, chosen, training=False)
    one = next(iter(made.values()))
    x = np.random.default_rng(0).standard_normal((options.batch, *plan.inputs[0].shape)).astype(np.float32)
    net = peers.TorchNet(plan, one.storage).eval()
    runs: dict[str, Callable[[], Any]] = {}
    for name, executable in made.items():
        if name != "plain":
            runs[name] = lambda executable=executable: executable.forward(x)
    with torch.inference_mode():
        double = peers.TorchNet(plan, one.storage).double().eval()
        exact, nothing = (double(torch.from_numpy(v).double()).numpy() for v in (x, 0 * x))
    ways = {"eager": (False, False), "channels-last": (True, False), "compile": (True, True)}
    for name, (last, compiled) in ways.items():
        if name in chosen:
            fresh = peers.TorchNet(plan, one.storage)
            runs[name] = peers.torch_inference(fresh, x, channels_last=last, compiled=compiled)
    if "onnxruntime" in chosen or "openvino" in chosen:
        model = peers.onnx_model(net, x)
        if "onnxruntime" in chosen:
            runs["onnxruntime"] = peers.onnxruntime_inference(model, x, options.threads)
        if "openvino" in chosen:
            runs["openvino"] = peers.openvino_inference(model, x, options.threads)
    scale = np.abs(exact - nothing).max()
    return runs, {name: float(np.abs(_array(run()) - exact).max() / scale) for name, run in runs.items()}


def _array(output: Any) -> np.ndarray:
    if isinstance(output, list):
        return output[0]
    return np.asarray(output if not hasattr(output, "to_dict") else next(iter(output.values())))


def _training(
    options: argparse.Namespace, chosen: Any
) -> tuple[dict[str, Callable[[], Any]], dict[str, float]]:
    """The runs, and by how much the loss after them differs from eager PyTorch's at the first step."""
    import peers  # noqa: PLC0415

    plan, made = _executables(options, chosen, training=True)
    one = next(iter(made.values()))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.batch, *plan.inputs[0].shape)).astype(np.float32)
    labels = rng.integers(0, plan.outputs[0].shape[0], options.batch)
    ways = {"eager": (False, False), "channels-last": (True, False), "compile": (True, True)}
    runs: dict[str, Callable[[], Any]] = {}
    for name, (last, compiled) in ways.items():
        if name in chosen:
            net = peers.TorchNet(plan, one.storage)
            runs[name] = peers.torch_training(net, x, labels, channels_last=last, compiled=compiled)
    for name, executable in made.items():
        if name != "plain":
            runs[name] = _step(executable, x, labels)
    first = {name: float(run()) for name, run in runs.items()}
    reference = next(iter(first.values()))
    return runs, {name: abs(loss - reference) / reference for name, loss in first.items()}


def _step(executable: Any, x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    """Forward, loss, backward, SGD with momentum."""
    from cnnspec.backend.training.optimisers import Sgd, Updates  # noqa: PLC0415

    updates = Updates(Sgd(0.9), executable.storage.trained, executable.storage.gradients, executable.threads)

    def run() -> float:
        executable.forward(x)
        loss = executable.loss(labels)
        executable.backward()
        with executable.storage.writing():
            updates.apply(1e-4)
        return loss

    return run


if __name__ == "__main__":
    main()
