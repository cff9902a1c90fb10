"""Measure the memory of runs: what was predicted, what was allocated, what the process took; and PyTorch's.

python benchmarks/memory.py                 the six nets of the figures, PyTorch beside them
python benchmarks/memory.py --zoo           every net of specs/, predictions against measurements
python benchmarks/memory.py --write         only write MEMORY.md from memory.json

Every figure is from a process of its own, in which the net has been compiled, run once, and let go: the
greatest resident set of three steps of a new executable, less what was resident before it was made.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnspec import pipeline
from cnnspec.analysis.memory import inference_peak, training_peak
from cnnspec.backend.executable import Executable, Precision
from cnnspec.backend.training.optimisers import Sgd, Updates
from cnnspec.graph import Graph, Node
from cnnspec.layers.activation import Relu, Relu6

if TYPE_CHECKING:
    from cnnspec.backend.plan.model import Plan

HERE = Path(__file__).parent
RAW, REPORT = HERE / "memory.json", HERE / "MEMORY.md"
SPECS = HERE.parent / "specs"
NETS = {"lenet5": 64, "alexnet": 8, "vgg16": 8, "googlenet": 8, "resnet50": 8, "mobilenet_v2": 8}
"""The batch of a training step."""
ZOO_BATCHES = {"plain": {"inference": 1, "training": 1}, "fast": {"inference": 1, "training": 2}}
MOST_BYTES = 4 << 30
STEPS = {"plain": 1, "fast": 3, "eager": 3}

Result = dict[str, Any]
Task = tuple[str, str, str, int]
"""Who (`fast`, `plain` or `eager`), kind, net and batch."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--zoo", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--nets", help="some nets, with commas between")
    parser.add_argument("--kinds", default="inference,training", help="of the zoo, with commas between")
    parser.add_argument("--who", default="plain,fast", help="of the zoo, with commas between")
    parser.add_argument("--child", nargs=4, metavar=("WHO", "KIND", "NET", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        who, kind, net, batch = options.child
        print(json.dumps(_measured(who, kind, net, int(batch))))
        return
    results: list[Result] = json.loads(RAW.read_text()) if RAW.exists() else []
    if not options.write:
        nets = options.nets.split(",") if options.nets else None
        chosen = options.who.split(","), options.kinds.split(",")
        for task in _zoo(nets, *chosen) if options.zoo else _six(nets):
            found = _in_process(*task) or _in_process(*task[:3], 2 * task[3])  # one value is not normalised
            if found:
                results = [*(r for r in results if _key(r) != _key(found)), found]
                RAW.write_text(json.dumps(results, indent=1))
                print({k: v for k, v in found.items() if k != "predicted"}, flush=True)
    REPORT.write_text(_text(results))


def _zoo(nets: list[str] | None, runs: list[str], kinds: list[str]) -> list[Task]:
    names = nets or sorted(path.stem for path in SPECS.glob("*.cnn"))
    return [(who, kind, net, ZOO_BATCHES[who][kind]) for who in runs for kind in kinds for net in names]


def _six(nets: list[str] | None) -> list[Task]:
    chosen = {net: NETS[net] for net in nets or NETS}
    training = [(who, "training", net, n) for net, n in chosen.items() for who in ("fast", "eager")]
    return training + [(who, "inference", net, 1) for net in chosen for who in ("fast", "eager")]


def _key(result: Result) -> tuple[Any, ...]:
    return tuple(result[name] for name in ("who", "kind", "net", "batch"))


def _in_process(who: str, kind: str, net: str, batch: int) -> Result | None:
    """What a fresh process says."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", who, kind, net, str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        print(who, kind, net, batch, done.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


# --- in a process of its own -------------------------------------------------------------------------------


def _measured(who: str, kind: str, net: str, batch: int) -> Result:
    result: Result = {"who": who, "kind": kind, "net": net, "batch": batch}
    training = kind == "training"
    graph = _graph(net)
    plan = pipeline.plan(graph, batch=batch, training=training)
    if plan.memory.total > MOST_BYTES:
        raise SystemExit(f"{net} would take {plan.memory.total:,} bytes")
    rng = np.random.default_rng(0)
    data = {port.name: rng.standard_normal((batch, *port.shape), np.float32) for port in plan.inputs}
    theirs = partial(_run_theirs, graph, training=training)
    run = theirs if who == "eager" else partial(_run_ours, plan, "plain" if who == "plain" else "fast")
    run(data, steps=1)  # compiles, starts threads, fills caches
    before = _reset()
    found = run(data, steps=STEPS[who])
    result["process"] = _greatest() - before
    if who != "eager":
        peak = (training_peak if training else inference_peak)(graph, batch, 4)
        result["tensors"] = peak.bytes + (0 if training else plan.memory.weights)
    return result | found


def _graph(net: str) -> Graph:
    spec = pipeline.load(SPECS / f"{net}.cnn").spec
    graph = pipeline.elaborate(spec).graph if spec else None
    if graph is None:
        raise SystemExit(f"{net} cannot be elaborated")
    return graph


def _run_ours(plan: Plan, math: Precision, data: dict[str, np.ndarray], *, steps: int) -> Result:
    """Some inferences or training steps, and what was predicted and allocated for them."""
    executable = Executable(plan, math=math, threads=1)
    storage = executable.storage
    updates = Updates(Sgd(0.9), storage.trained, storage.gradients)
    for _ in range(steps):
        executable.forward(data)
        if plan.training:
            executable.backward({name: np.ones_like(y) for name, y in executable.outputs.items()})
            with storage.writing():
                updates.apply(1e-6)
    states = sum(state.nbytes for state in updates.states)
    allocated, predicted = executable.allocated, executable.footprint()
    return {
        "predicted": predicted.total + states,
        "allocated": allocated.total + states,
        "parts": {**asdict(allocated), "optimiser": states},
    }


def _run_theirs(graph: Graph, data: dict[str, np.ndarray], *, steps: int, training: bool) -> Result:
    """The same by PyTorch, eager, ReLUs in place where nothing else reads what they overwrite."""
    import torch  # noqa: PLC0415

    from cnnspec.bench.peers.torch_net import TorchNet  # noqa: PLC0415

    class Frugal(TorchNet):
        def run(self, node: Node, inputs: list[torch.Tensor], own: Mapping[str, torch.Tensor]) -> Any:
            only_reader = len(list(graph.consumers(node.inputs[0]))) == 1
            if only_reader and graph.node(node.inputs[0].node).inputs:
                match node.layer:
                    case Relu():
                        return [torch.relu_(inputs[0])]
                    case Relu6():
                        return [torch.nn.functional.relu6(inputs[0], inplace=True)]
            return super().run(node, inputs, own)

    torch.set_num_threads(1)
    slots = pipeline.plan(graph, batch=1, training=True).slots
    zeros = {slot.name: np.zeros(slot.shape, np.float32) for slot in slots}  # no memory until they are copied
    net = Frugal(graph, zeros, for_training=training)
    images = [torch.from_numpy(array) for array in data.values()]
    if not training:
        with torch.inference_mode():
            for _ in range(steps):
                net(*images)
        return {}
    optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-6, momentum=0.9)
    for _ in range(steps):
        optimiser.zero_grad(set_to_none=True)
        outputs = net(*images)
        torch.autograd.backward(outputs, [torch.ones_like(y) for y in outputs])
        optimiser.step()
        del outputs
    return {}


def _reset() -> int:
    """Give back what is free; the resident bytes now, from where the greatest is counted."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _greatest() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"this system does not tell {name}")


# --- the report --------------------------------------------------------------------------------------------


def _text(results: list[Result]) -> str:
    parts = [_HEAD, "## A training step against PyTorch\n", _against(results)]
    for who, columns in (
        ("plain", ("tensors", "allocated")),
        ("fast", ("tensors", "predicted", "allocated")),
    ):
        for kind in ("training", "inference"):
            chosen = [r for r in results if (r["who"], r["kind"]) == (who, kind)]
            parts += [f"## Said and taken, {kind}, {who} kernels\n", _agreement(chosen, columns)]
    return "\n".join(parts)


def _against(results: list[Result]) -> str:
    process = {_key(result): result["process"] for result in results}
    rows = [["net", "batch", "cnnspec", "PyTorch eager", "ratio"]]
    for net, batch in NETS.items():
        mine, theirs = (process.get((who, "training", net, batch)) for who in ("fast", "eager"))
        if mine and theirs:
            rows.append([net, str(batch), _mega(mine), _mega(theirs), f"{mine / theirs:.2f}"])
    return _table(rows)


def _agreement(results: list[Result], columns: tuple[str, ...]) -> str:
    """Of every net what was said, the arrays, the process, and how near these two are to the last said."""
    said = columns[-2]
    titles = [_TITLES.get(name, name) for name in (*columns, "process")]
    rows = [["net", "batch", *titles, *(f"{name} ÷ {_TITLES.get(said, said)}" for name in titles[-2:])]]
    for r in sorted(results, key=lambda r: (r["net"], r["batch"])):
        ratios = (f"{r[name] / r[said]:.3f}" for name in ("allocated", "process"))
        sizes = (_mega(r[name]) for name in (*columns, "process"))
        rows.append([r["net"], str(r["batch"]), *sizes, *ratios])
    return _table(rows)


_TITLES = {"predicted": "footprint"}
_COLUMNS = {"plain": ("tensors", "allocated"), "fast": ("tensors", "predicted", "allocated")}


def _mega(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _table(rows: list[list[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


_HEAD = """# How much memory the nets take

Made by `python benchmarks/memory.py` and `python benchmarks/memory.py --zoo`. Megabytes (millions of bytes),
float32, one thread, each figure from a process of its own that has run the net before: the greatest resident
set of three steps (one of the plain kernels) with a new executable or PyTorch module, less what was resident
before it was made.

- A training step is forward, backward and SGD with momentum. PyTorch runs eagerly, sets gradients to None,
  and overwrites with a ReLU what nothing else reads, as torchvision's nets do.
- *Tensors* is what `cnnspec show` and `costs` say: the algorithm's own tensors, with weights, gradients and
  momentum. The plain kernels (`math="plain"`) hold exactly these.
- *Footprint* is what `cnnspec plan` says: what the fast backend (`math="fast"`) allocates, with padding,
  workspaces and packed weights, without what it fuses.
- *Allocated* adds up the arrays.
- Python's own objects are some hundred kilobytes, for WaveNet's many layers some megabytes: they are in the
  process, and where a net is not much larger they are what its last column shows.
"""


if __name__ == "__main__":
    main()
