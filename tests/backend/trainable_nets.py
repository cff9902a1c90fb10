"""Random nets that can be trained: every layer of the language, in any order, with heads and losses.

The generator runs PyTorch on `meta` tensors as it goes, so that it knows the shapes and makes legal steps.
Same seed, same net.

Most of the time goes into compiling. So nets come in families of `FAMILY` seeds in a row, which share the
size of their input and mostly draw channels, windows and activations from a few: kernels that one needs are
often those that another has compiled.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod

import torch
import torch.nn.functional as F  # noqa: N812

Tensors = dict[str, torch.Tensor]

SIZES = {
    1: ((9,), (16,), (23,)),
    2: ((7, 7), (8, 8), (12, 12), (5, 9), (16, 11), (1, 1)),
    3: ((3, 4, 5), (4, 4, 4), (2, 6, 6)),
}
CHANNELS = (1, 2, 3, 4, 5, 8, 12, 16, 17, 24, 32, 33)
ACTIVATIONS = (
    "relu", "relu", "relu", "relu6", "leaky_relu(0.2)", "prelu", "elu", "selu", "gelu", "gelu(tanh)", "silu",
    "mish", "sigmoid", "hardsigmoid", "hardswish", "tanh", "softplus",
)  # fmt: skip
FAMILY = 40
LARGEST = 6_000
"""Numbers in a tensor of one sample: a net takes milliseconds."""


def per_axis(values: list[int]) -> str:
    """One number, or one an axis."""
    return str(values[0]) if len(set(values)) == 1 else f"({', '.join(map(str, values))})"


@dataclass(frozen=True)
class TrainableNet:
    """The text of a net and how it is run: `classes` where a loss on labels is taken, else None."""

    text: str
    batch: int
    classes: int | None


class Generator:
    """Grows the trunk of a net, then its heads. `made` holds tensors of its shapes, `lines` its text."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.family = seed // FAMILY
        shared = self.shared_draw("shape")
        self.rank = shared.choice((1, 2, 2, 3))
        self.favourites = shared.sample(CHANNELS, 3)
        self.activations = shared.sample(ACTIVATIONS, 3)
        self.batch = shared.choice((1, 2, 2, 3))
        self.shape = (shared.choice(CHANNELS[:9]), *shared.choice(SIZES[self.rank]))
        self.made: Tensors = {"x0": torch.empty((1, *self.shape), device="meta")}
        self.lines: list[str] = []

    def shared_draw(self, what: str) -> random.Random:
        """Random numbers that are the same in all nets of a family."""
        return random.Random(f"{self.family} {what}")  # noqa: S311

    def grow(self, steps: int) -> TrainableNet:
        """The net: a trunk of so many steps or a few more, and one to three outputs."""
        last = self.trunk(steps)
        classes = self.heads(last)
        shape = ", ".join(map(str, self.shape))
        lines = [f"    {line}" for line in (f"input x0: [{shape}]", *self.lines)]
        return TrainableNet("\n".join(["net random():", *lines, ""]), self.batch, classes)

    def add(self, line: str, run: Callable[[Tensors], torch.Tensor]) -> str | None:
        """A step, unless it is illegal here or makes the net slow."""
        try:
            result = run(self.made)
        except (RuntimeError, AssertionError):
            return None
        if not 0 < result.numel() <= LARGEST:
            return None
        name = f"x{len(self.made)}"
        self.made[name] = result
        self.lines.append(f"{name} = {line}")
        return name

    def keep(self, x: str, words: str) -> str:
        """Layers that keep the shape."""
        name = self.add(f"{x} -> {words}", lambda made: made[x] * 1)
        assert name is not None
        return name

    # --- the trunk ----------------------------------------------------------------------------------------

    def trunk(self, steps: int) -> str:
        """So many steps or a few more; the last tensor's name."""
        kinds = (
            [self.dense] * 6
            + [self.residual, self.joined] * 2
            + [self.depthwise, self.pool, self.pool, self.activation, self.norm] * 2
            + [self.transposed, self.upsampled, self.gate, self.shuffled, self.split, self.shared]
            + [self.bordered, self.turned, self.other_pool, self.scaled, self.tensorflow]
        )
        now = "x0"
        for _ in range(5 * steps):
            if len(self.made) > steps:
                break
            now = self.random.choice(kinds)(now) or now
        return now

    def chance(self, probability: float) -> bool:
        """Whether something happens that often."""
        return self.random.random() < probability

    def axes(self, low: int, high: int) -> list[int]:
        """One number an axis, half of the time all the same."""
        draw = self.random
        if self.chance(0.8):
            draw = self.shared_draw(f"{low} {high} {self.random.randint(0, 1)}")
        values = [draw.randint(low, high) for _ in range(self.rank)]
        return values if draw.random() < 0.5 else [values[0]] * self.rank

    def some_channels(self) -> int:
        """A number of channels."""
        return self.random.choice(self.favourites if self.chance(0.8) else CHANNELS)

    def some_activation(self) -> str:
        """One of all."""
        return self.random.choice(self.activations if self.chance(0.7) else ACTIVATIONS)

    def channels(self, x: str) -> int:
        """The channels of a tensor."""
        return self.made[x].shape[1]

    def spatial(self, x: str) -> tuple[int, ...]:
        """The sizes of a map."""
        return tuple(self.made[x].shape[2:])

    def convolution(self, x: str, out: int, *, same: bool = False, groups: int = 1) -> str | None:
        """A convolution: of stride 1 that keeps the map, or with any window that fits."""
        rank = self.rank
        kernel = self.axes(1, 3) if same or self.chance(0.8) else self.axes(1, 5)
        stride = dilation = [1] * rank
        if not same and self.chance(0.4):
            stride, dilation = self.axes(1, 3), self.axes(1, 2)
        if same:
            pads = [((k - 1) // 2, k // 2) for k in kernel]
        elif self.chance(0.1):
            kernel, pads = list(self.spatial(x)), [(0, 0)] * rank
            dilation = [1] * rank
        else:
            pads = [(p, p) if self.chance(0.7) else (p, self.random.randint(0, 2)) for p in self.axes(0, 2)]
        bias = "" if self.chance(0.6) else ", bias=false"
        weight = torch.empty((out, self.channels(x) // groups, *kernel), device="meta")
        sides = [side for pair in reversed(pads) for side in pair]
        convolve = partial(
            getattr(F, f"conv{rank}d"), weight=weight, stride=stride, dilation=dilation, groups=groups
        )
        written = "(" + ", ".join(f"({a}, {b})" for a, b in pads) + ",)"
        line = (
            f"{x} -> conv({out}, {per_axis(kernel)}, stride={per_axis(stride)}, pad={written}, "
            f"dilation={per_axis(dilation)}, groups={groups}{bias})"
        )
        return self.add(line, lambda made: convolve(F.pad(made[x], sides)))

    def dense(self, x: str) -> str | None:
        """A convolution, often with a normalisation and an activation after it, which may be fused."""
        inner = self.channels(x)
        groups = self.random.choice([1, 1, 1, *(g for g in (2, 3, 4) if inner % g == 0)])
        out = groups * max(1, self.some_channels() // groups)
        made = self.convolution(x, out, same=self.chance(0.4), groups=groups)
        return made and self.finished(made)

    def depthwise(self, x: str) -> str | None:
        """Every channel a group, with one filter or two."""
        inner = self.channels(x)
        if self.chance(0.3):
            return self.finished(self.keep(x, f"depthwise({self.random.choice((1, 3, 5))}, pad=same)"))
        made = self.convolution(x, inner * self.random.choice((1, 1, 2)), groups=inner)
        return made and self.finished(made)

    def finished(self, x: str) -> str:
        """Perhaps a normalisation, perhaps an activation."""
        if self.chance(0.4) and self.values(x) >= 8:
            x = self.keep(x, "bn")
        if self.chance(0.6):
            x = self.activation(x)
        return x

    def values(self, x: str) -> int:
        """How many numbers a channel has in a batch."""
        return self.batch * prod(self.spatial(x))

    def activation(self, x: str) -> str:
        """One of all."""
        return self.keep(x, self.some_activation())

    def norm(self, x: str) -> str | None:
        """Any normalisation that has enough numbers to take a mean of."""
        channels, positions = self.channels(x), prod(self.spatial(x))
        fits = ["lrn(3)", "dropout(0)", "softmax"]
        fits += ["bn", "bn(affine=false)", "bn(momentum=0.3)"] * (self.values(x) >= 8)
        fits += ["instancenorm"] * (positions >= 8) + ["layernorm"] * (channels * positions >= 8)
        fits += ["layernorm(over=channels)"] * (channels >= 8)
        fits += [f"groupnorm({g})" for g in (2, 4) if channels % g == 0 and channels * positions // g >= 8]
        return self.keep(x, self.random.choice(fits))

    def residual(self, x: str) -> str | None:
        """Something of the same shape, and the sum with what it was made of."""
        made = self.convolution(x, self.channels(x), same=True)
        if made is None:
            return None
        if self.chance(0.5):
            made = self.convolution(self.finished(made), self.channels(x), same=True) or made
        if self.chance(0.5) and self.values(x) >= 8:
            made = self.keep(made, "bn")
        left, right = (made, x) if self.chance(0.5) else (x, made)
        total = self.add(f"{left} + {right}", lambda made: made[left] + made[right])
        return total and (self.activation(total) if self.chance(0.7) else total)

    def joined(self, x: str) -> str | None:
        """Two or three branches of the same size side by side."""
        parts = [self.convolution(x, self.some_channels(), same=True) for _ in range(2)]
        names = [self.finished(part) for part in parts if part]
        if self.chance(0.4):
            names.insert(self.random.randint(0, len(names)), x)
        if len(names) < 2:
            return None
        return self.add(
            f"concat({', '.join(names)})", lambda made: torch.cat([made[name] for name in names], dim=1)
        )

    def pool(self, x: str) -> str | None:
        """The greatest or the mean of windows, the mean with or without what is beyond the border."""
        kernel, stride = self.axes(1, 3), self.axes(1, 3)
        pad = [self.random.randint(0, k // 2) for k in kernel]
        ceil = self.chance(0.5)
        word = self.random.choice(("maxpool", "avgpool"))
        extra = f", count_pad={self.random.choice(('true', 'false'))}" if word == "avgpool" else ""
        pooled = getattr(F, f"max_pool{self.rank}d")
        line = (
            f"{x} -> {word}({per_axis(kernel)}, stride={per_axis(stride)}, pad={per_axis(pad)}, "
            f"ceil={str(ceil).lower()}{extra})"
        )
        return self.add(line, lambda made: pooled(made[x], kernel, stride, pad, ceil_mode=ceil))

    def transposed(self, x: str) -> str | None:
        """A transposed convolution."""
        kernel, stride, dilation = self.axes(1, 4), self.axes(1, 3), self.axes(1, 2)
        pad = [self.random.randint(0, (k - 1) // 2) for k in kernel]
        extra = [self.random.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]
        channels = self.channels(x)
        groups = self.random.choice([g for g in (1, 1, 2, 3) if channels % g == 0])
        out = self.random.choice((1, 3, 8))
        weight = torch.empty((channels, out, *kernel), device="meta")
        convolve = getattr(F, f"conv_transpose{self.rank}d")
        line = (
            f"{x} -> conv_transpose({out * groups}, {per_axis(kernel)}, stride={per_axis(stride)}, "
            f"pad={per_axis(pad)}, output_pad={per_axis(extra)}, dilation={per_axis(dilation)}, "
            f"groups={groups})"
        )
        return self.add(
            line, lambda made: convolve(made[x], weight, None, stride, pad, extra, groups, dilation)
        )

    def other_pool(self, x: str) -> str | None:
        """Pools over everything, or to a size."""
        rank = self.rank
        word = self.random.choice(("adaptive_avgpool", "adaptive_maxpool", "lppool", "global_avgpool"))
        if word == "lppool":
            size = self.random.randint(1, 3)
            pooled = getattr(F, f"max_pool{rank}d")
            return self.add(f"{x} -> lppool({size})", lambda made: pooled(made[x], size))
        if word == "global_avgpool":
            axes = tuple(range(2, rank + 2))
            wide = self.add(f"{x} -> global_avgpool", lambda made: made[x].mean(axes, True))
            return wide and self.add(f"{x} + {wide}", lambda made: made[x] + made[wide])
        sizes = [self.random.randint(1, size) for size in self.spatial(x)]
        pooled = getattr(F, f"adaptive_avg_pool{rank}d")
        return self.add(f"{x} -> {word}({per_axis(sizes)})", lambda made: pooled(made[x], sizes))

    def tensorflow(self, x: str) -> str | None:
        """`same` as TensorFlow defines it: ⌈n / s⌉ outputs, the odd pixel after."""
        kernel, stride = self.axes(1, 4), self.axes(1, 3)
        channels = self.channels(x)
        sizes = [-(-n // s) for n, s in zip(self.spatial(x), stride, strict=True)]
        line = f"{x} -> conv({channels}, {per_axis(kernel)}, stride={per_axis(stride)}, pad=same)"
        return self.add(line, lambda made: made[x].new_empty((1, channels, *sizes)))

    def upsampled(self, x: str) -> str | None:
        """By repetition, by interpolation, or from channels to pixels (and the other way)."""
        way = self.random.choice(("nearest", "linear", "corners"))
        if self.rank == 2 and self.channels(x) % 4 == 0 and self.chance(0.5):
            return self.add(f"{x} -> pixel_shuffle(2)", lambda made: F.pixel_shuffle(made[x], 2))
        if self.rank == 2 and self.chance(0.3):
            return self.add(f"{x} -> pixel_unshuffle(2)", lambda made: F.pixel_unshuffle(made[x], 2))
        linear = ("linear", "bilinear", "trilinear")[self.rank - 1]
        extra = "" if way == "nearest" else f", mode={linear}" + ", align_corners=true" * (way == "corners")
        return self.add(f"{x} -> upsample(2{extra})", lambda made: F.interpolate(made[x], scale_factor=2))

    def gate(self, x: str) -> str | None:
        """Squeeze and excite, or one channel's map times all channels."""
        channels, axes = self.channels(x), tuple(range(2, self.rank + 2))
        if self.chance(0.5):
            pool = self.random.choice(("global_avgpool", "global_maxpool"))
            line = f"{x} -> {pool} -> conv({channels}, 1) -> sigmoid"
            made = self.add(line, lambda made: made[x].mean(axes, True))
        else:
            line = f"{x} -> conv({self.random.choice((1, channels))}, 1) -> tanh"
            made = self.add(line, lambda made: made[x] * 1)
        return made and self.add(f"{x} * {made}", lambda tensors: tensors[x] * 1)

    def shuffled(self, x: str) -> str | None:
        """Channels dealt out anew."""
        groups = self.random.choice((2, 3, 4))
        return self.keep(x, f"channel_shuffle({groups})") if self.channels(x) % groups == 0 else None

    def split(self, x: str) -> str | None:
        """Channels apart, one part changed, and together again the other way round."""
        channels = self.channels(x)
        if channels < 2:
            return None
        if channels % 2 == 0 and self.chance(0.3):
            left, right = f"left{len(self.made)}", f"right{len(self.made)}"
            self.lines.append(f"{left}, {right} = {x} -> chunk(2)")
            both = self.random.choice(("hypot", "atan2"))
            return self.add(f"{both}({left}, {right})", lambda made: made[x][:, : channels // 2])
        first = self.random.choice([n for n in (1, 3, 8, 16, channels // 2) if n < channels])
        left, right = f"left{len(self.made)}", f"right{len(self.made)}"
        self.lines.append(f"{left}, {right} = {x} -> split(({first}, {channels - first}))")
        line = f"concat({right} -> {self.some_activation()}, {left})"
        return self.add(line, lambda made: made[x] * 1)

    def shared(self, x: str) -> str | None:
        """One layer used twice: its gradient has two parts."""
        name = f"shared{len(self.made)}"
        self.lines.append(f"layer {name} = conv({self.channels(x)}, {self.random.choice((1, 3))}, pad=same)")
        return self.keep(x, f"{name} -> {self.some_activation()} -> {name}")

    def bordered(self, x: str) -> str | None:
        """A border more, or less."""
        rank = self.rank
        mode = self.random.choice(("constant", "replicate", "reflect", "crop"))
        if mode in ("reflect", "crop") and min(self.spatial(x)) < 3:
            return None
        if mode == "crop":
            return self.add(f"{x} -> crop(1)", lambda made: F.pad(made[x], [-1] * 2 * rank))
        return self.add(f"{x} -> pad(1, mode={mode})", lambda made: F.pad(made[x], [1] * 2 * rank))

    def turned(self, x: str) -> str | None:
        """Height and width exchanged, or channels and pixels dealt out anew."""
        channels, sizes = self.channels(x), self.spatial(x)
        if self.chance(0.5) and self.rank > 1:
            axes = (0, 2, 1, 3)[: self.rank + 1]
            order = (0, *(axis + 1 for axis in axes))
            return self.add(f"{x} -> permute({axes})", lambda made: made[x].permute(order))
        if channels % 2:
            return None
        shape = (channels // 2, sizes[0] * 2, *sizes[1:])
        return self.add(f"{x} -> reshape({shape})", lambda made: made[x].reshape(1, *shape))

    def scaled(self, x: str) -> str | None:
        """A factor a channel, or one for all."""
        return self.keep(
            x, self.random.choice(("scale", "scale(bias=true)", "identity", "times(0.5)", "times(-1.25)"))
        )

    # --- the heads ----------------------------------------------------------------------------------------

    def heads(self, last: str) -> int | None:
        """One to three outputs, the last of them at the end; how many classes they tell apart, if they do."""
        others = [self.random.choice(list(self.made)) for _ in range(self.random.choice((0, 0, 1, 2)))]
        classes = self.random.choice((2, 3, 5, 10)) if self.chance(0.5) else None
        maps = classes is not None and not others and self.chance(0.3)
        for number, tensor in enumerate(others):
            training = "training " if self.chance(0.5) else ""
            weight = f" weight {self.random.choice((0.3, 2))}"
            self.lines.append(f"{training}output early{number} = {tensor}{self.head(classes)}{weight}")
        end = f" -> conv({classes}, 1)" if maps else self.head(classes)
        scores = self.random.choice(("", "", " -> softmax", " -> log_softmax"))
        self.lines.append(f"output {last}{end}{scores}")
        return classes

    def head(self, classes: int | None) -> str:
        """From a map to scores, or without classes also nothing at all."""
        if classes is None and self.chance(0.4):
            return ""
        before = self.random.choice((" -> flatten", " -> global_avgpool -> squeeze", " -> flatten"))
        hidden = self.random.choice(("", "", f" -> linear({self.random.choice((16, 7))}) -> relu"))
        return f"{before}{hidden} -> linear({classes or 4})"


def trainable_net(seed: int) -> TrainableNet:
    """The net of a seed."""
    generator = Generator(seed)
    return generator.grow(generator.random.choice((2, 4, 6, 8)))
