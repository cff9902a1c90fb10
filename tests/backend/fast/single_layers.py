"""Random single layers, and what one of them gives: by the fast kernels, the plain ones, and PyTorch.

The layers are those that are sums of products. With every input, weight and gradient made positive, PyTorch
gives Σ|w||x| for each number of the result: what rounding errors are measured by.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from backend.fast.fences import fenced
from backend.nets import graph
from torch_nets import TorchNet

from cnnspec.backend.executable import Executable
from cnnspec.backend.kernels.operations import Window
from cnnspec.backend.plan import make_plan

CHANNELS = (1, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 47)
Arrays = dict[str, np.ndarray]


@dataclass
class Layer:
    """One layer on one map."""

    words: str
    channels: int
    sizes: tuple[int, ...]
    batch: int
    window: Window | None = field(default=None, repr=False)
    """Of a convolution without groups: what its matrix is made of."""

    @property
    def text(self) -> str:
        """The layer as a net."""
        shape = ", ".join(map(str, (self.channels, *self.sizes)))
        return f"net layer():\n    input x: [{shape}]\n    output {self.words}\n"


class Layers:
    """Draws layers: small and odd sizes, prime numbers of channels, windows as large as the map."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.rank = self.random.choice((1, 2, 2, 2, 3))

    def axes(self, low: int, high: int) -> list[int]:
        """A number an axis."""
        values = [self.random.randint(low, high) for _ in range(self.rank)]
        return values if self.random.random() < 0.6 else [values[0]] * self.rank

    def sizes(self, least: int = 1) -> list[int]:
        """Of a map."""
        most = {1: 40, 2: 13, 3: 6}[self.rank]
        return self.axes(least, max(least, most)) if self.random.random() < 0.9 else [least] * self.rank

    def layer(self) -> Layer:
        """Any of them."""
        kinds = [self.convolution] * 6 + [self.transposed, self.linear, self.mean] * 2
        return self.random.choice(kinds)()

    def convolution(self) -> Layer:
        """Groups, strides, dilation, padding that differs before and after; windows of all sizes."""
        draw = self.random
        channels, out, groups = draw.choice(CHANNELS), draw.choice(CHANNELS), 1
        if draw.random() < 0.4:
            groups = draw.choice((2, 3, 4, channels))
            channels = groups * draw.choice((1, 1, 2, 5))
            out = groups * draw.choice((1, 2, 5))
        if draw.random() < 0.2:
            # Winograd's window, and channels enough for it.
            self.rank, groups = 2, 1
            channels, out = draw.choice((3, 4, 8, 16, 17, 32)), draw.choice((8, 16, 20, 32))
            sizes, kernel, stride, dilation = self.axes(3, 14), [3, 3], [1, 1], [1, 1]
            pads = [(draw.randint(0, 2), draw.randint(0, 2)) for _ in range(2)]
        elif draw.random() < 0.2:
            sizes = kernel = self.sizes()
            stride, dilation, pads = [1] * self.rank, [1] * self.rank, [(0, 0)] * self.rank
        else:
            kernel, stride = self.axes(1, 5), self.axes(1, 3)
            dilation = self.axes(1, 2)
            pads = [(draw.randint(0, 3), draw.randint(0, 3)) for _ in range(self.rank)]
            extents = [d * (k - 1) + 1 - sum(p) for d, k, p in zip(dilation, kernel, pads, strict=True)]
            sizes = [max(1, extent) + draw.randint(0, 9 if self.rank < 3 else 3) for extent in extents]
        bias = draw.choice(("true", "false"))
        words = (
            f"conv({out}, {axes(kernel)}, stride={axes(stride)}, dilation={axes(dilation)}, groups={groups}, "
            f"pad={sides(pads)}, bias={bias})"
        )
        window = _window(kernel, stride, dilation, pads) if groups == 1 and bias == "false" else None
        return Layer(words, channels, tuple(sizes), draw.randint(1, 3), window)

    def transposed(self) -> Layer:
        """Strides and dilation with every output padding that they allow."""
        draw = self.random
        channels, groups = draw.choice(CHANNELS), 1
        if draw.random() < 0.3:
            groups = draw.choice([g for g in (1, 2, 3, channels) if channels % g == 0])
        kernel, stride, dilation = self.axes(1, 4), self.axes(1, 3), self.axes(1, 2)
        pad = [draw.randint(0, (k - 1) // 2) for k in kernel]
        extra = [draw.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]
        words = (
            f"conv_transpose({groups * draw.choice((1, 3, 8, 17))}, {axes(kernel)}, stride={axes(stride)}, "
            f"pad={axes(pad)}, output_pad={axes(extra)}, dilation={axes(dilation)}, groups={groups})"
        )
        sizes = [max(n, 2) for n in self.sizes()]
        return Layer(words, channels, tuple(min(n, 8) for n in sizes), draw.randint(1, 2))

    def linear(self) -> Layer:
        """On a vector, or on a map that is made flat."""
        features = self.random.choice((1, 3, 10, 16, 33, 64))
        words = f"flatten -> linear({features}, bias={self.random.choice(('true', 'false'))})"
        return Layer(
            words, self.random.choice(CHANNELS), tuple(self.sizes()), self.random.choice((1, 2, 5, 17))
        )

    def mean(self) -> Layer:
        """Averages of windows, and of everything."""
        draw = self.random
        sizes = self.sizes(least=2)
        kernel = [draw.randint(1, min(4, n)) for n in sizes]
        pad = [draw.randint(0, k // 2) for k in kernel]
        ceil, counts = (draw.choice(("true", "false")) for _ in range(2))
        words = (
            f"avgpool({axes(kernel)}, stride={axes(self.axes(1, 3))}, pad={axes(pad)}, ceil={ceil}, "
            f"count_pad={counts})"
        )
        words = draw.choice((words, words, "global_avgpool"))
        return Layer(words, draw.choice(CHANNELS), tuple(sizes), draw.randint(1, 3))


def axes(values: list[int]) -> str:
    """A number an axis as the language writes it."""
    return str(values[0]) if len(set(values)) == 1 else f"({', '.join(map(str, values))})"


def sides(pads: list[tuple[int, int]]) -> str:
    """Before and after, an axis each."""
    return "(" + ", ".join(f"({before}, {after})" for before, after in pads) + ",)"


def _window(kernel: list[int], stride: list[int], dilation: list[int], pads: list[tuple[int, int]]) -> Window:
    def triple(values: list[int], missing: int) -> Any:
        return (missing,) * (3 - len(values)) + tuple(values)

    before, after = ([pad[side] for pad in pads] for side in range(2))
    return Window(
        triple(kernel, 1), triple(stride, 1), triple(dilation, 1), triple(before, 0), triple(after, 0)
    )


@dataclass(frozen=True)
class Answers:
    """Output, gradients of weights and of the input: ours, the plain kernels', PyTorch's in double
    precision, and the sums of magnitudes."""

    inputs: np.ndarray
    gradient: np.ndarray
    weights: Mapping[str, np.ndarray]
    fast: Arrays
    plain: Arrays
    exact: Arrays
    magnitudes: Arrays


def answers(layer: Layer, dtype: str, math: str, target: str, seed: int) -> Answers:
    """Run a layer, between fences."""
    net = graph(layer.text)
    plan = make_plan(net, batch=layer.batch, training=True, dtype=dtype, input_gradients=True)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((layer.batch, *plan.inputs[0].shape)).astype(dtype)
    dy = rng.standard_normal((layer.batch, *plan.outputs[0].shape)).astype(dtype)
    state = {slot.name: (rng.standard_normal(slot.shape) / 2 + 0.1).astype(dtype) for slot in plan.slots}
    with fenced(target) as fences:
        fast = _run(fences.executable(plan, math=math, threads=1), state, x, dy)
        fences.check()
    plain = _run(Executable(plan), state, x, dy)
    wide = {name: array.astype(np.float64) for name, array in state.items()}
    exact = _by_torch(net, wide, x, dy)
    positive = {name: np.abs(array) for name, array in wide.items()}
    return Answers(x, dy, state, fast, plain, exact, _by_torch(net, positive, np.abs(x), np.abs(dy)))


def _run(net: Executable, state: Arrays, x: np.ndarray, dy: np.ndarray) -> Arrays:
    with net.writing() as weights:
        for name, array in state.items():
            weights[name][...] = array
    output = net.forward(x)
    net.backward(dy)
    gradients = {name: gradient.copy() for name, gradient in net.gradients.items()}
    return {"output": output, "input": net.input_gradients["x"], **gradients}


def _by_torch(net: Any, state: Arrays, x: np.ndarray, dy: np.ndarray) -> Arrays:
    import torch

    theirs = TorchNet(net, state)
    (output,) = theirs({"x": x.astype(np.float64)}, training=True).values()
    output.backward(torch.tensor(dy.astype(np.float64)))
    gradients = {name: weight.grad.numpy() for name, weight in theirs.weights.items()}
    return {"output": output.detach().numpy(), "input": theirs.inputs["x"].grad.numpy(), **gradients}
