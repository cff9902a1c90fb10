"""What a run holds and when: the words in which lifetimes are told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cnnspec.dims import Dim, product
from cnnspec.graph import Tensor

Key = tuple[str, int]
"""A tensor's identity: the layer that makes it and the port."""


def key_of(tensor: Tensor) -> Key:
    """The identity of a tensor."""
    return tensor.node, tensor.port


class Role(StrEnum):
    """Why something is held."""

    ACTIVATION = "activations"
    SAVED = "saved for backward"
    GRADIENT = "gradients of activations"


@dataclass(frozen=True, slots=True)
class Policy:
    """How frugal a run is.

    `in_place`: ReLU and its like overwrite what nothing reads any more, and a flatten is a view.
    `segments`: training keeps only what crosses from one of so many parts of the net to the next, and runs
    each part forward again before it goes back through it (Chen et al. 2016); 1 keeps everything.
    """

    in_place: bool = False
    segments: int = 1


AS_PLANNED = Policy()
"""What the backend does: every tensor has memory of its own, nothing is computed twice."""


@dataclass(slots=True)
class Held:
    """Something that takes `bytes` from time `first` to time `last`, both included, because of a layer."""

    role: Role
    path: str
    bytes: Dim
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Width:
    """How many samples run together, and the bytes of a number."""

    batch: Dim
    bytes: int

    def of(self, tensor: Tensor) -> Dim:
        """The bytes of a tensor."""
        return product(tensor.shape) * self.batch * self.bytes


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that is held, and the layer that is run at each time."""

    held: tuple[Held, ...]
    paths: tuple[str, ...]
