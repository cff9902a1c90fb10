"""What the kernels can run: one frozen value a primitive, in plain numbers, without numpy or numba.

Maps are 5-D `(N, C, D, H, W)`; a map of lower rank has depth 1 (and height 1), so `[C, L]` is
`(N, C, 1, 1, L)`. Vectors are 2-D `(N, F)`. An operation holds what the arrays do not say of themselves:
sizes are read from the arrays. A triple is (depth, height, width).

What the planner must know of an operation stands beside it: the names of its weights, which tensors its
backward pass reads, and which arrays the caller must keep for it (`saved`) or lend it (`workspace`).
"""

from cnnspec.backend.kernels.operations.base import Buffer, Operation, Reads, Shape, Triple, Window
from cnnspec.backend.kernels.operations.elementwise import (
    Activation,
    Dropout,
    Function,
    Gain,
    PRelu,
    Scale,
    Softmax,
)
from cnnspec.backend.kernels.operations.merging import (
    Add,
    Concat,
    CrossEntropy,
    MeanSquaredError,
    Multiply,
    Polar,
    Split,
)
from cnnspec.backend.kernels.operations.normalisation import (
    BatchNorm,
    GroupNorm,
    LayerNorm,
    LocalResponseNorm,
)
from cnnspec.backend.kernels.operations.shaping import (
    ChannelShuffle,
    Crop,
    Pad,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    Reshape,
    Upsample,
)
from cnnspec.backend.kernels.operations.windows import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    Convolution,
    Linear,
    LpPool,
    MaxPool,
    TransposedConvolution,
)

__all__ = [
    "Activation",
    "AdaptiveAveragePool",
    "AdaptiveMaxPool",
    "Add",
    "AveragePool",
    "BatchNorm",
    "Buffer",
    "ChannelShuffle",
    "Concat",
    "Convolution",
    "Crop",
    "CrossEntropy",
    "Dropout",
    "Function",
    "Gain",
    "GroupNorm",
    "LayerNorm",
    "Linear",
    "LocalResponseNorm",
    "LpPool",
    "MaxPool",
    "MeanSquaredError",
    "Multiply",
    "Operation",
    "PRelu",
    "Pad",
    "Permute",
    "PixelShuffle",
    "PixelUnshuffle",
    "Polar",
    "Reads",
    "Reshape",
    "Scale",
    "Shape",
    "Softmax",
    "Split",
    "TransposedConvolution",
    "Triple",
    "Upsample",
    "Window",
]
