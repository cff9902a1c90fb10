"""Whole trainings by the fast kernels: optimisers are PyTorch's, and a saved net goes on as it would have."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from backend.nets import graph

from cnnspec.backend.datasets import Dataset, Samples
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.backend.preparation import Preparation
from cnnspec.backend.training import Adam, BatchDone, Constant, Progress, Recipe, Sgd, train
from cnnspec.backend.training.optimisers import Optimiser

pytest.importorskip("torch")
import torch
from torch_nets import TorchNet

NET = """
    net small(classes = 3):
        input image: [1, 8, 8]
        conv(16, 3, pad=1, bias=false) -> bn -> relu as a
        conv(16, 3, pad=1) -> leaky_relu(0.1)
        it + a -> maxpool(2) -> conv(8, 1) -> silu -> flatten
        training output early = linear(classes) weight 0.3
        output linear(classes)
"""
RULES: dict[str, tuple[Optimiser, type[torch.optim.Optimizer], dict[str, object]]] = {
    "sgd": (Sgd(momentum=0), torch.optim.SGD, {}),
    "momentum": (Sgd(0.9), torch.optim.SGD, {"momentum": 0.9}),
    "nesterov and decay": (
        Sgd(0.8, nesterov=True, decay=1e-2),
        torch.optim.SGD,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 1e-2},
    ),
    "adam": (Adam(), torch.optim.Adam, {}),
    "adam with decay": (
        Adam(0.8, 0.95, 1e-6, 1e-2),
        torch.optim.Adam,
        {"betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 1e-2},
    ),
}
RATE, BATCH, SAMPLES, EPOCHS = 0.01, 16, 50, 5


def blobs() -> Samples:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, SAMPLES)
    images = random.integers(0, 100, (SAMPLES, 1, 8, 8), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[0, :, 2 * label : 2 * label + 3] += 120
    return Samples(images, labels)


DATA = Dataset("blobs", blobs(), None)


def executable(math: str, dtype: str = "float32", seed: int = 2) -> Executable:
    plan = make_plan(graph(NET), batch=BATCH, training=True, dtype=dtype)
    return Executable(plan, seed=seed, math=math, threads=1)


def by_torch(rule: str, start: dict[str, np.ndarray], preparation: Preparation) -> TorchNet:
    """Twenty steps over the same batches; the last of each epoch is a smaller one."""
    net = TorchNet(graph(NET), start)
    _, kind, options = RULES[rule]
    optimiser = kind([weight for weight in net.weights.values() if weight.requires_grad], lr=RATE, **options)
    samples = DATA.training_part()
    for epoch in range(EPOCHS):
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([4, epoch]))).permutation(SAMPLES)
        for first in range(0, SAMPLES, BATCH):
            chosen = order[first : first + BATCH]
            images = preparation(samples.images[chosen], (1, 8, 8), np.dtype(np.float64))
            scores = net({"image": images}, training=True)
            labels = torch.tensor(samples.labels[chosen])
            losses = {
                name: torch.nn.functional.cross_entropy(found, labels) for name, found in scores.items()
            }
            optimiser.zero_grad()
            (losses["output"] + 0.3 * losses["early"]).backward()
            optimiser.step()
    return net


@pytest.mark.parametrize("math", ["exact", "fast"])
@pytest.mark.parametrize("rule", RULES)
def test_twenty_steps_are_those_of_pytorch(rule: str, math: str) -> None:
    net = executable(math, "float64")
    start = {name: array.copy() for name, array in net.state.items()}
    done = train(net, DATA, Recipe(EPOCHS, RULES[rule][0], Constant(RATE), seed=4))
    theirs = by_torch(rule, start, done.preparation)
    assert net.buffers["bn1.num_batches_tracked"] == 4 * EPOCHS
    for name, array in net.state.items():
        if "num_batches" not in name:
            np.testing.assert_allclose(array, theirs.weights[name].detach(), rtol=0, atol=1e-9, err_msg=name)
            moved = np.abs(array - start[name]).max()
            assert moved > 1e-4, f"{name} was not trained"


def bytes_of(net: Executable) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in net.state.items()}


@pytest.mark.parametrize("math", ["plain", "exact", "fast"])
def test_a_saved_net_goes_on_bit_for_bit(math: str, tmp_path: Path) -> None:
    """What is saved is all that there is to a net between two trainings."""
    path, further = tmp_path / "w.safetensors", Recipe(2, Sgd(0.9), Constant(RATE), seed=9)
    net = executable(math)
    train(net, DATA, Recipe(2, Adam(), Constant(RATE)), save_to=path)
    other = executable(math, seed=77)
    other.load(path)
    assert bytes_of(other) == bytes_of(net)
    images = np.random.default_rng(0).standard_normal((7, 1, 8, 8))
    outputs = [one.forward(images, training=False).tobytes() for one in (net, other)]
    assert outputs[0] == outputs[1]
    train(net, DATA, further)
    train(other, DATA, further)
    assert bytes_of(other) == bytes_of(net)


@pytest.mark.parametrize("math", ["plain", "exact", "fast"])
def test_an_interrupted_training_is_taken_up_where_it_was(math: str, tmp_path: Path) -> None:
    """Ctrl-C between two batches: the file holds the weights as they were then, and they learn on."""
    path = tmp_path / "w.safetensors"
    net = executable(math)

    def watch(progress: Progress) -> None:
        if isinstance(progress, BatchDone) and (progress.epoch, progress.batch) == (2, 3):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(net, DATA, Recipe(5, Sgd(0.9), Constant(RATE)), watch=watch, save_to=path)
    assert net.buffers["bn1.num_batches_tracked"] == 7
    other = executable(math, seed=78)
    other.load(path)
    assert bytes_of(other) == bytes_of(net)
    further = Recipe(12, Sgd(0.9), Constant(RATE), seed=1)
    on, again = train(net, DATA, further), train(other, DATA, further)
    assert bytes_of(other) == bytes_of(net)
    assert [epoch.loss for epoch in on.epochs] == [epoch.loss for epoch in again.epochs]
    assert on.epochs[-1].loss < on.epochs[0].loss
