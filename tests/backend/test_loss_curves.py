"""Trainings go the way they go in PyTorch, step by step; `benchmarks/loss_curves.py` follows them further."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from backend.nets import graph

import cnnspec
from cnnspec.backend.datasets import open_dataset
from cnnspec.backend.preparation import measure

pytest.importorskip("torch")
from backend.curves import Course, apart, by_torch, by_us, first_weights

STEPS = 20
RESIDUAL = """
    block basic(c, s = 1):
        skip = in
        if s != 1:
            skip = conv(c, 1, stride=s, bias=false) -> bn
        conv(c, 3, stride=s, pad=1, bias=false) -> bn -> relu -> conv(c, 3, pad=1, bias=false) -> bn
        it + skip -> relu

    net small_resnet():
        input image: [1, 32, 32]
        conv(16, 3, stride=2, pad=1, bias=false) -> bn -> relu -> basic(16) -> basic(32, 2)
        output global_avgpool -> flatten -> linear(10)
    """


@cache
def course(name: str) -> Course:
    """LeNet-5 and a small residual net on the digits that come with cnnspec."""
    lenet = Path(cnnspec.__file__).parents[1] / "specs" / "lenet5.cnn"
    net = graph(RESIDUAL) if name == "residual" else cnnspec.load(lenet).net().bind().graph
    samples = open_dataset("digits").training_part()
    images = measure(samples)(samples.images[:640], (1, 32, 32), np.dtype("float32"))
    return Course(net, first_weights(net), images, samples.labels[:640], batch=32, rate=0.05)


@cache
def theirs(name: str) -> np.ndarray:
    return by_torch(course(name), STEPS, "float32")


@pytest.mark.parametrize("math", ["plain", "exact", "fast"])
@pytest.mark.parametrize("name", ["lenet5", "residual"])
def test_losses_are_those_of_pytorch(name: str, math: str) -> None:
    ours = by_us(course(name), STEPS, math)
    assert ours[-4:].mean() < 0.95 * ours[:4].mean()
    assert apart(ours, theirs(name)).max() < 1e-3


@pytest.mark.parametrize("math", ["exact", "fast"])
def test_losses_are_the_same_bytes_on_any_number_of_threads(math: str) -> None:
    alone, together = (by_us(course("residual"), 6, math, threads=threads) for threads in (1, 2))
    assert alone.tobytes() == together.tobytes()
