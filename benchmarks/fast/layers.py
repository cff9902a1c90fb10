"""Time single convolutions, forward and both gradients, against the processor's peak; print lines of JSON.

python benchmarks/fast/layers.py --threads 1

The sums are those of the definition (`math="exact"`). Each gradient is timed in a net that needs no other:
the weights before the layer, or its own, are frozen. A first layer reads the image, as it does in its net.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

from cnnspec import pipeline
from cnnspec.backend.sections import Stage
from cnnspec.bench.job import job_of
from cnnspec.bench.limits import measure_limits
from cnnspec.bench.profile import profile

LAYER = "layer"
DATA, WEIGHTS = "data gradient", "weight gradient"
IMAGE = 3
"""Channels of a first layer's input, of which nobody wants a gradient."""
TIMES = 2
"""Every layer is timed so often, the machine's limits between, and the quicker one counts."""


@dataclass(frozen=True)
class Shape:
    """A convolution of a published net: square maps and windows, `same` padding."""

    net: str
    channels: int
    outputs: int
    size: int
    kernel: int
    stride: int = 1
    batch: int = 8

    @property
    def name(self) -> str:
        """As people write it."""
        window = f"{self.kernel}×{self.kernel}" + (f" / {self.stride}" if self.stride > 1 else "")
        return f"{self.net} {self.channels}→{self.outputs} {window} at {self.size}×{self.size}"

    def text(self, wanted: str) -> str:
        """A net with the layer in it, in which one gradient of the layer is wanted."""
        pad = (self.kernel - 1) // 2
        before = f"conv({self.channels}, 1, bias=false{', frozen' if wanted == WEIGHTS else ''}) -> "
        if self.channels == IMAGE:
            before = ""
        frozen = ", frozen" if wanted == DATA else ""
        layer = f"conv({self.outputs}, {self.kernel}, {self.stride}, pad={pad}, bias=false{frozen})"
        return (
            f"net one:\n    input image: [{self.channels}, {self.size}, {self.size}]\n"
            f"    {before}{layer} as {LAYER}\n    output global_avgpool -> flatten -> linear(2)\n"
        )


SHAPES = (
    Shape("VGG-16", 64, 64, 224, 3, batch=2),
    Shape("VGG-16", 128, 128, 112, 3, batch=4),
    Shape("VGG-16", 256, 256, 56, 3),
    Shape("VGG-16", 512, 512, 28, 3),
    Shape("VGG-16", 512, 512, 14, 3),
    Shape("ResNet-50", 3, 64, 224, 7, 2),
    Shape("ResNet-50", 64, 64, 56, 3),
    Shape("ResNet-50", 128, 128, 28, 3),
    Shape("ResNet-50", 256, 256, 14, 3),
    Shape("ResNet-50", 512, 512, 7, 3),
    Shape("ResNet-50", 64, 256, 56, 1),
    Shape("ResNet-50", 512, 128, 28, 1),
    Shape("ResNet-50", 256, 1024, 14, 1),
    Shape("ResNet-50", 2048, 512, 7, 1),
    Shape("ResNet-50", 128, 128, 56, 3, 2),
    Shape("ResNet-50", 256, 512, 56, 1, 2),
    Shape("AlexNet", 64, 192, 27, 5),
    Shape("AlexNet", 192, 384, 13, 3),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.7, help="for each pass of a layer")
    options = parser.parse_args()
    for shape in SHAPES:
        print(json.dumps(_measured(shape, options.threads, options.seconds)), flush=True)


def _measured(shape: Shape, threads: int, seconds: float) -> dict[str, object]:
    """FLOP a second of each pass, and the limits of the machine at that time."""
    limits = measure_limits(threads, seconds / 2)
    rates: dict[str, float] = {}
    for _ in range(TIMES):
        for wanted in (WEIGHTS,) if shape.channels == IMAGE else (WEIGHTS, DATA):
            for name, rate in _rates(shape, wanted, threads, seconds).items():
                rates[name] = max(rate, rates.get(name, 0.0))
            limits = limits.best(measure_limits(threads, seconds / 2))
    return {
        "kind": "layer",
        "layer": shape.name,
        "batch": shape.batch,
        "threads": threads,
        "rates": rates,
        "limits": asdict(limits),
    }


def _rates(shape: Shape, wanted: str, threads: int, seconds: float) -> dict[str, float]:
    """FLOP a second of the layer's forward pass and of the gradient that is wanted."""
    loaded = pipeline.load_text(shape.text(wanted))
    graph = pipeline.elaborate(loaded.spec).graph
    plan = pipeline.plan(graph, batch=shape.batch, training=True)
    executable = pipeline.compile(plan, math="exact", threads=threads)
    rows = profile(executable, job_of(executable, graph), pipeline.analyse(graph), seconds).rows
    names = {Stage.FORWARD: "forward", Stage.BACKWARD: wanted}
    return {names[Stage(row.stage)]: row.rate for row in rows if row.path == LAYER and row.stage in names}


if __name__ == "__main__":
    main()
