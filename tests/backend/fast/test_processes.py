"""Programs beside other threads and processes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import numpy as np
from backend.nets import LENET, plan

from cnnspec.backend.executable import Executable

IMAGE = np.random.default_rng(0).standard_normal((3, 1, 32, 32))


def _in_child(executable: Executable, end: Connection) -> None:
    end.send(executable.forward(IMAGE, training=False))


def test_a_forked_child_runs_what_its_parent_ran_on_two_threads() -> None:
    executable = Executable(plan(LENET, batch=3), math="exact", threads=2)
    expected = executable.forward(IMAGE, training=False)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_in_child, args=(executable, there))
    child.start()
    assert here.poll(60), "the child hangs or was ended"
    assert here.recv().tobytes() == expected.tobytes()
    child.join()
    assert child.exitcode == 0


def test_several_threads_of_python_may_ask_at_once() -> None:
    executable = Executable(plan(LENET, batch=3), math="exact", threads=2)
    images = [IMAGE * factor for factor in range(8)]
    expected = [executable.forward(image, training=False).tobytes() for image in images]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda image: executable.forward(image, training=False).tobytes(), images))
    assert results == expected
