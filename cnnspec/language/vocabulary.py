"""The words of other frameworks, and what they are called here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Ours:
    """How something is said here: a `word` to put in its place, or only an explanation."""

    words: str
    word: str = ""


_LAYERS = {
    "conv": "conv convolution convolve crosscorrelation",
    "depthwise": "depthwise depthwiseconv depthwiseconvolution dwconv convdw",
    "separable": "separable separableconv separableconvolution sepconv",
    "conv_transpose": "convtranspose transposedconv transposeconv convtransposed deconv deconvolution upconv",
    "linear": "dense fc fullyconnected innerproduct gemm affine",
    "bn": "bn batchnorm batchnormalization batchnormalisation",
    "layernorm": "layernorm layernormalization layernormalisation ln",
    "groupnorm": "groupnorm groupnormalization groupnormalisation gn",
    "instancenorm": "instancenorm instancenormalization instancenormalisation",
    "lrn": "lrn localresponsenorm localresponsenormalization localresponsenormalisation",
    "maxpool": "maxpool maxpooling",
    "avgpool": "avgpool avgpooling averagepool averagepooling meanpool",
    "global_avgpool": "globalavgpool globalaveragepool globalaveragepooling gap",
    "global_maxpool": "globalmaxpool globalmaxpooling gmp",
    "adaptive_avgpool": "adaptiveavgpool adaptiveaveragepool adaptiveaveragepooling",
    "adaptive_maxpool": "adaptivemaxpool adaptivemaxpooling",
    "lppool": "lppool lppooling",
    "relu": "relu rectifier",
    "leaky_relu": "leakyrelu lrelu",
    "hardswish": "hardswish hswish",
    "hardsigmoid": "hardsigmoid hsigmoid",
    "silu": "silu swish",
    "sigmoid": "sigmoid logistic",
    "log_softmax": "logsoftmax",
    "dropout": "dropout spatialdropout alphadropout featuredropout",
    "concat": "cat concat concatenate concatenation",
    "flatten": "flatten view ravel",
    "permute": "permute transpose",
    "pad": "pad zeropad zeropadding padding constantpad reflectionpad replicationpad",
    "crop": "crop cropping centercrop",
    "upsample": "upsample upsampling interpolate resize unpool upsamplingnearest upsamplingbilinear",
    "pixel_shuffle": "pixelshuffle depthtospace",
    "pixel_unshuffle": "pixelunshuffle spacetodepth reorg",
    "channel_shuffle": "channelshuffle shufflechannels",
    "mul": "mul multiply",
    "add": "add addition",
    "hypot": "hypot hypotenuse",
    "atan2": "atan2 arctan2",
    "identity": "identity noop passthrough",
}

_NO_LAYER = {
    "sequential": "a pipeline: `conv(64, 3) -> bn -> relu`",
    "activation": "the activation's own name: `relu`, `tanh`, `softmax`",
    "nonlinearity": "the activation's own name: `relu`, `tanh`, `softmax`",
    "input": "a line of the net: `input image: [3, 224, 224]`",
    "inputlayer": "a line of the net: `input image: [3, 224, 224]`",
    "subtract": "arithmetic: `a - b`",
    "module": "a block: `block name(parameters):`",
    "modulelist": "a loop: `repeat n:` or `for a, b in […]:`",
}

_ARGUMENTS = {
    "channels": "filters numfilters outchannels noutputs numoutput planes nf width",
    "features": "units outfeatures neurons noutput outputsize",
    "kernel": "kernelsize ksize filtersize poolsize kernelshape windowshape k window size",
    "stride": "strides subsample step",
    "pad": "padding pads p padsize",
    "dilation": "dilationrate dilations rate atrous",
    "groups": "group numgroups ngroups",
    "bias": "usebias biasterm",
    "ceil": "ceilmode",
    "count_pad": "countincludepad",
    "output_pad": "outputpadding outpad",
    "p": "rate prob probability keepprob dropoutrate",
    "slope": "negativeslope alpha",
    "eps": "epsilon",
    "factor": "scalefactor scale upscalefactor upscale blocksize r",
    "mode": "interpolation",
    "size": "outputsize",
    "weights": "kernelinitializer initializer weight filter",
}

_NO_ARGUMENT = {
    "inchannels": "input channels are inferred: leave it out",
    "infeatures": "the number of features that come in is inferred: leave it out",
    "numfeatures": "the number of channels is inferred: leave it out",
    "numchannels": "the number of channels is inferred: leave it out",
    "normalizedshape": "the shape is inferred: leave it out",
    "inputshape": "shapes are inferred: only the net's `input` has one",
    "inputdim": "shapes are inferred: only the net's `input` has one",
    "activation": "an activation is a stage of its own: `conv(64, 3) -> relu`",
    "inplace": "memory is planned for the whole net: leave it out",
    "name": "a layer is named by a label: `conv(64, 3) as stem`",
    "dataformat": "channels always come first: leave it out",
    "device": "leave it out",
    "dtype": "the precision is chosen when the net is compiled: leave it out",
    "dim": "channels are the first axis, and `concat` and `split` work along them",
    "axis": "channels are the first axis, and `concat` and `split` work along them",
}


def layer_in_our_words(word: str) -> Ours | None:
    """What a layer of another framework (`Conv2d`, `BatchNormalization`, `dense`) is called here."""
    plain = _plain(word)
    if plain in _NO_LAYER:
        return Ours(_NO_LAYER[plain])
    ours = _ours().get(plain)
    return Ours(f"`{ours}`", ours) if ours and ours != word else None


def arguments_in_our_words(word: str) -> tuple[Ours, ...]:
    """What an argument of another framework (`kernel_size`, `filters`) may be called here."""
    plain = _plain(word)
    if plain in _NO_ARGUMENT:
        return (Ours(_NO_ARGUMENT[plain]),)
    return tuple(Ours(f"`{ours}`", ours) for ours, foreign in _ARGUMENTS.items() if plain in foreign.split())


@cache
def _ours() -> Mapping[str, str]:
    return {foreign: ours for ours, words in _LAYERS.items() for foreign in words.split()}


_DECORATION = re.compile(r"[123]d|_|layer$|^nn\.|^tf\.")


def _plain(word: str) -> str:
    """`Conv2d`, `conv_2d` and `CONV2D` are one word, and so are `ReLU` and `relu`."""
    return _DECORATION.sub("", word.lower())
