"""Random nets, each said twice: as a spec, and as a function of PyTorch. Used by the fuzz tests.

A net is a list of steps on named tensors. Each step carries the line of the spec and what PyTorch does; the
generator runs PyTorch on `meta` tensors as it goes, so that it only makes steps that are legal at the size it
started from. Other sizes may be illegal: there both must refuse.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812

Tensors = dict[str, torch.Tensor]
Run = Callable[[Tensors], torch.Tensor]
SYMBOLS = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


class IllegalSize(Exception):  # noqa: N818
    """PyTorch refuses this size."""


@dataclass(frozen=True)
class Step:
    """One line of the spec: it names its result, so that later steps may read it."""

    name: str
    line: str
    run: Run


@dataclass
class RandomNet:
    """A net: its rank, channels and starting size, and its steps in order."""

    rank: int
    channels: int
    sizes: tuple[int, ...]
    steps: list[Step] = field(default_factory=list)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of its spatial sizes."""
        return SYMBOLS[self.rank]

    @property
    def text(self) -> str:
        """The spec, with the starting sizes as defaults."""
        dims = ", ".join(f"{s} = {n}" for s, n in zip(self.symbols, self.sizes, strict=True))
        lines = [f"    {step.name} = {step.line}" for step in self.steps]
        return "\n".join(
            [
                "net random():",
                f"    input x0: [{self.channels}, {dims}]",
                *lines,
                f"    output {self.steps[-1].name}",
                "",
            ]
        )

    def shapes(self, sizes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """What PyTorch says of every tensor for an input of these sizes. Raises IllegalSize."""
        made: Tensors = {"x0": torch.empty((1, self.channels, *sizes), device="meta")}
        try:
            for step in self.steps:
                made[step.name] = step.run(made)
                if 0 in made[step.name].shape:
                    raise IllegalSize(step.line)
        except (RuntimeError, AssertionError) as problem:
            raise IllegalSize(str(problem)) from problem
        return {name: tuple(tensor.shape[1:]) for name, tensor in made.items()}


def _tuple(values: list[int]) -> str:
    return f"({', '.join(map(str, values))})" if len(set(values)) > 1 else str(values[0])


def _pads(pads: list[tuple[int, int]]) -> str:
    if all(before == after for before, after in pads):
        return _tuple([before for before, _ in pads])
    return (
        "("
        + ", ".join(f"({before}, {after})" for before, after in pads)
        + ("," if len(pads) == 1 else "")
        + ")"
    )


def _padded(x: torch.Tensor, pads: list[tuple[int, int]], value: float = 0.0) -> torch.Tensor:
    return F.pad(x, [amount for pair in reversed(pads) for amount in pair], value=value)


class Generator:
    """Grows one net. All choices come from one seed."""

    def __init__(self, seed: int, rank: int | None = None, largest: int = 40) -> None:
        self.random = random.Random(seed)  # noqa: S311
        rank = rank or self.random.choice((1, 2, 2, 3))
        sizes = tuple(self.random.randint(4, largest if rank < 3 else min(largest, 20)) for _ in range(rank))
        self.net = RandomNet(rank, self.random.choice((1, 2, 3, 4, 6)), sizes)
        self.made: Tensors = {"x0": torch.empty((1, self.net.channels, *sizes), device="meta")}

    def grow(self, steps: int) -> RandomNet:
        """Add up to `steps` steps and return the net."""
        now = "x0"
        kinds = [
            self.conv,
            self.conv,
            self.pool,
            self.same,
            self.transposed,
            self.upsampled,
            self.unit,
            self.branch,
            self.ladder,
        ]
        while len(self.net.steps) < steps:
            added = self.random.choice(kinds)(now)
            now = added or now
        return self.net

    def add(self, line: str, run: Run) -> str | None:
        """Add a step if it is legal where we are and does not grow too large."""
        try:
            result = run(self.made)
        except (RuntimeError, AssertionError):
            return None
        if 0 in result.shape or max(result.shape[1:]) > 512 or result.numel() > 2_000_000:
            return None
        name = f"x{len(self.net.steps) + 1}"
        self.made[name] = result
        self.net.steps.append(Step(name, line, run))
        return name

    def axes(self, low: int, high: int) -> list[int]:
        """One number an axis, half of the time all the same."""
        values = [self.random.randint(low, high) for _ in range(self.net.rank)]
        return values if self.random.random() < 0.5 else [values[0]] * self.net.rank

    def conv(self, x: str) -> str | None:
        """A convolution with every attribute there is."""
        rank, channels = self.net.rank, self.made[x].shape[1]
        kernel, stride, dilation = self.axes(1, 5), self.axes(1, 3), self.axes(1, 2)
        pads = [
            (p, p) if self.random.random() < 0.7 else (p, self.random.randint(0, 3)) for p in self.axes(0, 3)
        ]
        groups = self.random.choice([g for g in (1, 2, 3, 4) if channels % g == 0])
        out = groups * self.random.randint(1, 4)
        bias = self.random.random() < 0.5
        weight = torch.empty((out, channels // groups, *kernel), device="meta")
        convolve = getattr(F, f"conv{rank}d")
        line = (
            f"{x} -> conv({out}, {_tuple(kernel)}, stride={_tuple(stride)}, pad={_pads(pads)}, "
            f"dilation={_tuple(dilation)}, groups={groups}, bias={'true' if bias else 'false'})"
        )
        return self.add(
            line,
            lambda made: convolve(
                _padded(made[x], pads), weight, stride=stride, dilation=dilation, groups=groups
            ),
        )

    def pool(self, x: str) -> str | None:
        """A pool, floor or ceil."""
        rank = self.net.rank
        kernel, stride = self.axes(1, 4), self.axes(1, 4)
        pad = [self.random.randint(0, k // 2) for k in kernel]
        ceil = self.random.random() < 0.5
        kind = self.random.choice(("max", "avg"))
        # avg_pool3d alone refuses windows larger than the unpadded map; the shapes are those of max_pool3d.
        pooled = getattr(F, f"{'max' if rank == 3 else kind}_pool{rank}d")
        line = (
            f"{x} -> {kind}pool({_tuple(kernel)}, stride={_tuple(stride)}, pad={_tuple(pad)}, "
            f"ceil={'true' if ceil else 'false'})"
        )
        return self.add(line, lambda made: pooled(made[x], kernel, stride, pad, ceil_mode=ceil))

    def same(self, x: str) -> str | None:
        """`same` as TensorFlow defines it: ⌈n / s⌉ outputs, the odd pixel after."""
        rank, channels = self.net.rank, self.made[x].shape[1]
        kernel, stride = self.axes(1, 4), self.axes(1, 3)
        convolve = getattr(F, f"conv{rank}d")
        weight = torch.empty((channels, channels, *kernel), device="meta")

        def run(made: Tensors) -> torch.Tensor:
            pads: list[tuple[int, int]] = []
            for n, k, s in zip(made[x].shape[2:], kernel, stride, strict=True):
                amount = max((-(-n // s) - 1) * s + k - n, 0)
                pads.append((amount // 2, amount - amount // 2))
            return convolve(_padded(made[x], pads), weight, stride=stride)

        return self.add(f"{x} -> conv({channels}, {_tuple(kernel)}, stride={_tuple(stride)}, pad=same)", run)

    def transposed(self, x: str) -> str | None:
        """A transposed convolution."""
        rank, channels = self.net.rank, self.made[x].shape[1]
        kernel, stride, dilation = self.axes(1, 4), self.axes(1, 3), self.axes(1, 2)
        pad = [self.random.randint(0, (k - 1) // 2) for k in kernel]
        extra = [self.random.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]
        groups = self.random.choice([g for g in (1, 2, 3) if channels % g == 0])
        out = self.random.randint(1, 3)
        weight = torch.empty((channels, out, *kernel), device="meta")
        convolve = getattr(F, f"conv_transpose{rank}d")
        line = (
            f"{x} -> conv_transpose({out * groups}, {_tuple(kernel)}, stride={_tuple(stride)}, "
            f"pad={_tuple(pad)}, output_pad={_tuple(extra)}, dilation={_tuple(dilation)}, groups={groups})"
        )
        return self.add(
            line, lambda made: convolve(made[x], weight, None, stride, pad, extra, groups, dilation)
        )

    def upsampled(self, x: str) -> str | None:
        """Nearest upsampling."""
        factor = self.random.randint(2, 3)
        return self.add(
            f"{x} -> upsample({factor})", lambda made: F.interpolate(made[x], scale_factor=factor)
        )

    def unit(self, x: str) -> str | None:
        """Something that keeps the shape."""
        word = self.random.choice(("relu", "bn", "tanh", "dropout(0.1)"))
        return self.add(f"{x} -> {word}", lambda made: made[x] * 1)

    def branch(self, x: str) -> str | None:
        """Two branches from here that meet again in a sum or a concatenation, where their shapes allow."""
        left = self.random.choice((self.conv, self.pool, self.same))(x)
        right = self.random.choice((self.conv, self.pool, self.same))(x)
        if left is None or right is None:
            return left or right
        return self._meet(left, right) or left

    def ladder(self, x: str) -> str | None:
        """Down and up again, and the skip joined, as a U-Net does: legal for some sizes only."""
        factor = self.random.choice((2, 3))
        down = self.add(
            f"{x} -> maxpool({factor})", lambda made: getattr(F, f"max_pool{self.net.rank}d")(made[x], factor)
        )
        if down is None:
            return None
        middle = self.conv(down) or down
        up = self.add(
            f"{middle} -> upsample({factor})", lambda made: F.interpolate(made[middle], scale_factor=factor)
        )
        return (up and self._meet(up, x)) or up or middle

    def _meet(self, left: str, right: str) -> str | None:
        def concat(made: Tensors) -> torch.Tensor:
            return torch.cat([made[left], made[right]], dim=1)

        def add(made: Tensors) -> torch.Tensor:
            assert made[left].shape == made[right].shape
            return made[left] + made[right]

        if self.random.random() < 0.5:
            return self.add(f"{left} + {right}", add) or self.add(f"concat({left}, {right})", concat)
        return self.add(f"concat({left}, {right})", concat)


def random_net(seed: int, steps: int = 8, rank: int | None = None, largest: int = 40) -> RandomNet:
    """The net of a seed."""
    return Generator(seed, rank, largest).grow(steps)
