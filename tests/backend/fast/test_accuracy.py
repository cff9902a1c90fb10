"""Single precision where it is hard: long sums of one sign, means far from zero, pixels far out."""

from __future__ import annotations

import numpy as np
import pytest
from backend.nets import graph

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan

pytest.importorskip("torch")
import torch
from torch_nets import TorchNet

UNIT = float(np.finfo(np.float32).eps) / 2

LONG = {
    "4,608 products": ("conv(16, 3, pad=1)", (512, 7, 7), 1, 24),
    "6,272 pixels": ("conv(16, 3, pad=1)", (16, 56, 56), 2, 24),
    "1,024 channels": ("conv(16, 1)", (1024, 5, 5), 2, 24),
    "spread from 256 channels": ("conv_transpose(16, 2, stride=2)", (256, 7, 7), 1, 24),
    "depthwise": ("conv(48, 3, pad=1, groups=48)", (48, 40, 40), 4, 24),
    "4,096 features": ("flatten -> linear(16)", (64, 8, 8), 8, 24),
    "the mean of 4,096 pixels": ("global_avgpool", (16, 64, 64), 1, 12),
    "the mean of 12,000 pixels": ("global_avgpool", (3, 100, 120), 2, 16),
}


def step(text: str, x: np.ndarray, dy: np.ndarray, math: str) -> dict[str, np.ndarray]:
    """All that a layer gives, in single precision."""
    plan = make_plan(graph(text), batch=len(x), training=True, input_gradients=True)
    net = Executable(plan, seed=1, math=math)
    with net.writing() as weights:
        for array in weights.values():
            array[...] = np.abs(array)
    found = {"output": net.forward(x)}
    net.backward(dy)
    found |= {"input": net.input_gradients["x"], **net.gradients}
    return found | {name: array for name, array in net.buffers.items() if "running" in name}


def exact(text: str, x: np.ndarray, dy: np.ndarray, dtype: str = "float64") -> dict[str, np.ndarray]:
    """The same by PyTorch, in double precision."""
    net = graph(text)
    start = Executable(make_plan(net, batch=1, training=True), seed=1).state
    state = {name: np.abs(array).astype(dtype) for name, array in start.items()}
    theirs = TorchNet(net, state)
    (output,) = theirs({"x": x.astype(dtype)}, training=True).values()
    output.backward(torch.tensor(dy.astype(dtype)))
    found = {"output": output.detach().numpy(), "input": theirs.inputs["x"].grad.numpy()}
    for name, weight in theirs.weights.items():
        if weight.requires_grad:
            found[name] = weight.grad.numpy()
        elif "running" in name:
            found[name] = weight.numpy()
    return found


@pytest.mark.parametrize("math", ["exact", "fast"])
@pytest.mark.parametrize(("words", "shape", "batch", "units"), LONG.values(), ids=LONG.keys())
def test_long_sums_of_one_sign(words: str, shape: tuple[int, ...], batch: int, units: int, math: str) -> None:
    """All terms are positive, so every result is its Σ|w||x|."""
    text = f"net n():\n    input x: {list(shape)}\n    output {words}\n"
    plan = make_plan(graph(text), batch=batch)
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 1.5, (batch, *shape)).astype(np.float32)
    dy = rng.uniform(0.5, 1.5, (batch, *plan.outputs[0].shape)).astype(np.float32)
    ours = step(text, x, dy, math)
    for name, wanted in exact(text, x, dy).items():
        error = np.abs(ours[name] - wanted) / wanted
        assert error.max() <= units * UNIT * (1 if math == "exact" else 2), name


def _outlier(x: np.ndarray) -> None:
    x[0, :, 0, 0] = 30


def _bright_sample(x: np.ndarray) -> None:
    x[0] += 20


def _far_from_zero(x: np.ndarray) -> None:
    x += 100


def _faint(x: np.ndarray) -> None:
    x *= 1e-3
    x[0, :, 0, 0] = 100


HARD = {
    "one pixel far out": _outlier,
    "one sample unlike the others": _bright_sample,
    "a mean of a hundred deviations": _far_from_zero,
    "all the variance in one pixel": _faint,
}


@pytest.mark.parametrize("change", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize("math", ["plain", "exact"])
def test_statistics_of_a_batch(change: object, math: str) -> None:
    """As near to the truth as a few times what PyTorch is in single precision."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 16, 28, 28)).astype(np.float32)
    change(x)  # type: ignore[operator]
    dy = rng.standard_normal(x.shape).astype(np.float32)
    text = "net n():\n    input x: [16, 28, 28]\n    output bn\n"
    ours, theirs, wanted = step(text, x, dy, math), exact(text, x, dy, "float32"), exact(text, x, dy)
    for name, right in wanted.items():
        scale = np.abs(right).max()
        error, usual = (np.abs(found[name] - right).max() / scale for found in (ours, theirs))
        assert error <= max(8 * usual, 4e-6), name
