"""Whole nets give the same bytes on any number of threads, step after step, and wherever memory lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from backend.fast.fences import TARGETS, fenced
from backend.fast.test_nets import MIXED, net_of
from backend.nets import samples

from cnnspec.backend.executable import Executable
from cnnspec.backend.fast import net as fast_net
from cnnspec.backend.plan import Plan, make_plan
from cnnspec.backend.training.optimisers import Sgd, Updates

NETS = ["lenet5", *list(MIXED)[:3]]


@pytest.fixture
def _threads_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little there is to do."""
    monkeypatch.setattr(fast_net, "threads_worth", lambda _plan, _count, wanted: wanted)


def training(
    make: Callable[..., Executable], plan: Plan, *, steps: int = 3, **options: Any
) -> dict[str, bytes]:
    """All that some steps give, and an inference after each."""
    net = make(plan, seed=1, **options)
    updates = Updates(Sgd(0.9), net.storage.trained, net.storage.gradients, net.threads)
    found: dict[str, bytes] = {}
    for step in range(steps):
        inputs = {name: array.astype(plan.dtype) for name, array in samples(plan, seed=step).items()}
        net.forward(inputs)
        rng = np.random.default_rng(step)
        net.backward({name: rng.standard_normal(array.shape) for name, array in net.outputs.items()})
        found |= {f"output {name}, step {step}": array.tobytes() for name, array in net.outputs.items()}
        found |= {f"∂{name}, step {step}": array.tobytes() for name, array in net.gradients.items()}
        with net.storage.writing():
            updates.apply(1e-3)
        net.forward(inputs, training=False)
        found |= {f"inference {name}, step {step}": array.tobytes() for name, array in net.outputs.items()}
    return found | {name: array.tobytes() for name, array in net.state.items()}


def plan_of(name: str, dtype: str) -> Plan:
    return make_plan(net_of(name), batch=2, training=True, dtype=dtype, input_gradients=True)


@pytest.mark.usefixtures("_threads_are_worth_it")
@pytest.mark.parametrize("math", ["exact", "fast"])
@pytest.mark.parametrize("name", [*NETS, "resnet20_cifar"])
def test_on_one_thread_and_on_more(name: str, math: str) -> None:
    plan = plan_of(name, "float32")
    alone = training(Executable, plan, math=math, threads=1)
    for threads in (2, 3):
        assert training(Executable, plan, math=math, threads=threads) == alone


@pytest.mark.parametrize("name", NETS)
def test_between_fences_and_in_one_arena(name: str) -> None:
    """In an arena rooms take turns; where two that are alive together overlapped, the bytes would differ."""
    plan = plan_of(name, "float32")
    shared = training(Executable, plan, math="fast", threads=1)
    with fenced() as fences:
        assert training(fences.executable, plan, math="fast", threads=1) == shared
        fences.check()


@cache
def by_plain_kernels(name: str) -> dict[str, bytes]:
    return training(Executable, plan_of(name, "float64"), math="plain", steps=1)


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "this processor"])
@pytest.mark.parametrize("name", NETS)
def test_on_other_vectors_up_to_rounding(name: str, target: str) -> None:
    plan = plan_of(name, "float64")
    expected = by_plain_kernels(name)
    with fenced(target) as fences:
        found = training(fences.executable, plan, math="fast", threads=1, steps=1)
        fences.check()
    for what, array in expected.items():
        right, ours = (np.frombuffer(part, np.float64) for part in (array, found[what]))
        scale = max(1.0, float(np.abs(right).max(initial=0.0)))
        np.testing.assert_allclose(ours, right, rtol=0, atol=1e-9 * scale, err_msg=what)


def test_a_fence_that_is_crossed_is_noticed() -> None:
    plan = plan_of("lenet5", "float32")
    with fenced() as fences:
        net = fences.executable(plan, math="exact", threads=1)
        net.forward(samples(plan))
        fences.check()
        weights, empty = fences.memory[-1]
        weights[np.flatnonzero(empty)[0]] = 0
        with pytest.raises(AssertionError, match="written outside"):
            fences.check()
