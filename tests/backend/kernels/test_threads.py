"""Tasks of a kernel are divided among threads: each is run once, and what one raises is heard."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from cnnspec.backend.kernels.parallel import call_in_parallel, most_threads
from cnnspec.backend.kernels.threads import WORTH_A_THREAD, launch


@pytest.mark.parametrize("threads", [1, 2, 3, 64])
@pytest.mark.parametrize("tasks", [1, 2, 7, 1000])
def test_every_task_is_run_once(threads: int, tasks: int) -> None:
    seen = np.zeros(tasks, int)

    def kernel(begin: int, end: int) -> None:
        seen[begin:end] += 1

    launch(kernel, tasks, 100 * WORTH_A_THREAD, threads)
    assert (seen == 1).all()


def test_little_work_stays_with_the_caller() -> None:
    seen: list[tuple[int, int, int]] = []
    launch(lambda a, b: seen.append((a, b, threading.get_ident())), 10, WORTH_A_THREAD, 8)
    assert seen == [(0, 10, threading.get_ident())]


def test_shares_run_at_once() -> None:
    """As many as there are processors."""
    most = min(2, most_threads())
    meeting = threading.Barrier(most, timeout=30)
    launch(lambda *_: meeting.wait(), most, most * WORTH_A_THREAD, most)


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_share_raises_comes_to_the_caller_after_the_others(failing: int) -> None:
    done: list[int] = []

    def run(part: int) -> None:
        if part == failing:
            raise KeyboardInterrupt
        time.sleep(0.05)
        done.append(part)

    with pytest.raises(KeyboardInterrupt):
        call_in_parallel(run, 2)
    assert done == [1 - failing]
    launch(lambda *_: None, 2, 2 * WORTH_A_THREAD, 2)  # the threads are still there


def test_python_threads_may_launch_side_by_side() -> None:
    total = np.zeros((4, 8), int)

    def kernel(begin: int, end: int, row: np.ndarray) -> None:
        row[begin:end] += 1

    def caller(index: int) -> None:
        for _ in range(50):
            launch(kernel, 8, 8 * WORTH_A_THREAD, 2, total[index])

    callers = [threading.Thread(target=caller, args=(index,)) for index in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join(60)
    assert (total == 50).all()
