"""Peak memory: how much of the arena a run really touches."""

from __future__ import annotations

import numpy as np

from cnnspec.analysis.facts import Analysis
from cnnspec.backend.certificate import Claim, Section, Topic, Verdict
from cnnspec.backend.executable import Arrays, Executable
from cnnspec.backend.plan.model import Plan, Role
from cnnspec.backend.plan.sizes import whole
from cnnspec.dims.units import in_bytes

_HOW = (
    "the memory of the run was filled with two patterns before two runs, and the bytes that changed were "
    "counted (scratch memory of kernels apart); within 10 %, for the gaps that packing leaves"
)
_TOLERANCE = 0.10


def check_memory(analysis: Analysis, executable: Executable, inputs: Arrays) -> Section:
    """Compare the peak of activations at inference; the executable must be planned for inference."""
    plan = executable.plan
    expected = whole(analysis.inference_peak(plan.batch, plan.width).bytes)
    measured = _touched(executable, inputs) - _scratch(plan)
    close = abs(measured - expected) <= _TOLERANCE * expected
    verdict = Verdict.HOLDS if close else Verdict.FAILS
    claim = Claim(Topic.MEMORY, "activations at inference", in_bytes(expected), in_bytes(measured), verdict)
    return Section(Topic.MEMORY, _HOW, (claim,))


def _touched(executable: Executable, inputs: Arrays) -> int:
    arena = executable.storage.arena
    changed = np.zeros(arena.shape, np.bool_)
    for pattern in (0x5A, 0xA5):
        arena.fill(pattern)
        executable.forward(inputs, training=False)
        changed |= arena != pattern
    return int(changed.sum())


def _scratch(plan: Plan) -> int:
    """The bytes that only scratch buffers use."""
    used = np.zeros(plan.memory.arena, np.bool_)
    for buffer in plan.buffers:
        if buffer.role is not Role.WORKSPACE:
            used[buffer.offset : buffer.offset + buffer.bytes] = True
    scratch = np.zeros_like(used)
    for buffer in plan.buffers:
        if buffer.role is Role.WORKSPACE:
            scratch[buffer.offset : buffer.offset + buffer.bytes] = True
    return int((scratch & ~used).sum())
