"""How long a command takes from the first byte of Python to its last, as a multiple of an empty program.

    python benchmarks/startup.py [RUNS]

The bounds are those that `tests/cli/test_startup.py` holds with a margin for busy machines.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
EMPTY = ("-c", "pass")
COMMANDS = {
    "check specs/lenet5.cnn": 0.250,
    "check specs/resnet50.cnn": None,
    "show specs/lenet5.cnn": None,
    "show specs/resnet50.cnn": 0.500,
    "show specs/resnet50.cnn --symbolic": None,
    "explain specs/resnet50.cnn conv_bn1.conv1": None,
    "--help": None,
}
"""What is measured, with the seconds it may take where there is a bound."""


def seconds(arguments: tuple[str, ...]) -> float:
    """One run of the interpreter, whole."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def typical(arguments: tuple[str, ...], runs: int) -> float:
    """The median of some runs, after one that fills the caches."""
    seconds(arguments)
    return statistics.median(seconds(arguments) for _ in range(runs))


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    empty = typical(EMPTY, runs)
    print(f"{'python -c pass':<44} {empty * 1000:6.0f} ms")
    for command, bound in COMMANDS.items():
        taken = typical(("-m", "cnnspec", *command.split()), runs)
        verdict = (
            ""
            if bound is None
            else f"  (at most {bound * 1000:.0f} ms: {'ok' if taken <= bound else 'TOO SLOW'})"
        )
        print(f"{'cnnspec ' + command:<44} {taken * 1000:6.0f} ms  {taken / empty:5.1f} ×{verdict}")


if __name__ == "__main__":
    main()
