"""How much memory this process may still take, before it takes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can still be allocated; None where the system tells nothing.

    The least of what the machine, its control groups and the limits of the process leave.
    """
    return min((*_of_the_machine(root), *_of_control_groups(root), *_of_the_process(root)), default=None)


def _of_the_machine(root: Path) -> Iterator[int]:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
            return
    if root == Path("/") and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_control_groups(root: Path) -> Iterator[int]:
    """What is left in the group of this process and in every group around it (version 2, then version 1)."""
    mount = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        controllers, group = line.split(":", 2)[1:]
        if not controllers:
            yield from _left(mount, group, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            yield from _left(mount / "memory", group, *names)


def _left(mount: Path, group: str, limit: str, usage: str, reclaimable: str) -> Iterator[int]:
    inner = mount / group.strip("/")
    for folder in (inner, *inner.parents):
        if not folder.is_relative_to(mount):
            return
        most, used = _number(folder / limit), _number(folder / usage)
        if most is not None and used is not None:
            yield max(0, most - used + _statistic(folder / "memory.stat", reclaimable))


def _of_the_process(root: Path) -> Iterator[int]:
    """Address space left under `ulimit -v`."""
    for line in _lines(root / "proc/self/limits"):
        if line.startswith("Max address space"):
            most = line.split()[3]
            pages = _lines(root / "proc/self/statm")
            if most.isdigit() and pages:
                yield max(0, int(most) - int(pages[0].split()[0]) * os.sysconf("SC_PAGE_SIZE"))


def _statistic(path: Path, name: str) -> int:
    for line in _lines(path):
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
