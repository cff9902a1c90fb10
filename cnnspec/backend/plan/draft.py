"""A plan in the making: buffers whose lifetimes grow as steps are added."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cnnspec.analysis.timeline import Key
from cnnspec.backend.kernels.operations import Buffer as Wanted
from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.model import Buffer, Call, Role
from cnnspec.graph import Tensor


def name_of(tensor: Tensor) -> str:
    """A tensor's name: that of its layer, with the port where there are several."""
    return tensor.node if tensor.port == 0 else f"{tensor.node}:{tensor.port}"


@dataclass
class Draft:
    """`time` is that of the step being added. `tensors` and `calls` are what the backward steps build on."""

    batch: int
    dtype: str
    time: int = 0
    buffers: list[Buffer] = field(default_factory=list[Buffer])
    tensors: dict[Key, int] = field(default_factory=dict[Key, int])
    calls: dict[str, Call] = field(default_factory=dict[str, Call])

    def new(self, role: Role, name: str, path: str, shape: Shape, dtype: str | None = None) -> int:
        """A buffer that is alive from now on."""
        buffer = Buffer(name, path, role, shape, dtype or self.dtype, first=self.time, last=self.time)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def use(self, *indices: int) -> None:
        """Keep buffers alive until now."""
        for index in indices:
            self.buffers[index] = replace(self.buffers[index], last=max(self.buffers[index].last, self.time))

    def lend(self, role: Role, path: str, wanted: tuple[Wanted, ...]) -> tuple[int, ...]:
        """The arrays that an operation wants beside its tensors."""
        return tuple(self.new(role, f"{path}.{want.name}", path, want.shape, want.dtype) for want in wanted)
