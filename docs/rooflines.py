"""Draw `images/roofline-*.png`: two nets below the roofline of this machine. It needs matplotlib."""

from __future__ import annotations

import sys
from pathlib import Path

from cnnspec.cli.main import run

HERE = Path(__file__).parent
SPECS = HERE.parent / "specs"
PICTURES = {
    "roofline-inference.png": ("resnet50.cnn",),
    "roofline-training.png": ("resnet20_cifar.cnn", "--training", "--batch", "16"),
}


def main() -> int:
    """Time both nets on one thread, and draw."""
    for name, (spec, *options) in PICTURES.items():
        target = HERE / "images" / name
        code = run(
            ["bench", str(SPECS / spec), *options, "--threads", "1", "--seconds", "8", "--png", str(target)]
        )
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
