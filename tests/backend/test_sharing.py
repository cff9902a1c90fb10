"""Whole pieces of work on a net that another thread uses too: each step has the net to itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from backend.nets import graph

from cnnspec.backend.classify import run_all
from cnnspec.backend.datasets import Dataset, Samples
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.backend.preparation import Preparation
from cnnspec.backend.training import Recipe, evaluate, train
from cnnspec.bench.contest import Reference
from cnnspec.bench.job import job_of, our_run

NET = """
    net small():
        input image: [1, 4, 4]
        conv(4, 3) -> bn -> relu -> dropout(0.2) -> flatten
        output linear(3)
"""
SAMPLES = Samples(
    np.random.default_rng(1).integers(0, 256, (6, 1, 4, 4), np.uint8),
    np.array([0, 1, 2, 2, 1, 0]),
)
WAIT = 0.05
"""Seconds in which a thread that is not kept out has come and gone."""


def executable(*, training: bool = True) -> Executable:
    return Executable(make_plan(graph(NET), batch=3, training=training), threads=1)


@contextmanager
def someone_else(net: Executable) -> Generator[None]:
    """After each pass of this thread another thread asks for one, of samples of its own, without learning."""
    threads: list[threading.Thread] = []
    images = np.random.default_rng(2).standard_normal((2, 1, 4, 4))
    kept = {name: getattr(net, name) for name in ("forward", "loss", "backward")}

    def intrude() -> None:
        with net.lock:
            kept["forward"](images, training=False)
            kept["loss"]([1, 1])

    def then_intrude(call: Callable[..., Any]) -> Callable[..., Any]:
        def both(*arguments: Any, **options: Any) -> Any:
            result = call(*arguments, **options)
            threads.append(threading.Thread(target=intrude, daemon=True))
            threads[-1].start()
            threads[-1].join(WAIT)
            return result

        return both

    for name, call in kept.items():
        setattr(net, name, then_intrude(call))
    yield
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive(), "the net is given back after the work"
    assert threads


def training(net: Executable) -> Any:
    done = train(net, Dataset("blobs", SAMPLES, SAMPLES), Recipe(1))
    epoch = done.epochs[0]
    return epoch.loss, epoch.accuracy, epoch.test_loss, epoch.test_accuracy


def evaluation(net: Executable) -> Any:
    tally = evaluate(net, SAMPLES, Preparation())
    return tally.loss, tally.accuracy


def classification(net: Executable) -> Any:
    return run_all(net, SAMPLES.images, Preparation())["output"].tolist()


def timed_run(net: Executable) -> Any:
    result = our_run(net, job_of(net, graph(NET)))()
    return np.asarray(result).tolist()


def comparison(net: Executable) -> Any:
    job = job_of(net, graph(NET))
    theirs = np.ones((3, 3), np.float32)
    return Reference(net, job, [np.zeros((3, 3), np.float32)]).difference([theirs])


@pytest.mark.parametrize("work", [training, evaluation, classification, timed_run])
def test_work_in_training_mode_has_every_step_to_itself(work: Callable[[Executable], Any]) -> None:
    alone, shared = executable(), executable()
    expected = work(alone)
    with someone_else(shared):
        assert work(shared) == expected
    for name, array in alone.state.items():
        np.testing.assert_array_equal(shared.state[name], array, err_msg=name)


@pytest.mark.parametrize("work", [timed_run, comparison])
def test_work_at_inference_has_every_pass_to_itself(work: Callable[[Executable], Any]) -> None:
    shared = executable(training=False)
    expected = work(executable(training=False))
    with someone_else(shared):
        assert work(shared) == expected


def test_two_trainings_of_a_net_take_turns_step_by_step() -> None:
    net, epochs = executable(), 5
    done: list[Any] = []
    data = Dataset("blobs", SAMPLES, None)
    threads = [
        threading.Thread(target=lambda: done.append(train(net, data, Recipe(epochs)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(training.epochs) for training in done] == [epochs, epochs]
    steps = 2 * epochs * 2
    assert net.steps == net.buffers["bn1.num_batches_tracked"] == steps
