"""Programs beside other threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numba
import numpy as np
import pytest
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


def _asked_for(end: Connection) -> None:
    end.send(Executable(plan(LENET, batch=3), math="exact", threads=2).forward(IMAGE, training=False))


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_child_may_make_a_net_of_its_own(way: str) -> None:
    """After a fork too, when the parent's threads are running."""
    expected = Executable(plan(LENET, batch=3), math="exact", threads=2).forward(IMAGE, training=False)
    context = multiprocessing.get_context(way)
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_asked_for, args=(there,))
    child.start()
    assert here.poll(120), "the child hangs or was ended"
    assert here.recv().tobytes() == expected.tobytes()
    child.join()
    assert child.exitcode == 0


def test_processes_that_compile_the_same_at_once_share_a_cache(tmp_path: Path) -> None:
    text = (
        "import sys; from backend.nets import LENET, plan; from cnnspec.backend.executable import Executable;"
    )
    text += "import numpy as np; net = Executable(plan(LENET, batch=2), math='exact', threads=1);"
    text += "sys.stdout.write(net.forward(np.ones((2, 1, 32, 32)), training=False).tobytes().hex())"
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    processes = [
        subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, env=environment)
        for _ in range(2)
    ]
    one, other = (process.communicate(timeout=300)[0] for process in processes)
    assert one == other != b""
    assert all(len(entry.name) == 64 for entry in (tmp_path / "kernels").iterdir()), "scratch files are left"


@pytest.mark.parametrize(
    ("setting", "threads"),
    [
        ("OMP_THREAD_LIMIT=1", 1),
        ("OMP_DYNAMIC=true", 1),
        ("NUMBA_NUM_THREADS=1", 1),
        ("NUMBA_THREADING_LAYER=workqueue", 1),
        ("OMP_THREAD_LIMIT=2", 2),
    ],
)
def test_as_many_threads_run_as_the_system_runs_at_once(setting: str, threads: int) -> None:
    """Each waits for the others: one that is promised and does not come would be waited for without end."""
    text = "from cnnspec.backend.fast.program import usable_threads; print(usable_threads(2))"
    environment = os.environ | {"NUMBA_NUM_THREADS": "2"} | dict([setting.split("=")])
    result = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, env=environment, timeout=60
    )
    assert int(result.stdout) == threads


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_without_a_place_for_the_cache_nets_run_after_one_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made in a file")
    text = "from backend.nets import TINY, plan; from cnnspec.backend.executable import Executable;"
    text += (
        "import numpy as np; net = Executable(plan(TINY, batch=1, training=False), math='exact', threads=1);"
    )
    text += "print(net.forward(np.ones((1, 2, 8, 8))).shape)"
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "file"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    result = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, env=environment
    )
    assert result.stdout == "(1, 3)\n"
    assert result.stderr.count("compiled code is not kept") == 1


def _run_until_ctrl_c(net: Executable, image: np.ndarray) -> None:
    """The clock starts in here, where KeyboardInterrupt is awaited: the machine may be busy."""
    threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    while True:
        net.forward(image, training=False)


def test_a_long_pass_lets_ctrl_c_through() -> None:
    """A pass of many kernels runs in parts; what it computes when it is run again is right."""
    layers = " -> ".join(["conv(64, 3, pad=1)"] * 40)
    made = plan(f"net n():\n    input x: [64, 40, 40]\n    {layers}\n    output it\n", batch=4)
    net = Executable(made, math="exact", threads=1)
    image = np.random.default_rng(0).standard_normal((4, 64, 40, 40)) * 1e-3
    expected = net.forward(image, training=False)
    with pytest.raises(KeyboardInterrupt):
        _run_until_ctrl_c(net, image)
    start = time.perf_counter()
    assert net.forward(image, training=False).tobytes() == expected.tobytes()
    assert time.perf_counter() - start < 60


def test_numba_keeps_the_number_of_threads_that_it_was_told() -> None:
    executable = Executable(plan(LENET, batch=3), math="exact", threads=2)
    numba.set_num_threads(1)
    try:
        executable.forward(IMAGE, training=False)
        assert numba.get_num_threads() == 1
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


def test_several_threads_of_python_may_ask_at_once() -> None:
    executable = Executable(plan(LENET, batch=3), math="exact", threads=2)
    images = [IMAGE * factor for factor in range(8)]
    expected = [executable.forward(image, training=False).tobytes() for image in images]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda image: executable.forward(image, training=False).tobytes(), images))
    assert results == expected
