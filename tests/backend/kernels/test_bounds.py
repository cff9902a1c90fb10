"""Every operation with every index checked, in a process of its own, on arrays between bands of NaN."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]
PROGRAM = """
import numpy as np
from backend.kernels.cases import CASES
from backend.kernels.running import run
from cnnspec.backend.kernels import convolution

try:
    convolution.sum_channels(0, 5, np.zeros(20), np.zeros(4), 1, 5)
except IndexError:
    print("indices are checked")

for case in CASES:
    inputs, weights = case.arrays()
    result = run(case.operation, inputs, weights, outputs=case.outputs)
    assert all(np.isfinite(array).all() for array in result.arrays()), case.name
    print(case.name)
"""


def test_no_index_is_out_of_bounds() -> None:
    variables = {**os.environ, "CNNSPEC_BOUNDSCHECK": "1", "PYTHONPATH": str(TESTS)}
    arguments = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(arguments, env=variables, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    first, *names = done.stdout.splitlines()
    assert first == "indices are checked"
    assert len(names) > 50
