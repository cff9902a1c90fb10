"""Nets that torchvision's oracles do not have, in PyTorch by hand, from papers and their releases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn


def conv_bn(a: int, b: int, k: int, s: int = 1, *, g: int = 1, act: Any = None) -> nn.Sequential:
    conv = nn.Conv2d(a, b, k, s, k // 2, groups=g, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(b), *([act()] if act else []))


class Residual(nn.Module):
    """`x + body(x)`."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Gate(nn.Module):
    """Squeeze and excitation (Hu et al. 2018)."""

    def __init__(self, c: int, hidden: int, act: Any, gate: Any) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(c, hidden, 1), nn.Conv2d(hidden, c, 1)
        self.act, self.gate = act(), gate()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gate(self.up(self.act(self.down(x.mean((2, 3), keepdim=True)))))


def head(channels: int, classes: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]


def mobilenet_v3_large() -> nn.Module:
    """Table 1 of Howard et al. 2019: kernel, expansion, output, SE, non-linearity, stride."""
    relu, hard = nn.ReLU, nn.Hardswish
    squeezed = {16: 8, 72: 24, 120: 32, 480: 120, 672: 168, 960: 240}
    table = [
        (3, 16, 16, 0, relu, 1), (3, 64, 24, 0, relu, 2), (3, 72, 24, 0, relu, 1),
        (5, 72, 40, 1, relu, 2), (5, 120, 40, 1, relu, 1), (5, 120, 40, 1, relu, 1),
        (3, 240, 80, 0, hard, 2), (3, 200, 80, 0, hard, 1),
        (3, 184, 80, 0, hard, 1), (3, 184, 80, 0, hard, 1), (3, 480, 112, 1, hard, 1),
        (3, 672, 112, 1, hard, 1),
        (5, 672, 160, 1, hard, 2), (5, 960, 160, 1, hard, 1), (5, 960, 160, 1, hard, 1),
    ]  # fmt: skip
    layers: list[nn.Module] = [conv_bn(3, 16, 3, 2, act=hard)]
    c = 16
    for k, wide, out, se, act, s in table:
        unit = [] if wide == c else [conv_bn(c, wide, 1, act=act)]
        unit.append(conv_bn(wide, wide, k, s, g=wide, act=act))
        unit += [Gate(wide, squeezed[wide], nn.ReLU, nn.Hardsigmoid)] if se else []
        body = nn.Sequential(*unit, conv_bn(wide, out, 1))
        layers.append(Residual(body) if s == 1 and out == c else body)
        c = out
    layers += [conv_bn(160, 960, 1, act=hard), *head(960, 1280), nn.Hardswish(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers)


def efficientnet_b0() -> nn.Module:
    """Table 1 of Tan & Le 2019: expansion, kernel, stride of the first, channels, how often."""
    layers: list[nn.Module] = [conv_bn(3, 32, 3, 2, act=nn.SiLU)]
    c = 32
    for t, k, s, out, n in [
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
        (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    ]:  # fmt: skip
        for stride in [s] + [1] * (n - 1):
            unit = [conv_bn(c, t * c, 1, act=nn.SiLU)] if t > 1 else []
            unit += [
                conv_bn(t * c, t * c, k, stride, g=t * c, act=nn.SiLU),
                Gate(t * c, c // 4, nn.SiLU, nn.Sigmoid),
            ]
            body = nn.Sequential(*unit, conv_bn(t * c, out, 1))
            layers.append(Residual(body) if stride == 1 and out == c else body)
            c = out
    return nn.Sequential(*layers, conv_bn(320, 1280, 1, act=nn.SiLU), *head(1280, 1000))


class ChannelsLast(nn.Module):
    """Linear layers and a LayerNorm over the last axis, on maps; then a factor a channel."""

    def __init__(self, c: int, *, is_unit: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(c, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c)) if is_unit else None
        self.gamma = nn.Parameter(torch.full((c,), 1e-6)) if is_unit else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x.permute(0, 2, 3, 1))
        y = y if self.mlp is None else self.gamma * self.mlp(y)
        return y.permute(0, 3, 1, 2)


def convnext_tiny() -> nn.Module:
    """Liu et al. 2022: a patch is 4×4, three, three, nine and three units."""
    norm = partial(ChannelsLast, is_unit=False)
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), norm(96)]
    for c, n in [(96, 3), (192, 3), (384, 9), (768, 3)]:
        layers += [norm(c // 2), nn.Conv2d(c // 2, c, 2, 2)] if c > 96 else []
        units = (
            nn.Sequential(nn.Conv2d(c, c, 7, 1, 3, groups=c), ChannelsLast(c, is_unit=True)) for _ in range(n)
        )
        layers += [Residual(unit) for unit in units]
    pool, flatten, linear = head(768, 1000)
    return nn.Sequential(*layers, pool, norm(768), flatten, linear)


class YoloV2(nn.Module):
    """The `[convolutional]` and `[maxpool]` sections of the authors' yolov2.cfg, and its two routes."""

    def __init__(self) -> None:
        super().__init__()
        act = partial(nn.LeakyReLU, 0.1)
        self.fine = self._stack(3, "32 M 64 M 128 64/1 128 M 256 128/1 256 M 512 256/1 512 256/1 512", act)
        self.coarse = self._stack(512, "M 1024 512/1 1024 512/1 1024 1024 1024", act)
        self.route = conv_bn(512, 64, 1, act=act)
        self.end = nn.Sequential(conv_bn(1024 + 256, 1024, 3, act=act), nn.Conv2d(1024, 425, 1))

    def _stack(self, c: int, text: str, act: Any) -> nn.Sequential:
        layers: list[nn.Module] = []
        for word in text.split():
            if word == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            width, _, k = word.partition("/")
            layers.append(conv_bn(c, int(width), int(k or 3), act=act))
            c = int(width)
        return nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.fine(x)
        passed = nn.functional.pixel_unshuffle(self.route(fine), 2)
        return self.end(torch.cat([passed, self.coarse(fine)], 1))


DEFINITIONS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mobilenet_v3_large": (mobilenet_v3_large, (3, 224, 224)),
    "efficientnet_b0": (efficientnet_b0, (3, 224, 224)),
    "convnext_tiny": (convnext_tiny, (3, 224, 224)),
    "yolo_v2": (YoloV2, (3, 416, 416)),
}
"""By the name of the net: the module, and the shape of its input."""
