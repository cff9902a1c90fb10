"""The same bytes come out whatever the number of threads, run after run, from several threads at once."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest
from backend.kernels.cases import CASES, Case
from backend.kernels.running import Result, normal, run

from cnnspec.backend.kernels import threads
from cnnspec.backend.kernels.operations import BatchNorm, Convolution, CrossEntropy, Linear, Operation, Window
from cnnspec.backend.kernels.registry import KERNELS, Context


@pytest.fixture(autouse=True)
def _every_task_is_worth_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 1)


def run_case(case: Case, dtype: Any, count: int) -> Result:
    inputs, weights = case.arrays(dtype)
    context = Context(training=True, seed=5, step=2, threads=count)
    return run(case.operation, inputs, weights, outputs=case.outputs, context=context)


def assert_same(first: Result, second: Result) -> None:
    for a, b in zip(first.arrays(), second.arrays(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_every_operation_has_a_case() -> None:
    assert {type(case.operation) for case in CASES} == set(KERNELS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_number_of_threads_changes_nothing(case: Case) -> None:
    alone = run_case(case, np.float64, 1)
    for count in (1, 2, 3, 7):
        assert_same(alone, run_case(case, np.float64, count))


BIG: list[tuple[Operation, list[Any], list[Any], tuple[int, ...]]] = [
    (
        Convolution(Window((1, 3, 3))),
        [normal(3, 20, 1, 17, 19)],
        [normal(30, 20, 1, 3, 3), normal(30)],
        (3, 30, 1, 15, 17),
    ),
    (Linear(), [normal(70, 300)], [normal(150, 300), normal(150)], (70, 150)),
    (BatchNorm(affine=False, track=False), [normal(5, 30, 1, 13, 11)], [], (5, 30, 1, 13, 11)),
    (CrossEntropy(), [normal(50, 10), np.arange(50) % 10], [], (1,)),
]


@pytest.mark.parametrize(("operation", "inputs", "weights", "output"), BIG, ids=lambda x: type(x).__name__)
def test_nor_does_it_over_many_tiles(
    operation: Operation, inputs: list[Any], weights: list[Any], output: tuple[int, ...]
) -> None:
    single = [
        [x.astype(np.float32) if x.dtype.kind == "f" else x for x in arrays] for arrays in (inputs, weights)
    ]
    results = [
        run(operation, *single, outputs=[output], context=Context(training=True, threads=count))
        for count in (1, 2, 5)
    ]
    assert_same(results[0], results[1])
    assert_same(results[0], results[2])


def test_kernels_run_from_several_threads_at_once() -> None:
    operation, inputs, weights, output = BIG[0]
    expected = run(operation, inputs, weights, outputs=[output])
    found: list[Result] = []
    workers = [
        threading.Thread(target=lambda: found.append(run(operation, inputs, weights, outputs=[output])))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == len(workers)
    for result in found:
        assert_same(expected, result)


def test_an_error_in_a_thread_is_raised() -> None:
    def fails(begin: int, end: int) -> None:
        if end == 4:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.launch(fails, 4, 10**9, 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_threads_of_its_own() -> None:
    operation, inputs, weights, output = BIG[0]
    expected = run(operation, inputs, weights, outputs=[output])
    child = os.fork()
    if child == 0:
        same = run(operation, inputs, weights, outputs=[output]).outputs[0].tobytes()
        os._exit(0 if same == expected.outputs[0].tobytes() else 1)
    assert os.waitpid(child, 0)[1] == 0
