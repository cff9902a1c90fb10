"""A pass in parts that can be run, and timed, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Call = Callable[[], None]


class Stage(StrEnum):
    """What a part belongs to. Weights are packed before inference; in training, by the passes themselves."""

    PREPARE = "prepare"
    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Section:
    """Steps that follow each other and belong to one layer: `path` its path, `what` what they do for it."""

    stage: Stage
    path: str
    what: tuple[str, ...]
    run: Call


@dataclass(frozen=True, slots=True)
class Sections:
    """All parts in their order. After them the outputs and gradients are what they are after both passes.

    (Not where the arena is shared with the inputs, as in a plain program: there they tell times alone.)
    `fused` names, for layers that run as a part of another one's kernels, that other one. `idle` does nothing
    but start and end as a part does.
    """

    parts: tuple[Section, ...]
    fused: Mapping[str, str]
    idle: Call
