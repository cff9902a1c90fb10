"""The samples that the language was drawn from, and the tree that each is."""

from __future__ import annotations

from fractions import Fraction

from language.shapes import read, shape

from cnnspec.language import ast

LENET = '''\
net lenet5(classes = 10):
    """LeCun et al. 1998, Gradient-based learning applied to document recognition."""
    input image: [1, 32, 32]

    conv(6, 5)  -> tanh -> avgpool(2)
    conv(16, 5) -> tanh -> avgpool(2) as s4
    flatten
    linear(120) -> tanh
    linear(84)  -> tanh
    output linear(classes)

    expect params == 61_706
    expect s4.receptive_field == 16
'''

RESNET = """\
block conv_bn(c, k, s = 1, pad = same):
    conv(c, k, stride=s, pad=pad, bias=false) -> bn -> relu

block bottleneck(mid, s = 1):
    skip = in
    if s != 1 or in.channels != 4*mid:
        skip = conv(4*mid, 1, stride=s, bias=false) -> bn
    conv_bn(mid, 1) -> conv_bn(mid, 3, s) -> conv(4*mid, 1, bias=false) -> bn
    it + skip -> relu

net resnet50(classes = 1000):
    input image: [3, H = 224, W = 224] where H >= 32, W >= 32
    conv_bn(64, 7, s=2, pad=3) -> maxpool(3, stride=2, pad=1)
    for mid, depth, s in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        bottleneck(mid, s)
        repeat depth - 1:
            bottleneck(mid)
    global_avgpool -> flatten
    output linear(classes)

    expect params == 25_557_032
    expect macs == 4.09G within 1%
"""

INCEPTION = """\
block inception(c1, r3, c3, r5, c5, proj):
    concat(
        conv(c1, 1) -> relu,
        conv(r3, 1) -> relu -> conv(c3, 3, pad=same) -> relu,
        conv(r5, 1) -> relu -> conv(c5, 5, pad=same) -> relu,
        maxpool(3, stride=1, pad=same) -> conv(proj, 1) -> relu,
    )
"""

BLOCKS = """\
block level(c, depth):                       # a U-Net is a level inside a level
    skip = double_conv(c)
    if depth == 0:
        skip
    else:
        below = skip -> maxpool(2) -> level(2*c, depth - 1) -> conv_transpose(c, 2, stride=2)
        concat(skip, below) -> double_conv(c)

block se(r):                                 # squeeze and excite: a gate of size 1×1 broadcasts
    gate = global_avgpool -> conv(r, 1) -> silu -> conv(in.channels, 1) -> sigmoid
    in * gate

block shuffle_unit(c):
    keep, work = split(2)
    concat(keep, work -> conv_bn(c, 1) -> depthwise(3, pad=1, bias=false) -> bn -> conv_bn(c, 1))
        -> channel_shuffle(2)
"""


def call(callee: str, *arguments: object) -> tuple[object, ...]:
    return ("Call", callee, arguments) if arguments else ("Call", callee)


def chain(*stages: object) -> tuple[object, ...]:
    return ("Pipeline", stages)


def named(name: str, value: object) -> tuple[object, ...]:
    return ("Argument", name, value)


def labelled(value: object, label: str) -> tuple[object, ...]:
    return ("Stage", value, label)


def compare(left: object, *links: object) -> tuple[object, ...]:
    return ("Comparison", left, links)


def binary(left: object, operator: str, right: object) -> tuple[object, ...]:
    return ("Binary", operator, left, right)


def test_lenet() -> None:
    (net,) = read(LENET).definitions
    assert (net.kind, net.name) == ("net", "lenet5")
    assert net.doc == "LeCun et al. 1998, Gradient-based learning applied to document recognition."
    assert shape(net.params) == (("Param", "classes", 10),)
    assert shape(net.body) == (
        ("Input", "image", (1, 32, 32)),
        chain(call("conv", 6, 5), "tanh", call("avgpool", 2)),
        chain(call("conv", 16, 5), "tanh", labelled(call("avgpool", 2), "s4")),
        "flatten",
        chain(call("linear", 120), "tanh"),
        chain(call("linear", 84), "tanh"),
        ("Output", call("linear", "classes")),
        ("Expect", compare("params", ("==", 61706))),
        ("Expect", compare(("Attribute", "s4", "receptive_field"), ("==", 16))),
    )


def test_resnet() -> None:
    conv_bn, bottleneck, net = read(RESNET).definitions
    assert shape(conv_bn.params) == (
        ("Param", "c"),
        ("Param", "k"),
        ("Param", "s", 1),
        ("Param", "pad", "same"),
    )
    stride, no_bias = named("stride", "s"), named("bias", "false")
    wide = binary(4, "*", "mid")
    is_new = binary(compare("s", ("!=", 1)), "or", compare(("Attribute", "in", "channels"), ("!=", wide)))
    assert shape(bottleneck.body) == (
        ("Assign", ("skip",), "in"),
        ("If", ((is_new, (("Assign", ("skip",), chain(call("conv", wide, 1, stride, no_bias), "bn")),)),)),
        chain(
            call("conv_bn", "mid", 1), call("conv_bn", "mid", 3, "s"), call("conv", wide, 1, no_bias), "bn"
        ),
        chain(binary("it", "+", "skip"), "relu"),
    )
    table = tuple(("Sequence", row) for row in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)))
    assert shape(net.body) == (
        (
            "Input",
            "image",
            (3, ("InputDim", "H", 224), ("InputDim", "W", 224)),
            (compare("H", (">=", 32)), compare("W", (">=", 32))),
        ),
        chain(
            call("conv_bn", 64, 7, named("s", 2), named("pad", 3)),
            call("maxpool", 3, named("stride", 2), named("pad", 1)),
        ),
        (
            "For",
            ("mid", "depth", "s"),
            ("Sequence", table),
            (
                call("bottleneck", "mid", "s"),
                ("Repeat", binary("depth", "-", 1), (call("bottleneck", "mid"),)),
            ),
        ),
        chain("global_avgpool", "flatten"),
        ("Output", call("linear", "classes")),
        ("Expect", compare("params", ("==", 25_557_032))),
        ("Expect", compare("macs", ("==", 4_090_000_000)), Fraction(1, 100)),
    )


def test_inception() -> None:
    (block,) = read(INCEPTION).definitions
    same = named("pad", "same")
    assert shape(block.body) == (
        call(
            "concat",
            chain(call("conv", "c1", 1), "relu"),
            chain(call("conv", "r3", 1), "relu", call("conv", "c3", 3, same), "relu"),
            chain(call("conv", "r5", 1), "relu", call("conv", "c5", 5, same), "relu"),
            chain(call("maxpool", 3, named("stride", 1), same), call("conv", "proj", 1), "relu"),
        ),
    )


def test_unet_squeeze_and_excite_and_shuffle() -> None:
    level, se, shuffle = read(BLOCKS).definitions
    below = chain(
        "skip",
        call("maxpool", 2),
        call("level", binary(2, "*", "c"), binary("depth", "-", 1)),
        call("conv_transpose", "c", 2, named("stride", 2)),
    )
    assert shape(level.body) == (
        ("Assign", ("skip",), call("double_conv", "c")),
        (
            "If",
            ((compare("depth", ("==", 0)), ("skip",)),),
            (
                ("Assign", ("below",), below),
                chain(call("concat", "skip", "below"), call("double_conv", "c")),
            ),
        ),
    )
    channels = ("Attribute", "in", "channels")
    assert shape(se.body) == (
        (
            "Assign",
            ("gate",),
            chain("global_avgpool", call("conv", "r", 1), "silu", call("conv", channels, 1), "sigmoid"),
        ),
        binary("in", "*", "gate"),
    )
    work = chain(
        "work",
        call("conv_bn", "c", 1),
        call("depthwise", 3, named("pad", 1), named("bias", "false")),
        "bn",
        call("conv_bn", "c", 1),
    )
    assert shape(shuffle.body) == (
        ("Assign", ("keep", "work"), call("split", 2)),
        chain(call("concat", "keep", work), call("channel_shuffle", 2)),
    )


def test_a_file_holds_uses_constants_definitions_and_expectations() -> None:
    file = read('"""Doc."""\nuse std\nuse "blocks/a.cnn"\ngrowth = 32\nnet n: relu\nexpect n.params == 0\n')
    assert file.doc == "Doc."
    assert [use.path for use in file.uses] == [None, "blocks/a.cnn"]
    assert [shape(constant) for constant in file.assignments] == [("Assign", ("growth",), 32)]
    assert [definition.name for definition in file.definitions] == ["n"]
    assert [type(expect) for expect in file.expects] == [ast.Expect]
