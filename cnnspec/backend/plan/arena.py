"""Where in one arena each buffer lies, so that no two that are alive together overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnnspec.backend.plan.model import ALIGNMENT, Buffer

ATTEMPTS = 32
"""How many orders are tried before the best one so far is taken."""


def pack(buffers: Sequence[Buffer]) -> tuple[tuple[Buffer, ...], int]:
    """The buffers with their offsets, and the size of the arena.

    Largest first, each into the lowest gap among those that are alive with it (Pisarchyk and Lee 2020,
    "greedy by size"). While that leaves gaps, the buffer that sticks out at the top is placed first of all
    and the rest anew; within 1 % of what is alive at once is good enough. Equals stay in their order, so the
    result is the same every time.
    """
    order = sorted(range(len(buffers)), key=lambda index: (-buffers[index].bytes, index))
    enough = sum(aligned(buffer.bytes) for buffer in fullest(buffers)) * 101 // 100
    best = tuple(buffers)
    least: int | None = None
    for _ in range(ATTEMPTS):
        placed = _placed(buffers, order)
        size = max(map(_end, placed), default=0)
        if least is None or size < least:
            best, least = placed, size
        if least <= enough:
            break
        top = max(order, key=lambda index: _end(placed[index]))
        order.remove(top)
        order.insert(0, top)
    return best, least or 0


def _placed(buffers: Sequence[Buffer], order: Sequence[int]) -> tuple[Buffer, ...]:
    """Each buffer in turn in the lowest gap."""
    placed: list[Buffer] = []
    result = list(buffers)
    for index in order:
        buffer = buffers[index]
        neighbours = [other for other in placed if other.first <= buffer.last and buffer.first <= other.last]
        result[index] = replace(buffer, offset=_lowest_gap(aligned(buffer.bytes), neighbours))
        placed.append(result[index])
    return tuple(result)


def _end(buffer: Buffer) -> int:
    return buffer.offset + aligned(buffer.bytes)


def _lowest_gap(size: int, neighbours: list[Buffer]) -> int:
    end = 0
    for other in sorted(neighbours, key=lambda buffer: buffer.offset):
        if other.offset - end >= size:
            break
        end = max(end, _end(other))
    return end


def aligned(size: int) -> int:
    """The size rounded up to whole cache lines."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def fullest(buffers: Sequence[Buffer]) -> list[Buffer]:
    """The buffers that are alive at the time at which most bytes are."""
    change: dict[int, int] = {}
    for buffer in buffers:
        change[buffer.first] = change.get(buffer.first, 0) + buffer.bytes
        change[buffer.last + 1] = change.get(buffer.last + 1, 0) - buffer.bytes
    most, fullest_time, now = 0, 0, 0
    for time in sorted(change):
        now += change[time]
        if now > most:
            most, fullest_time = now, time
    return [buffer for buffer in buffers if buffer.first <= fullest_time <= buffer.last]
