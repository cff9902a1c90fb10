"""Random nets, each said twice: as a spec, and as a function of PyTorch. Used by the fuzz tests.

A net is a list of steps on named tensors. Each step carries the line of the spec and what PyTorch does; the
generator runs PyTorch on `meta` tensors as it goes, so that it only makes steps that are legal at the size it
started from. Other sizes may be illegal: there both must refuse.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812

Tensors = dict[str, torch.Tensor]
Run = Callable[[Tensors], torch.Tensor]
SYMBOLS = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class IllegalSize(Exception):  # noqa: N818
    """PyTorch refuses this size."""


@dataclass(frozen=True)
class Extent:
    """A size of an input: factor · symbol + plus."""

    symbol: str
    factor: int = 1
    plus: int = 0

    def at(self, sizes: Mapping[str, int]) -> int:
        """The size where the symbols have values."""
        return self.factor * sizes[self.symbol] + self.plus

    @property
    def text(self) -> str:
        """The size as a spec says it."""
        scaled = self.symbol if self.factor == 1 else f"{self.factor}*{self.symbol}"
        return f"{scaled} + {self.plus}" if self.plus else scaled


@dataclass(frozen=True)
class Input:
    """An input: its channels and its sizes. The first mention of a symbol gives its default."""

    channels: int
    extents: tuple[Extent, ...]

    def empty(self, sizes: Mapping[str, int]) -> torch.Tensor:
        """A tensor of no values, for shapes only."""
        return torch.empty((1, self.channels, *(extent.at(sizes) for extent in self.extents)), device="meta")


@dataclass(frozen=True)
class Step:
    """One line of the spec: it names its result, so that later steps may read it."""

    name: str
    line: str
    run: Run


@dataclass
class RandomNet:
    """A net: its rank, its inputs, the sizes it started from, its steps in order and its outputs."""

    rank: int
    inputs: dict[str, Input]
    sizes: dict[str, int]
    steps: list[Step] = field(default_factory=list[Step])
    flattened: str | None = None
    """The tensor that is flattened before the linear layer at the end, if there is one."""
    also: str | None = None
    """A second output."""

    @property
    def text(self) -> str:
        """The spec, with the starting sizes as defaults."""
        given: set[str] = set()
        lines: list[str] = []
        for name, made in self.inputs.items():
            dims: list[str] = []
            for extent in made.extents:
                is_first = extent.symbol not in given
                given.add(extent.symbol)
                dims.append(f"{extent.text} = {self.sizes[extent.symbol]}" if is_first else extent.text)
            lines.append(f"input {name}: [{', '.join([str(made.channels), *dims])}]")
        lines += [f"{step.name} = {step.line}" for step in self.steps]
        if self.also is not None:
            lines.append(f"output also = {self.also}")
        lines.append(f"output {self.steps[-1].name}")
        return "\n".join(["net random():", *(f"    {line}" for line in lines), ""])

    def shapes(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """What PyTorch says of every tensor for inputs of these sizes. Raises IllegalSize."""
        made: Tensors = {name: given.empty(sizes) for name, given in self.inputs.items()}
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


def _padded(x: torch.Tensor, pads: list[tuple[int, int]], mode: str = "constant") -> torch.Tensor:
    return F.pad(x, [amount for pair in reversed(pads) for amount in pair], mode=mode)


class Generator:
    """Grows one net. All choices come from one seed."""

    def __init__(
        self, seed: int, rank: int | None = None, largest: int = 40, pools: tuple[str, ...] = ("max", "avg")
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.pools = pools
        rank = rank or self.random.choice((1, 2, 2, 3))
        largest = largest if rank < 3 else min(largest, 20)
        names = SYMBOLS[rank]
        if self.chance(0.15):  # a cube: one symbol for all axes
            names = ("N",) * rank
        sizes = {name: self.random.randint(4, largest) for name in names}
        inputs = {"x0": Input(self.random.choice((1, 2, 3, 4, 6)), tuple(map(Extent, names)))}
        if self.chance(0.2):
            inputs["y0"] = self._second_input(names)
        self.net = RandomNet(rank, inputs, sizes)
        self.made: Tensors = {name: made.empty(sizes) for name, made in inputs.items()}

    def chance(self, probability: float) -> bool:
        """Whether something happens that often."""
        return self.random.random() < probability

    def _second_input(self, names: tuple[str, ...]) -> Input:
        """An input whose sizes follow from those of the first: as large, or twice as large, or turned."""
        factor = self.random.randint(1, 2)
        extents = [Extent(name, factor, self.random.randint(0, factor - 1)) for name in names]
        if self.chance(0.2):
            extents.reverse()
        return Input(self.random.choice((1, 2, 3)), tuple(extents))

    def grow(self, steps: int) -> RandomNet:
        """Add at least `steps` steps, perhaps a linear layer and a second output, and return the net."""
        now = self._joined_inputs() if "y0" in self.made else "x0"
        kinds = [
            self.conv,
            self.conv,
            self.conv,
            self.pool,
            self.pool,
            self.same,
            self.same,
            self.transposed,
            self.upsampled,
            self.unit,
            self.bordered,
            self.branch,
            self.branch,
            self.ladder,
            self.ladder,
            self.residual,
            self.skip,
            *self.random.choice(([], [], [self.adaptive], [self.turned], [self.half], [self.shuffled])),
        ]
        while len(self.net.steps) < steps:
            added = self.random.choice(kinds)(now)
            now = added or now
        if self.chance(0.2):
            self.net.also = self.random.choice(list(self.made))
        if self.chance(0.25):
            self._head(now)
        return self.net

    def _joined_inputs(self) -> str:
        """The inputs brought to one size and joined, or the first where they do not fit."""
        other = "y0"
        if self.net.inputs["y0"].extents[0].factor == 2:
            other = self.pool_by("y0", 2) or other
        return self._meet("x0", other) or "x0"

    def _head(self, x: str) -> None:
        """A linear layer on everything there is: its weights fit the sizes that give as many features."""
        self.net.flattened = self.add(f"{x} -> flatten", lambda made: made[x].flatten(1))
        flat = self.net.flattened
        if flat is not None:
            self.add(f"{flat} -> linear(3)", lambda made: made[flat][:, :1].expand(-1, 3))

    def add(self, line: str, run: Run) -> str | None:
        """Add a step if it is legal where we are and does not grow too large."""
        try:
            result = run(self.made)
        except (RuntimeError, AssertionError):
            return None
        if 0 in result.shape or max(result.shape[2:], default=0) > 512 or result.numel() > 2_000_000:
            return None
        name = f"x{len(self.net.steps) + 1}"
        self.made[name] = result
        self.net.steps.append(Step(name, line, run))
        return name

    def axes(self, low: int, high: int) -> list[int]:
        """One number an axis, half of the time all the same."""
        values = [self.random.randint(low, high) for _ in range(self.net.rank)]
        return values if self.chance(0.5) else [values[0]] * self.net.rank

    def conv(self, x: str) -> str | None:
        """A convolution with every attribute there is."""
        rank, channels = self.net.rank, self.made[x].shape[1]
        kernel, stride, dilation = self.axes(1, 5), self.axes(1, 3), self.axes(1, 2)
        pads = [(p, p) if self.chance(0.7) else (p, self.random.randint(0, 3)) for p in self.axes(0, 3)]
        groups = self.random.choice([g for g in (1, 2, 3, 4) if channels % g == 0])
        out = groups * self.random.randint(1, 4)
        bias = self.chance(0.5)
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
        ceil, kind = self.chance(0.5), self.random.choice(self.pools)
        dilation = self.axes(1, 2) if kind == "max" and self.chance(0.3) else [1] * rank
        # avg_pool3d alone refuses windows larger than the unpadded map; the shapes are those of max_pool3d.
        pooled = getattr(F, f"{'max' if rank == 3 else kind}_pool{rank}d")
        line = (
            f"{x} -> {kind}pool({_tuple(kernel)}, stride={_tuple(stride)}, pad={_tuple(pad)}, "
            f"ceil={'true' if ceil else 'false'}"
        )
        if max(dilation) == 1:
            return self.add(f"{line})", lambda made: pooled(made[x], kernel, stride, pad, ceil_mode=ceil))
        return self.add(
            f"{line}, dilation={_tuple(dilation)})",
            lambda made: pooled(made[x], kernel, stride, pad, dilation, ceil_mode=ceil),
        )

    def same(self, x: str) -> str | None:
        """`same` as TensorFlow defines it: ⌈n / s⌉ outputs, the odd pixel after."""
        rank, channels = self.net.rank, self.made[x].shape[1]
        kernel, stride, dilation = self.axes(1, 4), self.axes(1, 3), self.axes(1, 2)
        convolve = getattr(F, f"conv{rank}d")
        weight = torch.empty((channels, channels, *kernel), device="meta")

        def run(made: Tensors) -> torch.Tensor:
            pads: list[tuple[int, int]] = []
            for n, k, s, d in zip(made[x].shape[2:], kernel, stride, dilation, strict=True):
                amount = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
                pads.append((amount // 2, amount - amount // 2))
            return convolve(_padded(made[x], pads), weight, stride=stride, dilation=dilation)

        line = (
            f"{x} -> conv({channels}, {_tuple(kernel)}, stride={_tuple(stride)}, pad=same, "
            f"dilation={_tuple(dilation)})"
        )
        return self.add(line, run)

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
        """Nearest upsampling, by a factor or to a size."""
        if self.chance(0.1):
            size = self.axes(3, 12)
            return self.add(
                f"{x} -> upsample(size={_tuple(size)})", lambda made: F.interpolate(made[x], size=tuple(size))
            )
        factors = self.axes(1, 3)
        return self.add(
            f"{x} -> upsample({_tuple(factors)})",
            lambda made: F.interpolate(made[x], scale_factor=tuple(map(float, factors))),
        )

    def unit(self, x: str) -> str | None:
        """Something that keeps the shape."""
        word = self.random.choice(("relu", "bn", "tanh", "dropout(0.1)"))
        return self.add(f"{x} -> {word}", lambda made: made[x] * 1)

    def bordered(self, x: str) -> str | None:
        """Pixels added or cut off around, before and after differently."""
        word = self.random.choice(("pad", "crop"))
        sides = [(a, self.random.randint(0, 3)) for a in self.axes(0, 3)]
        if word == "crop":
            cut = [(-before, -after) for before, after in sides]
            return self.add(f"{x} -> crop({_pads(sides)})", lambda made: _padded(made[x], cut))
        mode = self.random.choice(("constant", "reflect", "replicate"))
        return self.add(
            f"{x} -> pad({_pads(sides)}, mode={mode})", lambda made: _padded(made[x], sides, mode=mode)
        )

    def adaptive(self, x: str) -> str | None:
        """Bins of nearly equal size; at least 2, as a map of one pixel would broadcast in sums."""
        size = self.axes(2, 6)
        kind = self.random.choice(self.pools)
        pooled = getattr(F, f"adaptive_{kind}_pool{self.net.rank}d")
        return self.add(
            f"{x} -> adaptive_{kind}pool({_tuple(size)})", lambda made: pooled(made[x], tuple(size))
        )

    def turned(self, x: str) -> str | None:
        """Two axes exchanged."""
        order = list(range(self.net.rank + 1))
        order[-2:] = reversed(order[-2:])
        axes = (0, *(axis + 1 for axis in order))
        if self.net.rank == 1:
            return None
        return self.add(f"{x} -> permute({_tuple(order)})", lambda made: made[x].permute(axes))

    def half(self, x: str) -> str | None:
        """One of two halves along a spatial axis: the first is the larger one."""
        axis = self.random.randrange(self.net.rank)
        which = self.random.randint(0, 1)

        def run(made: Tensors) -> torch.Tensor:
            halves = made[x].chunk(2, dim=axis + 2)
            assert len(halves) == 2
            return halves[which]

        return self.add(f"({x} -> chunk(2, axis={AXES[self.net.rank][axis]}))[{which}]", run)

    def shuffled(self, x: str) -> str | None:
        """Channels turned into pixels."""
        rank, factor = self.net.rank, 2
        wide = self.add(
            f"{x} -> conv({2 * factor**rank}, 1)",
            lambda made: made[x][:, :1].expand(-1, 2 * factor**rank, *[-1] * rank),
        )
        return wide and self.add(
            f"{wide} -> pixel_shuffle({factor})",
            lambda made: F.interpolate(made[wide][:, :2], scale_factor=factor),
        )

    def pool_by(self, x: str, factor: int) -> str | None:
        """A pool of windows side by side."""
        kind = self.pools[0]
        pooled = getattr(F, f"{kind}_pool{self.net.rank}d")
        return self.add(f"{x} -> {kind}pool({factor})", lambda made: pooled(made[x], factor))

    def branch(self, x: str) -> str | None:
        """Two branches from here that meet again in a sum or a concatenation, where their shapes allow."""
        kinds = (self.conv, self.pool, self.same)
        left, right = self.random.choice(kinds)(x), self.random.choice(kinds)(x)
        if left is None or right is None:
            return left or right
        return self._meet(left, right) or left

    def ladder(self, x: str, depth: int = 0) -> str | None:
        """Down and up again, and the skip joined, as a U-Net does: legal for some sizes only."""
        factor = self.random.choice((2, 3))
        down = self.pool_by(x, factor)
        if down is None:
            return None
        deeper = depth < 3 and self.chance(0.4)
        middle = (self.ladder(down, depth + 1) if deeper else self.conv(down)) or down
        up = self.add(
            f"{middle} -> upsample({factor})", lambda made: F.interpolate(made[middle], scale_factor=factor)
        )
        return (up and self._meet(up, x)) or up or middle

    def residual(self, x: str) -> str | None:
        """A sum with where we were: cut to the smaller map, or the smaller map repeated, where that fits."""
        y = self.conv(x) or x
        before, after = self.made[x].shape[2:], self.made[y].shape[2:]
        cuts = [a - b for a, b in zip(before, after, strict=True)]
        if all(0 <= cut < 12 for cut in cuts):
            sides = [(first := self.random.randint(0, cut), cut - first) for cut in cuts]
            cropped = [(-a, -b) for a, b in sides]
            skip = self.add(f"{x} -> crop({_pads(sides)})", lambda made: _padded(made[x], cropped))
            return (skip and self._meet(y, skip)) or y
        if all(a % b == 0 for a, b in zip(before, after, strict=True)):
            factors = [a // b for a, b in zip(before, after, strict=True)]
            up = self.add(
                f"{y} -> upsample({_tuple(factors)})",
                lambda made: F.interpolate(made[y], scale_factor=tuple(map(float, factors))),
            )
            return (up and self._meet(up, x)) or y
        return y

    def skip(self, x: str) -> str | None:
        """A sum or a concatenation with any tensor made before that has the same sizes here."""
        here = self.made[x].shape[2:]
        others = [name for name, made in self.made.items() if name != x and made.shape[2:] == here]
        return self._meet(x, self.random.choice(others)) if others else None

    def _meet(self, left: str, right: str) -> str | None:
        axis = self.random.randrange(self.net.rank) if self.chance(0.1) else None
        if axis is not None:
            spatial = self.add(
                f"concat({left}, {right}, axis={AXES[self.net.rank][axis]})",
                lambda made: torch.cat([made[left], made[right]], dim=axis + 2),
            )
            if spatial:
                return spatial

        def concat(made: Tensors) -> torch.Tensor:
            return torch.cat([made[left], made[right]], dim=1)

        def add(made: Tensors) -> torch.Tensor:
            assert made[left].shape == made[right].shape
            return made[left] + made[right]

        # A map that always has one pixel would be repeated in a sum, which `add` above does not do.
        if self.chance(0.6) and 1 not in self.made[left].shape[2:]:
            right = self._projected(right, self.made[left].shape[1])
            return self.add(f"{left} + {right}", add) or self.add(f"concat({left}, {right})", concat)
        return self.add(f"concat({left}, {right})", concat)

    def _projected(self, x: str, channels: int) -> str:
        """The tensor with so many channels."""
        if self.made[x].shape[1] == channels:
            return x
        spread = [-1] * self.net.rank
        run: Run = lambda made: made[x][:, :1].expand(-1, channels, *spread)  # noqa: E731
        return self.add(f"{x} -> conv({channels}, 1)", run) or x


def random_net(
    seed: int,
    steps: int = 8,
    rank: int | None = None,
    largest: int = 40,
    pools: tuple[str, ...] = ("max", "avg"),
) -> RandomNet:
    """The net of a seed."""
    return Generator(seed, rank, largest, pools).grow(steps)
