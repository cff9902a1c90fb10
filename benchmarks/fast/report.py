"""Run the figures and write RESULTS.md.

python benchmarks/fast/report.py               everything (an hour)
python benchmarks/fast/report.py --quick       without torch.compile, which takes a minute a net
python benchmarks/fast/report.py --again       a second run, which is set beside the first
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tables

HERE = Path(__file__).parent
ROOM = HERE.parent
RESULTS, NOTES = ROOM / "RESULTS.md", HERE / "notes.md"
RAW, SECOND, MEMORY = ROOM / "results.json", ROOM / "results-second.json", ROOM / "memory.json"
MOST_SECONDS = 900
FIGURES = ("nets", "layers", tables.SCALING)
VERSIONS = ("numba", "llvmlite", "numpy", "torch", "onnxruntime", "openvino")

Result = dict[str, Any]
Timings = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--seconds", default="1.5", help="for each implementation of a net")
    parser.add_argument("--nets", default=",".join(tables.NETS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--processes", type=int, default=2, help="of each, the best of which is shown")
    parser.add_argument("--only", choices=FIGURES, action="append", help="may be given several times")
    parser.add_argument("--write", action="store_true", help="only write the report from what is there")
    options = parser.parse_args()
    target = SECOND if options.again else RAW
    if not options.write:
        wanted, counts = options.only or FIGURES, [*map(int, options.threads.split(","))]
        for threads in counts:
            if "nets" in wanted:
                _run_nets(target, threads, options)
            if "layers" in wanted:
                _keep(target, _lines("layers.py", "--threads", str(threads)))
        if tables.SCALING in wanted and max(counts) > 1:
            _run_scaling(target, options)
    RESULTS.write_text(_text(_read(RAW), _read(SECOND), _read(MEMORY)))


def _run_nets(target: Path, threads: int, options: argparse.Namespace) -> None:
    for net in options.nets.split(","):
        for kind, batch in (("inference", 1), ("inference", 8), ("training", tables.training_batch(net))):
            result = _measured(kind, net, batch, threads, options)
            if result:
                _keep(target, [result])


def _run_scaling(target: Path, options: argparse.Namespace) -> None:
    for net in options.nets.split(","):
        for kind, batch in (("inference", 8), ("training", tables.training_batch(net))):
            for name in tables.OURS:
                arguments = ["--batch", str(batch), "--math", name, "--seconds", options.seconds]
                _keep(target, _lines("scaling.py", kind, net, *arguments))


def _measured(kind: str, net: str, batch: int, threads: int, options: argparse.Namespace) -> Result | None:
    """One thread: all in one process, in turns. More: each in processes of its own; the best counts."""
    peers = ["eager", "channels-last", *([] if options.quick else ["compile"])]
    names = [*tables.OURS, *peers, *(["onnxruntime", "openvino"] if kind == "inference" else [])]
    groups = [names] if threads == 1 else [[name] for name in names] * options.processes
    merged: Result | None = None
    for group in groups:
        arguments = ["--batch", str(batch), "--threads", str(threads), "--seconds", options.seconds]
        for result in _lines("measure.py", kind, net, *arguments, "--only", ",".join(group)):
            if merged is None:
                merged = result
            else:
                merged["timings"] = _better(merged["timings"], result["timings"])
                merged["errors"].update(result["errors"])
    if merged:
        merged["when"], merged["load"] = time.strftime("%Y-%m-%d %H:%M", time.gmtime()), os.getloadavg()[0]
        times = {name: f"{timing['middle'] * 1e3:.3f}" for name, timing in merged["timings"].items()}
        print(kind, net, f"batch {batch}, threads {threads}", times, flush=True)
    return merged


def _better(one: Timings, other: Timings) -> Timings:
    """Of each implementation the timing with the lesser median."""
    names = dict.fromkeys((*one, *other))
    found = {name: [timings[name] for timings in (one, other) if name in timings] for name in names}
    return {name: min(timings, key=lambda timing: timing["middle"]) for name, timings in found.items()}


def _lines(script: str, *arguments: str) -> list[Result]:
    """The lines of JSON that a script prints; where it fails that is said, and the rest goes on."""
    command = [sys.executable, "-W", "ignore", str(HERE / script), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        print(script, *arguments, f"took more than {MOST_SECONDS} s", file=sys.stderr)
        return []
    if done.returncode:
        print(script, *arguments, done.stderr.strip().splitlines()[-1:], file=sys.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _keep(target: Path, found: list[Result]) -> None:
    """Replace what was measured before of the same."""
    new = {_key(result) for result in found}
    kept = [*(result for result in _read(target) if _key(result) not in new), *found]
    target.write_text(json.dumps(kept, indent=1) + "\n")


def _key(result: Result) -> tuple[Any, ...]:
    return tuple(result.get(name) for name in ("kind", "pass", "net", "layer", "batch", "math", "threads"))


def _read(path: Path) -> list[Result]:
    return json.loads(path.read_text()) if path.exists() else []


def _text(first: list[Result], second: list[Result], memory: list[Result]) -> str:
    sections = {
        "Two threads over one": (_SCALING, tables.scaling(first, second)),
        "Single convolutions": (_LAYERS, tables.layers(first)),
        "Error in float32": (_ERRORS, tables.errors(first)),
        "Memory of a training step": (_MEMORY, tables.memory(memory)),
        "A second run": (_SECOND, tables.repeated(first, second) if second else ""),
    }
    parts = [f"## {title}\n\n{words}\n\n{body}" for title, (words, body) in sections.items() if body]
    notes = NOTES.read_text() if NOTES.exists() else ""
    return "\n".join([_HEAD.format(**_setting(first)), tables.speeds(first), *parts, notes])


def _setting(results: list[Result]) -> dict[str, str]:
    whens = sorted(result["when"] for result in results if "when" in result)
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "cpu": f"{len(cpus)} cores of {cpus[0].split(':')[1].strip()}, {platform.system()}",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in VERSIONS),
        "when": f"{whens[0]} to {whens[-1][-5:]} UTC" if whens else "at an unknown time",
    }


_HEAD = """# How fast the nets run

Made by `make bench` (`python benchmarks/fast/report.py`, then `--again`), {when}, on {cpu};
{versions}.

Milliseconds, medians; `*` marks a median more than 15 % above the quickest sample, which another process or
the clock disturbed. The ratio is the time of the best peer over ours, so more than 1 is faster than every
peer. At one thread all take turns in one process; at two each has processes of its own, because thread pools
of two frameworks disturb each other: two of them, not one after the other, the better of which is shown.
`exact` keeps the sums that layers define, `fast` uses Winograd's. The peers have the same weights (normal,
variance 2 / fan-in) and inputs; a training step is the forward pass, the loss, the backward pass and SGD with
momentum. Our times include the Python interface (`Executable.forward`), as theirs do.
"""
_SCALING = """Batch 8, and 64 for LeNet-5 in training: the time of one thread over that of two, which took
turns in a process without the peers; two numbers are those of the two runs."""
_LAYERS = """The sums of the definition (`math="exact"`), each pass timed inside a small net: GFLOP/s, and the
share of the peak of multiply-adds measured in the same minute."""
_ERRORS = """Against PyTorch in float64, batch 8: the largest error over the largest part of the outputs that
depends on the input."""
_MEMORY = """The greatest resident set of a process of its own, less what was resident before the net was made
(`python benchmarks/memory.py`; predictions beside measurements are in [MEMORY.md](MEMORY.md))."""
_SECOND = "Geometric means of the ratios to the best peer, over what was measured in both runs."

if __name__ == "__main__":
    main()
