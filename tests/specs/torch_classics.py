"""Older nets that torchvision does not have, in PyTorch by hand, from tables and figures of their papers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from specs.torch_definitions import conv_bn
from torch import nn
from torch.nn import functional

Size = tuple[int, ...]


def relus(*layers: nn.Module) -> list[nn.Module]:
    """Every layer with a ReLU behind it."""
    return [part for layer in layers for part in (layer, nn.ReLU())]


def mlp_head(features: int, classes: int) -> list[nn.Module]:
    return [nn.Flatten(), *relus(nn.Linear(features, 4096), nn.Linear(4096, 4096)), nn.Linear(4096, classes)]


def zfnet() -> nn.Module:
    """Figure 3 of Zeiler & Fergus: 110, 55, 26, 13, 13, 13, 6."""
    return nn.Sequential(
        *relus(nn.Conv2d(3, 96, 7, 2, 1)), nn.MaxPool2d(3, 2, 1), nn.LocalResponseNorm(5),
        *relus(nn.Conv2d(96, 256, 5, 2)), nn.MaxPool2d(3, 2, 1), nn.LocalResponseNorm(5),
        *relus(nn.Conv2d(256, 384, 3, 1, 1), nn.Conv2d(384, 384, 3, 1, 1), nn.Conv2d(384, 256, 3, 1, 1)),
        nn.MaxPool2d(3, 2), *mlp_head(256 * 36, 1000),
    )  # fmt: skip


def nin() -> nn.Module:
    """The train_val.prototxt of the authors' CIFAR-10 release."""
    a = relus(nn.Conv2d(3, 192, 5, 1, 2), nn.Conv2d(192, 160, 1), nn.Conv2d(160, 96, 1))
    b = relus(nn.Conv2d(96, 192, 5, 1, 2), nn.Conv2d(192, 192, 1), nn.Conv2d(192, 192, 1))
    c = relus(nn.Conv2d(192, 192, 3, 1, 1), nn.Conv2d(192, 192, 1), nn.Conv2d(192, 10, 1))
    pools = nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(3, 2, ceil_mode=True)
    return nn.Sequential(*a, pools[0], *b, pools[1], *c, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def c3d() -> nn.Module:
    """Figure 3 of Tran et al.: 3×3×3 kernels; the first pool leaves time alone."""
    layers: list[nn.Module] = []
    c = 3
    for widths, pool in [
        ((64,), nn.MaxPool3d((1, 2, 2))),
        ((128,), nn.MaxPool3d(2)),
        ((256, 256), nn.MaxPool3d(2)),
        ((512, 512), nn.MaxPool3d(2)),
        ((512, 512), nn.MaxPool3d(2, padding=(0, 1, 1))),
    ]:
        for width in widths:
            layers += relus(nn.Conv3d(c, width, 3, 1, 1))
            c = width
        layers.append(pool)
    return nn.Sequential(*layers, *mlp_head(512 * 16, 487))


def mobilenet_v1(width: float = 1.0) -> nn.Module:
    """Table 1 of Howard et al. 2017."""
    c = int(32 * width)
    layers: list[nn.Module] = [conv_bn(3, c, 3, 2, act=nn.ReLU)]
    for full, s in [
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1),
    ]:  # fmt: skip
        out = int(full * width)
        layers += [conv_bn(c, c, 3, s, g=c, act=nn.ReLU), conv_bn(c, out, 1, act=nn.ReLU)]
        c = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


def ds_cnn() -> nn.Module:
    """DS-CNN-S of Zhang et al.: TensorFlow's SAME is 4 and 5 rows, 1 and 1 columns for 49×10."""
    first = [
        nn.ZeroPad2d((1, 1, 4, 5)),
        nn.Conv2d(1, 64, (10, 4), 2, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
    ]
    units = (
        part
        for _ in range(4)
        for part in (conv_bn(64, 64, 3, g=64, act=nn.ReLU), conv_bn(64, 64, 1, act=nn.ReLU))
    )
    return nn.Sequential(*first, *units, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 12))


def m5() -> nn.Module:
    """M5 of Dai et al., table 1."""
    layers: list[nn.Module] = [nn.ConstantPad1d((38, 38), 0), nn.Conv1d(1, 128, 80, 4)]
    for a, b in [(128, 128), (128, 256), (256, 512)]:
        layers += [nn.BatchNorm1d(a), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(a, b, 3, 1, 1)]
    layers += [nn.BatchNorm1d(512), nn.ReLU(), nn.MaxPool1d(4), nn.AdaptiveAvgPool1d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(512, 10))


def espcn() -> nn.Module:
    """(5, 64), (3, 32), 3 of Shi et al."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, 1, 2), nn.Tanh(), nn.Conv2d(64, 32, 3, 1, 1), nn.Tanh(),
        nn.Conv2d(32, 9, 3, 1, 1), nn.PixelShuffle(3),
    )  # fmt: skip


class UNet(nn.Module):
    """Four levels down and up; as published (unpadded), or padded and with batch normalisation."""

    def __init__(self, channels: int, *, as_published: bool) -> None:
        super().__init__()
        widths = [64, 128, 256, 512, 1024]
        self.as_published = as_published
        self.down = nn.ModuleList(map(self.double, [channels, *widths], widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, 2) for c in widths[3::-1])
        self.merge = nn.ModuleList(self.double(2 * c, c) for c in widths[3::-1])
        self.last = nn.Conv2d(64, 2, 1)

    def double(self, a: int, b: int) -> nn.Module:
        if self.as_published:
            return nn.Sequential(*relus(nn.Conv2d(a, b, 3), nn.Conv2d(b, b, 3)))
        return nn.Sequential(conv_bn(a, b, 3, act=nn.ReLU), conv_bn(b, b, 3, act=nn.ReLU))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for depth, level in enumerate(self.down):
            x = level(x if depth == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, skips[3::-1], strict=True):
            x = up(x)
            cut = (skip.shape[2] - x.shape[2]) // 2
            x = merge(torch.cat([functional.pad(skip, [-cut] * 4), x], 1))
        return self.last(x)


class WaveNet(nn.Module):
    """Figures 3 and 4 of van den Oord et al.: gated, dilated, causal; the last unit has no residual."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(256, 64, 1)
        self.gates = nn.ModuleList(nn.Conv1d(64, 128, 2, dilation=2**i) for i in range(10))
        self.skips = nn.ModuleList(nn.Conv1d(64, 64, 1) for _ in range(10))
        self.residuals = nn.ModuleList(nn.Conv1d(64, 64, 1) for _ in range(9))
        self.last = nn.Sequential(nn.ReLU(), nn.Conv1d(64, 64, 1), nn.ReLU(), nn.Conv1d(64, 256, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, total = self.first(x), 0
        for i, (gate, skip) in enumerate(zip(self.gates, self.skips, strict=True)):
            filtered, gated = gate(functional.pad(x, (2**i, 0))).chunk(2, 1)
            unit = torch.tanh(filtered) * torch.sigmoid(gated)
            total = total + skip(unit)
            x = x + self.residuals[i](unit) if i < 9 else x
        return self.last(total)


class OptionA(nn.Module):
    """A unit of He et al. 2016 for CIFAR: where the map shrinks, every second pixel and channels of zeros."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.stride, self.extra = b // a, (b - a) // 2
        self.body = nn.Sequential(conv_bn(a, b, 3, b // a, act=nn.ReLU), conv_bn(b, b, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = x[:, :, :: self.stride, :: self.stride]
        return functional.relu(self.body(x) + functional.pad(skip, (0, 0, 0, 0, self.extra, self.extra)))


def resnet20() -> nn.Module:
    """Section 4.2 of He et al. 2016, n = 3."""
    pairs = [(16, 16)] * 3 + [(16, 32)] + [(32, 32)] * 2 + [(32, 64)] + [(64, 64)] * 2
    units = (OptionA(a, b) for a, b in pairs)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    return nn.Sequential(conv_bn(3, 16, 3, act=nn.ReLU), *units, *head)


CLASSICS: dict[str, tuple[Callable[[], nn.Module], Size]] = {
    "zfnet": (zfnet, (3, 224, 224)),
    "nin": (nin, (3, 32, 32)),
    "c3d": (c3d, (3, 16, 112, 112)),
    "mobilenet_v1": (mobilenet_v1, (3, 224, 224)),
    "ds_cnn": (ds_cnn, (1, 49, 10)),
    "m5": (m5, (1, 32_000)),
    "espcn": (espcn, (1, 85, 85)),
    "unet": (lambda: UNet(3, as_published=False), (3, 256, 256)),
    "unet_paper": (lambda: UNet(1, as_published=True), (1, 572, 572)),
    "wavenet": (WaveNet, (256, 4096)),
    "resnet20_cifar": (resnet20, (3, 32, 32)),
}
"""By the name of the net: the module, and the shape of its input."""
