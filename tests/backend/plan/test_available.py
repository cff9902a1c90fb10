"""The memory that is left is the least that anything around the process leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.backend.plan.available import available_memory

KB = 1024


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


MACHINE = {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n"}


def test_the_machine_alone(tmp_path: Path) -> None:
    assert available_memory(tree(tmp_path, MACHINE)) == 8000 * KB


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None


def test_a_control_group_of_version_2_and_the_one_around_it(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/outer/inner\n",
        "sys/fs/cgroup/outer/inner/memory.max": "max\n",
        "sys/fs/cgroup/outer/inner/memory.current": "5000\n",
        "sys/fs/cgroup/outer/memory.max": "100000\n",
        "sys/fs/cgroup/outer/memory.current": "60000\n",
        "sys/fs/cgroup/outer/memory.stat": "anon 1\ninactive_file 2000\n",
    }
    assert available_memory(tree(tmp_path, files)) == 42_000


def test_a_container_that_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/somewhere/else\n",
        "sys/fs/cgroup/memory.max": "70000\n",
        "sys/fs/cgroup/memory.current": "80000\n",
    }
    assert available_memory(tree(tmp_path, files)) == 0


def test_a_control_group_of_version_1(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "5:cpu,memory:/box\n2:cpuacct:/\n",
        "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "500000\n",
        "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "100000\n",
    }
    assert available_memory(tree(tmp_path, files)) == 400_000


@pytest.mark.parametrize(("limit", "left"), [("unlimited", 8000 * KB), ("4000000", 4_000_000 - 10 * 4096)])
def test_the_address_space_of_the_process(
    tmp_path: Path, limit: str, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 4096)
    files = {
        **MACHINE,
        "proc/self/limits": f"Limit  Soft Limit  Hard Limit\nMax address space  {limit}  unlimited  bytes\n",
        "proc/self/statm": "10 5 1 1 0 1 0\n",
    }
    assert available_memory(tree(tmp_path, files)) == left
