"""Every layer as PyTorch has it: the module, or the function, that a word of the language stands for.

`ORACLES[word]` yields cases: the arguments in our language, the input shapes, and what PyTorch makes of
tensors of these shapes. Modules run on the `meta` device, which has shapes and no numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

torch = pytest.importorskip("torch")
nn, fn = torch.nn, torch.nn.functional

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAXPOOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVGPOOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
LPPOOL = {1: nn.LPPool1d, 2: nn.LPPool2d, 3: nn.LPPool3d}
ADAPTIVE_AVG = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
ADAPTIVE_MAX = {1: nn.AdaptiveMaxPool1d, 2: nn.AdaptiveMaxPool2d, 3: nn.AdaptiveMaxPool3d}
BATCHNORM = {0: nn.BatchNorm1d, 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
INSTANCENORM = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}

Size = tuple[int, ...]
Run = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """`word(**arguments)` on `shapes` is `run`; modules in `owns` have its parameters and buffers."""

    arguments: dict[str, object]
    shapes: tuple[Size, ...]
    run: Run
    owns: Any = field(default=None, repr=False)


def module(arguments: dict[str, object], shape: Size, own: Any) -> Case:
    return Case(arguments, (shape,), own, own)


def conv_cases() -> Iterator[Case]:
    for size, kernel, stride, pad, dilation in product(
        [1, 4, 7, 12], [1, 2, 3, 5], [1, 2, 3], [0, 1, 3], [1, 2]
    ):
        arguments = {"channels": 4, "kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation}
        for groups, bias in ((1, True), (2, False)):
            own = nn.Conv1d(6, 4, kernel, stride, pad, dilation, groups, bias)
            yield module({**arguments, "groups": groups, "bias": bias}, (6, size), own)
    for kernel, stride, pad in product([(1, 3), (2, 5), (3, 3)], [(1, 2), (3, 1)], [(0, 1), (2, 0)]):
        arguments = {"channels": 8, "kernel": kernel, "stride": stride, "pad": pad}
        yield module(arguments, (3, 9, 14), nn.Conv2d(3, 8, kernel, stride, pad))
        deep = {"channels": 8, "kernel": (2, *kernel), "stride": (1, *stride), "pad": (1, *pad)}
        yield module(deep, (3, 5, 9, 14), nn.Conv3d(3, 8, (2, *kernel), (1, *stride), (1, *pad)))
    for before, after, stride in product([0, 1, 2], [0, 1, 3], [1, 2]):
        own = nn.Conv2d(3, 8, 3, stride)
        pads = ((before, after), (after, 2))
        yield Case(
            {"channels": 8, "kernel": 3, "stride": stride, "pad": pads},
            ((3, 8, 9),),
            lambda x, own=own, before=before, after=after: own(fn.pad(x, (after, 2, before, after))),
            own,
        )
    yield module({"channels": 8, "kernel": 3, "pad": "valid"}, (3, 8, 9), nn.Conv2d(3, 8, 3, padding="valid"))
    for kernel, dilation in product([1, 2, 3, 4, 5], [1, 2]):
        arguments = {"channels": 8, "kernel": kernel, "pad": "same", "dilation": dilation}
        yield module(arguments, (3, 8, 9), nn.Conv2d(3, 8, kernel, padding="same", dilation=dilation))


def depthwise_cases() -> Iterator[Case]:
    for kernel, stride, multiplier in product([1, 3, 4], [1, 2], [1, 2]):
        arguments = {"kernel": kernel, "stride": stride, "multiplier": multiplier, "pad": 1, "bias": False}
        own = nn.Conv2d(6, 6 * multiplier, kernel, stride, 1, groups=6, bias=False)
        yield module(arguments, (6, 8, 9), own)


def transposed_cases() -> Iterator[Case]:
    sweep = product([1, 3, 5], [1, 2, 3, 4], [1, 2, 3], [0, 1, 2], [0, 1, 2], [1, 2])
    for size, kernel, stride, pad, output_pad, dilation in sweep:
        arguments = {"channels": 4, "kernel": kernel, "stride": stride, "pad": pad, "output_pad": output_pad}
        own = nn.ConvTranspose1d(6, 4, kernel, stride, pad, output_pad, dilation=dilation)
        yield module({**arguments, "dilation": dilation}, (6, size), own)
    for rank, groups, bias in product([1, 2, 3], [1, 2], [True, False]):
        own = TRANSPOSED[rank](4, 6, 3, 2, 1, 1, groups, bias)
        arguments = {"channels": 6, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1}
        yield module({**arguments, "groups": groups, "bias": bias}, (4, *range(3, 3 + rank)), own)
    for before, after in product([0, 1, 2], [0, 1, 2]):
        own = nn.ConvTranspose1d(3, 3, 4, 2)
        yield Case(
            {"channels": 3, "kernel": 4, "stride": 2, "pad": ((before, after),)},
            ((3, 6),),
            lambda x, own=own, before=before, after=after: fn.pad(own(x), (-before, -after)),
            own,
        )


def maxpool_cases() -> Iterator[Case]:
    sweep = product([1, 4, 7, 12], [1, 2, 3, 5], [1, 2, 3, 4], [0, 1, 2], [1, 2], [False, True])
    for size, kernel, stride, pad, dilation, ceil in sweep:
        if pad > kernel // 2:  # PyTorch's own limit, stricter than ours
            continue
        arguments = {"kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "ceil": ceil}
        yield module(arguments, (2, size), nn.MaxPool1d(kernel, stride, pad, dilation, ceil_mode=ceil))
    for rank, ceil in product([1, 2, 3], [False, True]):
        yield module({"kernel": 2, "ceil": ceil}, (2, *range(5, 5 + rank)), MAXPOOL[rank](2, ceil_mode=ceil))


def avgpool_cases() -> Iterator[Case]:
    sweep = product([1, 4, 7, 12], [1, 2, 3, 5], [1, 2, 3, 4], [0, 1, 2], [False, True], [False, True])
    for size, kernel, stride, pad, ceil, count in sweep:
        if pad > kernel // 2:
            continue
        arguments = {"kernel": kernel, "stride": stride, "pad": pad, "ceil": ceil, "count_pad": count}
        yield module(arguments, (2, size), nn.AvgPool1d(kernel, stride, pad, ceil, count))
    for rank, ceil in product([1, 2, 3], [False, True]):
        yield module({"kernel": 3, "ceil": ceil}, (2, *range(5, 5 + rank)), AVGPOOL[rank](3, ceil_mode=ceil))


def lppool_cases() -> Iterator[Case]:
    for rank, kernel, stride, ceil in product([1, 2, 3], [1, 2, 3], [1, 2], [False, True]):
        arguments = {"kernel": kernel, "norm": 2, "stride": stride, "ceil": ceil}
        yield module(arguments, (2, *range(4, 4 + rank)), LPPOOL[rank](2, kernel, stride, ceil))


def adaptive_cases(modules: dict[int, Any]) -> Iterator[Case]:
    for rank, size in product([1, 2, 3], [1, 2, 5, 9]):
        yield module({"size": size}, (2, *range(4, 4 + rank)), modules[rank](size))
    yield module({"size": (3, 5)}, (2, 7, 8), modules[2]((3, 5)))


def global_cases(modules: dict[int, Any]) -> Iterator[Case]:
    for rank in (1, 2, 3):
        yield module({}, (5, *range(4, 4 + rank)), modules[rank](1))


def linear_cases() -> Iterator[Case]:
    for inside, outside, bias in product([1, 7, 400], [1, 120], [True, False]):
        own = nn.Linear(inside, outside, bias)
        yield module({"features": outside, "bias": bias}, (inside,), own)


def bn_cases() -> Iterator[Case]:
    for rank, affine, track in product([0, 1, 2, 3], [True, False], [True, False]):
        own = BATCHNORM[rank](6, affine=affine, track_running_stats=track)
        yield module({"affine": affine, "track": track}, (6, *range(3, 3 + rank)), own)


def layernorm_cases() -> Iterator[Case]:
    for rank, affine in product([0, 1, 2, 3], [True, False]):
        shape = (6, *range(3, 3 + rank))
        yield module({"affine": affine}, shape, nn.LayerNorm(shape, elementwise_affine=affine))
        own = nn.LayerNorm(6, elementwise_affine=affine)
        over_channels = {"affine": affine, "over": "channels"}
        yield Case(over_channels, (shape,), lambda x, own=own: own(x.movedim(1, -1)).movedim(-1, 1), own)


def groupnorm_cases() -> Iterator[Case]:
    for rank, groups, affine in product([0, 1, 2, 3], [1, 2, 3, 6, 4], [True, False]):
        arguments = {"groups": groups, "affine": affine}
        if 6 % groups == 0:
            yield module(arguments, (6, *range(3, 3 + rank)), nn.GroupNorm(groups, 6, affine=affine))


def instancenorm_cases() -> Iterator[Case]:
    for rank, affine in product([1, 2, 3], [True, False]):
        yield module({"affine": affine}, (6, *range(3, 3 + rank)), INSTANCENORM[rank](6, affine=affine))


def same_shape(own: Any, **arguments: object) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for shape in ((5,), (5, 4), (5, 4, 3), (5, 4, 3, 2)):
            yield module(arguments, shape, own)

    return cases


def prelu_cases() -> Iterator[Case]:
    for shape in ((5,), (5, 4), (5, 4, 3)):
        yield module({}, shape, nn.PReLU())
        yield module({"per_channel": True}, shape, nn.PReLU(5))


def flatten_cases() -> Iterator[Case]:
    for shape in ((5,), (5, 4), (5, 4, 3), (5, 4, 3, 2)):
        yield module({}, shape, nn.Flatten())


def reshape_cases() -> Iterator[Case]:
    for sizes in ((60,), (20, 3), (3, 5, 4), (2, 2, 3, 5)):
        yield Case({"sizes": sizes}, ((5, 4, 3),), lambda x, sizes=sizes: x.reshape(x.shape[0], *sizes))


def permute_cases() -> Iterator[Case]:
    for order in product(range(3), repeat=3):
        if len(set(order)) == 3:
            run = lambda x, order=order: x.permute(0, *(axis + 1 for axis in order))  # noqa: E731
            yield Case({"order": order}, ((5, 4, 3),), run)


def squeeze_cases() -> Iterator[Case]:
    for shape in ((5, 1, 1), (5, 1, 4), (5, 4, 1), (5, 4), (5, 1, 1, 3)):
        yield Case({}, (shape,), lambda x: x.squeeze(tuple(range(2, x.dim()))))


def pad_cases() -> Iterator[Case]:
    for before, after in product([0, 1, 3], [0, 2]):
        for mode in ("constant", "reflect", "replicate"):
            arguments = {"amount": ((before, after), (1, 2)), "mode": mode}
            run = lambda x, p=(1, 2, before, after), mode=mode: fn.pad(x, p, mode)  # noqa: E731
            yield Case(arguments, ((2, 5, 4),), run)


def crop_cases() -> Iterator[Case]:
    for before, after in product([0, 1, 3], [0, 2]):
        run = lambda x, p=(-1, -1, -before, -after): fn.pad(x, p)  # noqa: E731
        yield Case({"amount": ((before, after), 1)}, ((2, 6, 4),), run)


def upsample_cases() -> Iterator[Case]:
    linear = {1: "linear", 2: "bilinear", 3: "trilinear"}
    for rank, factor in product([1, 2, 3], [1, 2, 3]):
        shape = (4, *range(3, 3 + rank))
        yield module({"factor": factor}, shape, nn.Upsample(scale_factor=factor))
        for mode, align in product(("linear", linear[rank]), [False, True]):
            own = nn.Upsample(scale_factor=factor, mode=linear[rank], align_corners=align)
            yield module({"factor": factor, "mode": mode, "align_corners": align}, shape, own)
    yield module({"size": (7, 5)}, (4, 3, 9), nn.Upsample((7, 5)))
    yield module({"factor": (1, 3)}, (4, 3, 9), nn.Upsample(scale_factor=(1, 3)))


def shuffle_cases() -> Iterator[Case]:
    for factor in (1, 2, 3):
        yield module({"factor": factor}, (36, 5, 4), nn.PixelShuffle(factor))


def unshuffle_cases() -> Iterator[Case]:
    for factor in (1, 2, 3):
        yield module({"factor": factor}, (4, 6, 12), nn.PixelUnshuffle(factor))


def channel_shuffle_cases() -> Iterator[Case]:
    for groups in (1, 2, 3, 6):
        yield module({"groups": groups}, (6, 5, 4), nn.ChannelShuffle(groups))


def merge_cases(run: Callable[[Any, Any], Any], *, pairs: bool = False) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for left, right in [
            ((5, 4, 3), (5, 4, 3)),
            ((5, 4, 3), (5, 1, 1)),
            ((5, 1, 3), (1, 4, 1)),
            ((7,), (7,)),
            ((1, 1), (3, 9)),
        ]:
            yield Case({}, (left, right), run)
        if not pairs:
            yield Case({}, ((5, 4), (5, 1), (1, 4)), lambda a, b, c: run(run(a, b), c))

    return cases


def concat_cases() -> Iterator[Case]:
    yield Case({}, ((2, 4, 3), (5, 4, 3), (1, 4, 3)), lambda *x: torch.cat(x, 1))
    yield Case({}, ((2,), (5,)), lambda *x: torch.cat(x, 1))
    yield Case({"axis": "height"}, ((2, 4, 3), (2, 1, 3)), lambda *x: torch.cat(x, 2))
    yield Case({"axis": "width"}, ((2, 4, 3), (2, 4, 9)), lambda *x: torch.cat(x, 3))
    yield Case({"axis": "length"}, ((2, 4), (2, 9)), lambda *x: torch.cat(x, 2))


def split_cases() -> Iterator[Case]:
    yield Case({"parts": 3}, ((12, 4, 3),), lambda x: x.split(4, 1))
    yield Case({"parts": (2, 9, 1)}, ((12, 4, 3),), lambda x: x.split((2, 9, 1), 1))
    yield Case({"parts": 2, "axis": "height"}, ((12, 4, 3),), lambda x: x.split(2, 2))


def chunk_cases() -> Iterator[Case]:
    for parts in range(1, 13):
        run = lambda x, parts=parts: x.chunk(parts, 1)  # noqa: E731
        if len(run(torch.empty(1, 12, device="meta"))) == parts:
            yield Case({"parts": parts}, ((12, 4),), run)


def scale_cases() -> Iterator[Case]:
    for bias in (False, True):
        own = nn.GroupNorm(5, 5) if bias else nn.PReLU(5)  # as many parameters
        yield Case({"bias": bias}, ((5, 4, 3),), lambda x: x, own)


ORACLES: dict[str, Callable[[], Iterator[Case]]] = {
    "conv": conv_cases,
    "depthwise": depthwise_cases,
    "conv_transpose": transposed_cases,
    "linear": linear_cases,
    "maxpool": maxpool_cases,
    "avgpool": avgpool_cases,
    "lppool": lppool_cases,
    "adaptive_avgpool": lambda: adaptive_cases(ADAPTIVE_AVG),
    "adaptive_maxpool": lambda: adaptive_cases(ADAPTIVE_MAX),
    "global_avgpool": lambda: global_cases(ADAPTIVE_AVG),
    "global_maxpool": lambda: global_cases(ADAPTIVE_MAX),
    "bn": bn_cases,
    "layernorm": layernorm_cases,
    "groupnorm": groupnorm_cases,
    "instancenorm": instancenorm_cases,
    "lrn": same_shape(nn.LocalResponseNorm(3), size=3),
    "relu": same_shape(nn.ReLU()),
    "relu6": same_shape(nn.ReLU6()),
    "leaky_relu": same_shape(nn.LeakyReLU()),
    "prelu": prelu_cases,
    "elu": same_shape(nn.ELU()),
    "selu": same_shape(nn.SELU()),
    "gelu": same_shape(nn.GELU("tanh"), approximate="tanh"),
    "silu": same_shape(nn.SiLU()),
    "mish": same_shape(nn.Mish()),
    "sigmoid": same_shape(nn.Sigmoid()),
    "hardsigmoid": same_shape(nn.Hardsigmoid()),
    "hardswish": same_shape(nn.Hardswish()),
    "tanh": same_shape(nn.Tanh()),
    "softplus": same_shape(nn.Softplus()),
    "softmax": same_shape(nn.Softmax(1)),
    "log_softmax": same_shape(nn.LogSoftmax(1)),
    "dropout": same_shape(nn.Dropout(0.3), p=0),
    "identity": same_shape(nn.Identity()),
    "flatten": flatten_cases,
    "reshape": reshape_cases,
    "permute": permute_cases,
    "squeeze": squeeze_cases,
    "pad": pad_cases,
    "crop": crop_cases,
    "upsample": upsample_cases,
    "pixel_shuffle": shuffle_cases,
    "pixel_unshuffle": unshuffle_cases,
    "channel_shuffle": channel_shuffle_cases,
    "concat": concat_cases,
    "add": merge_cases(lambda a, b: a + b),
    "mul": merge_cases(lambda a, b: a * b),
    "hypot": merge_cases(torch.hypot, pairs=True),
    "atan2": merge_cases(torch.atan2, pairs=True),
    "split": split_cases,
    "chunk": chunk_cases,
    "scale": scale_cases,
    "times": same_shape(nn.Identity(), factor=2),
}
