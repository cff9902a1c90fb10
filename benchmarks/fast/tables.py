"""The tables of RESULTS.md, from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import Any

NETS = ("lenet5", "alexnet", "vgg16", "googlenet", "resnet50", "mobilenet_v2")
OURS = ("exact", "fast")
KINDS = {"inference": "Inference", "training": "A training step"}
SCALING = "scaling"
PASSES = ("forward", "data gradient", "weight gradient")
SPREAD = 0.15
"""A median so far above the quickest sample is marked: something disturbed it."""

Result = Mapping[str, Any]


def training_batch(net: str) -> int:
    """The samples of a training step."""
    return 64 if net == "lenet5" else 8


def of_kind(results: Iterable[Result], kind: str) -> list[Result]:
    """The results of one kind, the nets in their order."""
    found = [result for result in results if result["kind"] == kind]
    return sorted(found, key=lambda r: NETS.index(r["net"]) if "net" in r else 0)


def ratios(result: Result) -> dict[str, float]:
    """The time of the best peer over ours, of medians."""
    times = {name: timing["middle"] for name, timing in result["timings"].items()}
    best = min((time for name, time in times.items() if name not in OURS), default=None)
    return {name: best / times[name] for name in OURS if best and name in times}


def geometric_mean(values: Sequence[float]) -> float:
    return exp(sum(map(log, values)) / len(values))


def speeds(results: Sequence[Result]) -> str:
    """A table for each kind and number of threads: milliseconds, and ours against the best peer."""
    parts: list[str] = []
    for kind, what in KINDS.items():
        mine = of_kind(results, kind)
        groups = dict.fromkeys(
            (r["threads"], r["batch"] if kind == "inference" else 0)
            for r in sorted(mine, key=lambda r: (r["threads"], r["batch"]))
        )
        for threads, batch in groups:
            chosen = [r for r in mine if r["threads"] == threads and batch in (0, r["batch"])]
            title = f"## {what}{f', batch {batch}' if batch else ''}, {_threads(threads)}"
            parts.append(f"{title}\n\n{_speeds(chosen)}")
    return "\n".join(parts)


def _speeds(results: Sequence[Result]) -> str:
    peers = list(dict.fromkeys(n for r in results for n in r["timings"] if n not in OURS))
    lines = [["net", "batch", *OURS, *peers, *(f"{name} ÷ best" for name in OURS)]]
    for result in results:
        row = [result["net"], str(result["batch"])]
        row += [_time(result["timings"].get(name)) for name in (*OURS, *peers)]
        row += [f"{ratios(result)[name]:.2f}" if name in ratios(result) else "–" for name in OURS]
        lines.append(row)
    means = [_mean([ratios(r)[name] for r in results if name in ratios(r)]) for name in OURS]
    lines.append(["geometric mean", *[""] * (len(lines[0]) - 3), *means])
    return table(lines)


def _time(timing: Mapping[str, float] | None) -> str:
    if timing is None:
        return "–"
    mark = " *" if timing["middle"] > (1 + SPREAD) * timing["least"] else ""
    return f"{timing['middle'] * 1e3:.3g}{mark}"


def _mean(values: Sequence[float]) -> str:
    return f"**{geometric_mean(values):.2f}**" if values else "–"


def errors(results: Sequence[Result]) -> str:
    """The float32 error of whole nets, and over PyTorch's."""
    lines = [["net", *OURS, "PyTorch", *(f"{name} ÷ PyTorch" for name in OURS)]]
    for result in of_kind(results, "inference"):
        found = result["errors"]
        if (result["batch"], result["threads"]) != (8, 1) or "eager" not in found:
            continue
        torch = found["eager"]
        lines.append(
            [
                result["net"],
                *(f"{found[name]:.1e}" for name in OURS),
                f"{torch:.1e}",
                *(f"{found[name] / torch:.2f}" for name in OURS),
            ]
        )
    return table(lines)


def scaling(first: Sequence[Result], second: Sequence[Result]) -> str:
    """One thread's time over that of two, of both runs."""
    columns = [(kind, name) for kind in KINDS for name in OURS]
    lines = [["net", *(f"{kind}, {name}" for kind, name in columns)]]
    runs = [{(r["net"], r["pass"], r["math"]): r for r in of_kind(run, SCALING)} for run in (first, second)]
    for net in NETS:
        found = [[run[net, *column] for run in runs if (net, *column) in run] for column in columns]
        if any(found):
            lines.append([net, *(" · ".join(map(_gain, cell)) or "–" for cell in found)])
    return table(lines) if len(lines) > 1 else ""


def _gain(result: Result) -> str:
    one, two = (result["timings"][threads]["middle"] for threads in ("1", "2"))
    return f"{one / two:.2f}"


def layers(results: Sequence[Result]) -> str:
    """Single convolutions: GFLOP/s of each pass, and the share of the peak measured beside it."""
    parts: list[str] = []
    for threads in sorted({r["threads"] for r in of_kind(results, "layer")}):
        chosen = [r for r in of_kind(results, "layer") if r["threads"] == threads]
        lines = [["layer", "batch", *PASSES, "peak, GFLOP/s"]]
        for result in chosen:
            peak = result["limits"]["peak"]
            lines.append(
                [result["layer"], str(result["batch"])]
                + [_share(result["rates"].get(name), peak) for name in PASSES]
                + [f"{peak / 1e9:.0f}"]
            )
        parts.append(f"### {_threads(threads).capitalize()}\n\n{table(lines)}")
    return "\n".join(parts)


def _share(rate: float | None, peak: float) -> str:
    return "–" if rate is None else f"{rate / 1e9:.0f} ({100 * rate / peak:.0f} %)"


def memory(results: Sequence[Result]) -> str:
    """The peak of a training step in MB beside PyTorch's."""
    found = {(r["who"], r["net"], r["batch"]): r for r in results if r["kind"] == "training"}
    lines = [["net", "batch", "cnnspec, MB", "PyTorch eager, MB", "ratio"]]
    for net in NETS:
        ours, theirs = (found.get((who, net, training_batch(net))) for who in ("fast", "eager"))
        if ours and theirs:
            mine, other = ours["process"], theirs["process"]
            lines.append(
                [net, str(ours["batch"]), f"{mine / 1e6:.0f}", f"{other / 1e6:.0f}", f"{mine / other:.2f}"]
            )
    return table(lines)


def repeated(first: Sequence[Result], second: Sequence[Result]) -> str:
    """The ratios of two runs beside each other, as geometric means over what both measured."""
    first, second = ([r for r in run if r["kind"] in KINDS] for run in (first, second))
    both = {_key(r) for r in first} & {_key(r) for r in second}
    first, second = ([r for r in run if _key(r) in both] for run in (first, second))
    lines = [["figure", *(f"{name}, {run} run" for name in OURS for run in ("first", "second"))]]
    for kind, what in KINDS.items():
        keys = dict.fromkeys((r["threads"], r["batch"] > 1) for r in of_kind(second, kind))
        for threads, many in sorted(keys):
            row = [f"{what}, {'a batch' if many else 'batch 1'}, {_threads(threads)}"]
            for name in OURS:
                for results in (first, second):
                    chosen = [
                        ratios(r)[name]
                        for r in of_kind(results, kind)
                        if (r["threads"], r["batch"] > 1) == (threads, many) and name in ratios(r)
                    ]
                    row.append(f"{geometric_mean(chosen):.2f}" if chosen else "–")
            lines.append(row)
    return table(lines)


def _key(result: Result) -> tuple[Any, ...]:
    return tuple(result[name] for name in ("kind", "net", "batch", "threads"))


def table(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first the head, as Markdown."""
    head, *rows = lines
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, ["---"] * len(head), *rows))


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"
