"""What `cnnspec bench` measured as plain records, as `docs/schema/bench.schema.json` describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from cnnspec import __version__
from cnnspec.bench.benching import Bench
from cnnspec.bench.contest import Result
from cnnspec.bench.profile import LayerTime, Profile
from cnnspec.diagnostics.styled import Line
from cnnspec.report.document import document, finite
from cnnspec.report.records import Record


def bench_json(bench: Bench, spec: str) -> Iterator[Line]:
    """The document, indented."""
    return document("bench", bench_record(bench, spec))


def bench_record(bench: Bench, spec: str) -> Record:
    """Times in seconds, rates a second, work of one run of the batch."""
    return {
        "cnnspec": __version__,
        "spec": spec,
        "net": bench.analysis.graph.name,
        "run": "training" if bench.training else "inference",
        "batch": bench.batch,
        "threads": bench.threads,
        "math": bench.math,
        "flops": bench.flops,
        "winograd": bench.winograd,
        "interrupted": bench.interrupted,
        "machine": {
            "flops_per_second": bench.limits.peak,
            "memory_bytes_per_second": bench.limits.memory,
            "cache_bytes_per_second": bench.limits.cache,
        },
        "implementations": [_implementation(bench, result) for result in bench.results],
        "profile": None if bench.profile is None else _profile(bench, bench.profile),
    }


def _implementation(bench: Bench, result: Result) -> Record:
    timing = result.timing
    middle = timing.middle if timing else None
    return {
        "name": result.name,
        "seconds": asdict(timing) if timing else None,
        "images_per_second": bench.batch / middle if middle else None,
        "flops_per_second": bench.flops / middle if middle else None,
        "share_of_peak": bench.flops / middle / bench.limits.peak if middle else None,
        "difference": finite(result.difference),
        "problem": result.problem,
    }


def _profile(bench: Bench, profile: Profile) -> Record:
    return {
        "rounds": profile.rounds,
        "seconds": profile.seconds,
        "flops": profile.flops,
        "layers": [_layer(bench, row) for row in profile.rows],
    }


def _layer(bench: Bench, row: LayerTime) -> Record:
    roof = row.roof(bench.limits.device)
    return {
        "stage": row.stage,
        "path": row.path,
        "layers": list(row.layers),
        "algorithm": row.algorithm,
        "seconds": row.seconds,
        "flops": row.flops,
        "moved_bytes": row.moved,
        "flops_per_second": row.rate if row.seconds else None,
        "intensity": row.intensity if row.moved else None,
        "bound": roof.bound.value if roof else None,
        "share_of_roof": float(roof.seconds) / row.seconds if roof and row.seconds else None,
    }
