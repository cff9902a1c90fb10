"""How long all symbolic answers about a net take in process: expanded, analysed, its legal sizes found.

Medians of processor time over several runs, imports and reading of the text aside. The targets are those of
issue 4: ResNet-152 in H and W 50 ms, sixty residual additions 1 s, DenseNet-201 0.2 s.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from cnnspec import api
from cnnspec.analysis.facts import analyse
from cnnspec.analysis.legal_sizes import legal_sizes

SPECS = Path(__file__).parents[1] / "specs"
RUNS = 9

LADDER = "\n".join(
    [
        "net ladder():",
        "    input image: [3, H, W]",
        "    conv(64, 7, stride=2, pad=3)",
        *(
            f"    skip{n} = it\n    conv(64, 3, pad=1) -> conv(64, 3, pad=1)\n    it + skip{n}"
            for n in range(60)
        ),
        "    output relu",
        "",
    ]
)


def densenet201() -> str:
    """DenseNet-121 with the depths of DenseNet-201."""
    text = (SPECS / "densenet121.cnn").read_text(encoding="utf-8")
    head, _, _ = text.partition("    expect")
    return head.replace("[6, 12, 24]", "[6, 12, 48]").replace("repeat 16:", "repeat 32:")


CASES = {
    "ResNet-152, H and W": (api.load(SPECS / "resnet152.cnn"), 0.050),
    "DenseNet-201, H and W": (api.loads(densenet201()), 0.200),
    "60 residual additions": (api.loads(LADDER), 1.000),
    "U-Net, H and W": (api.load(SPECS / "unet.cnn"), None),
}


def answers(spec: api.Spec) -> tuple[float, float, float]:
    """The seconds that expanding, analysing and finding the legal sizes take."""
    start = time.process_time()
    graph = spec.net().symbolic().graph
    expanded = time.process_time()
    analyse(graph)
    analysed = time.process_time()
    legal_sizes(graph)
    return expanded - start, analysed - expanded, time.process_time() - analysed


def main() -> None:
    """Print a line a net: milliseconds for each step and in all, and the target."""
    print(f"{'net':<24}{'expand':>9}{'analyse':>9}{'sizes':>9}{'all':>9}{'target':>9}   (ms)")
    for name, (spec, target) in CASES.items():
        answers(spec)
        steps = [statistics.median(step) for step in zip(*(answers(spec) for _ in range(RUNS)), strict=True)]
        numbers = "".join(f"{1000 * value:>9.1f}" for value in (*steps, sum(steps)))
        print(f"{name:<24}{numbers}{'' if target is None else f'{1000 * target:>9.0f}'}")


if __name__ == "__main__":
    main()
