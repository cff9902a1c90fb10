"""What a layer is: one file a family. Importing this package fills the registry."""

from cnnspec.dims import Relation
from cnnspec.layers import (
    activation,
    borders,
    convolution,
    depthwise,
    dropout,
    linear,
    merging,
    normalisation,
    pooling,
    resampling,
    scaling,
    shaping,
    splitting,
    transposed,
)
from cnnspec.layers.arguments import ArgumentProblem, Kind, Parameter, signature
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Requirement, Shape, Weight, WeightKind
from cnnspec.layers.registry import LAYERS
from cnnspec.layers.symbolic_arguments import argument_requirements

__all__ = [
    "LAYERS",
    "ArgumentProblem",
    "Derivation",
    "Flops",
    "Init",
    "Kind",
    "Layer",
    "Parameter",
    "Relation",
    "Requirement",
    "Shape",
    "Weight",
    "WeightKind",
    "activation",
    "argument_requirements",
    "borders",
    "convolution",
    "depthwise",
    "dropout",
    "linear",
    "merging",
    "normalisation",
    "pooling",
    "resampling",
    "scaling",
    "shaping",
    "signature",
    "splitting",
    "transposed",
]
