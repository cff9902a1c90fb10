"""Run the figures and write RESULTS.md.

python benchmarks/fast/report.py               everything
python benchmarks/fast/report.py --quick       without torch.compile, which takes a minute a net
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from math import exp, log
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE.parent / "RESULTS.md"
RAW = HERE.parent / "results.json"
NETS = ("lenet5", "alexnet", "vgg16", "googlenet", "resnet50", "mobilenet_v2")
OURS = ("exact", "fast")
KINDS = ("training", "inference")

Result = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", default="1.5")
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--write", action="store_true", help="only write the report from results.json")
    options = parser.parse_args()
    results: list[Result] = json.loads(RAW.read_text()) if RAW.exists() else []
    if not options.write:
        for kind, net, batch, threads in _wanted(options.nets.split(",")):
            result = _measured(kind, net, batch, threads, options)
            if result:
                results = [*(r for r in results if _key(r) != _key(result)), result]
                RAW.write_text(json.dumps(results, indent=1))
    RESULTS.write_text(_text(results))


def _key(result: Result) -> tuple[Any, ...]:
    return tuple(result[name] for name in ("kind", "net", "batch", "threads"))


def _wanted(nets: list[str]) -> list[tuple[str, str, int, int]]:
    def batch(kind: str, net: str) -> tuple[int, ...]:
        if kind == "inference":
            return 1, 8
        return (64,) if net == "lenet5" else (8,)

    return [(k, n, b, t) for t in (1, 2) for n in nets for k in KINDS for b in batch(k, n)]


def _measured(kind: str, net: str, batch: int, threads: int, options: argparse.Namespace) -> Result | None:
    """One thread: all in one process, in turns. More: each in a process of its own."""
    peers = ["eager", "channels-last", *([] if options.quick else ["compile"])]
    names = [*OURS, *peers, *(["onnxruntime", "openvino"] if kind == "inference" else [])]
    groups = [names] if threads == 1 else [[name] for name in names]
    merged: Result | None = None
    for group in groups:
        command = [sys.executable, "-W", "ignore", str(HERE / "measure.py"), kind, net]
        command += ["--batch", str(batch), "--threads", str(threads), "--seconds", options.seconds]
        done = subprocess.run(
            [*command, "--only", ",".join(group)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(
                f"{kind} {net} {batch} {threads} {group}: {done.stderr.strip().splitlines()[-1:]}",
                file=sys.stderr,
            )
            continue
        result = json.loads(done.stdout.strip().splitlines()[-1])
        if merged is None:
            merged = result
        else:
            merged["timings"].update(result["timings"])
            merged["errors"].update(result["errors"])
    if merged:
        times = {name: f"{timing['least'] * 1e3:.3f}" for name, timing in merged["timings"].items()}
        print(kind, net, f"batch {batch}, threads {threads}", times, flush=True)
    return merged


def _text(results: list[Result]) -> str:
    parts = [_HEAD.format(machine=_machine())]
    for kind, what in (("inference", "Inference"), ("training", "A training step")):
        for batch, threads in sorted({(r["batch"], r["threads"]) for r in results if r["kind"] == kind}):
            chosen = [r for r in results if (r["kind"], r["batch"], r["threads"]) == (kind, batch, threads)]
            if chosen:
                parts.append(
                    f"## {what}, batch {batch}, {threads} thread{'s' * (threads > 1)}\n\n{_table(chosen)}"
                )
    notes = HERE / "notes.md"
    return "\n".join(parts) + ("\n" + notes.read_text() if notes.exists() else "")


def _table(results: list[Result]) -> str:
    """Milliseconds of each, and how many times as fast as the best peer ours are."""
    peers = list(dict.fromkeys(n for r in results for n in r["timings"] if n not in OURS))
    head = ["net", *OURS, *peers, "exact ÷ best", "fast ÷ best"]
    lines = [head, ["---"] * len(head)]
    ratios: dict[str, list[float]] = {name: [] for name in OURS}
    for result in sorted(results, key=lambda r: NETS.index(r["net"])):
        least = {name: timing["least"] * 1e3 for name, timing in result["timings"].items()}
        best = min((least[name] for name in peers if name in least), default=None)
        row = [result["net"], *(f"{least[n]:.3g}" if n in least else "–" for n in (*OURS, *peers))]
        for name in OURS:
            if best and name in least:
                ratios[name].append(best / least[name])
                row.append(f"{ratios[name][-1]:.2f}")
            else:
                row.append("–")
        lines.append(row)
    means = [f"**{exp(sum(map(log, r)) / len(r)):.2f}**" if r else "–" for r in ratios.values()]
    lines.append(["geometric mean", *[""] * (len(head) - 3), *means])
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _machine() -> str:
    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return f"{len(names)} cores of {names[0]}, {platform.system()}, Python {platform.python_version()}"


_HEAD = """# How fast the nets run

Made by `python benchmarks/fast/report.py` on {machine}. Milliseconds of the quickest of many
short samples; the ratio is the time of the best peer over ours, so more than 1 is faster than every peer. At
one thread all take turns in one process; at two each has a process of its own, because thread pools of two
frameworks disturb each other. `exact` keeps the sums that layers define, `fast` uses Winograd's. The peers
have the same weights (normal, variance 2 / fan-in) and inputs. Our times include the Python interface
(`Executable.forward`), as theirs do.
"""

if __name__ == "__main__":
    main()
