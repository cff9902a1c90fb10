"""The update rules are PyTorch's, number by number."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cnnspec.backend.training.optimisers import Adam, Optimiser, Sgd, Updates
from cnnspec.backend.training.schedules import Constant, Cosine, Step

torch = pytest.importorskip("torch")

RULES: list[tuple[Optimiser, str, dict[str, object]]] = [
    (Sgd(momentum=0), "SGD", {}),
    (Sgd(momentum=0, decay=0.1), "SGD", {"weight_decay": 0.1}),
    (Sgd(), "SGD", {"momentum": 0.9}),
    (
        Sgd(momentum=0.8, nesterov=True, decay=0.01),
        "SGD",
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ),
    (Adam(), "Adam", {}),
    (Adam(0.8, 0.95, 1e-3, 0.05), "Adam", {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.05}),
]


@pytest.mark.parametrize(("rule", "name", "options"), RULES)
@pytest.mark.parametrize("size", [7, 100_000])
def test_steps_are_those_of_pytorch(
    rule: Optimiser, name: str, options: dict[str, object], size: int
) -> None:
    random = np.random.default_rng(0)
    weights, gradients = random.standard_normal(size), np.zeros(size)
    theirs = torch.tensor(weights, requires_grad=True)
    optimiser = getattr(torch.optim, name)([theirs], lr=0.1, **options)
    ours = Updates(rule, weights, gradients)
    for step in range(12):
        gradients[...] = random.standard_normal(size)
        theirs.grad = torch.tensor(gradients)
        rate = 0.1 / (step + 1)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        ours.apply(rate)
        np.testing.assert_allclose(weights, theirs.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_single_precision_stays_single() -> None:
    for rule, *_ in RULES:
        weights = np.ones(5, np.float32)
        updates = Updates(rule, weights, np.ones(5, np.float32))
        updates.apply(0.1)
        assert weights.dtype == np.float32
        assert {state.dtype for state in updates.states} <= {np.dtype(np.float32)}
        assert len(updates.states) == rule.states


# --- schedules --------------------------------------------------------------------------------------------


def test_rates_at_whole_epochs_are_those_of_pytorch() -> None:
    schedules = [
        (Constant(0.3), lambda sgd: torch.optim.lr_scheduler.ConstantLR(sgd, factor=1.0)),
        (Step(0.3, 3, 0.1), lambda sgd: torch.optim.lr_scheduler.StepLR(sgd, 3, 0.1)),
        (Cosine(0.3, 0.01), lambda sgd: torch.optim.lr_scheduler.CosineAnnealingLR(sgd, 10, 0.01)),
    ]
    for ours, theirs in schedules:
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
        schedule = theirs(optimiser)
        for epoch in range(10):
            assert ours.rate(epoch, 10) == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-9)
            optimiser.step()
            schedule.step()


def test_a_cosine_falls_within_epochs_too() -> None:
    rates = [Cosine(1.0).rate(time / 7, 2) for time in range(15)]
    assert all(late < early for early, late in pairwise(rates))
    assert rates[0] == 1
    assert rates[-1] == pytest.approx(0, abs=1e-15)
