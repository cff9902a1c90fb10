"""Every way in which a layer can be refused: the code, the argument or input to blame, and the words."""

from __future__ import annotations

import pytest
from layers.applying import BrokenError, apply, make

from cnnspec.diagnostics.codes import CODES
from cnnspec.dims import Relation, symbol
from cnnspec.layers import Shape

H, W = symbol("H"), symbol("W")
MAP = (64, 56, 56)


def refusal(word: str, *values: object, on: tuple[Shape, ...], **named: object) -> BrokenError:
    with pytest.raises(BrokenError) as caught:
        apply(make(word, *values, **named), *on)
    return caught.value


@pytest.mark.parametrize(
    ("word", "arguments", "shapes", "blame"),
    [
        ("conv", (8, 3), [(7,)], ("rank-mismatch", None, 0)),
        ("conv", (8, 3), [(1, 2, 3, 4, 5)], ("rank-mismatch", None, 0)),
        ("conv", (8, (3, 3, 3)), [MAP], ("axis-count", "kernel", None)),
        ("conv", (8, 3, (1, 1, 1)), [MAP], ("axis-count", "stride", None)),
        ("conv", (8, 3, 1, (1,)), [MAP], ("axis-count", "pad", None)),
        ("conv", (8, 3, 1, 0, (1,)), [MAP], ("axis-count", "dilation", None)),
        ("conv", (8, 7), [(3, 4, 9)], ("window-too-large", "kernel", 0)),
        ("conv", (8, 3, 1, 0, 4), [(3, 8, 9)], ("window-too-large", "kernel", 0)),
        ("conv", (8, 3, 1, 0, 1, 3), [MAP], ("group-mismatch", "groups", 0)),
        ("conv", (9, 3, 1, 0, 1, 4), [MAP], ("group-mismatch", "channels", None)),
        ("depthwise", (7,), [(8, 5, 5)], ("window-too-large", "kernel", 0)),
        ("conv_transpose", (8, 3), [(7,)], ("rank-mismatch", None, 0)),
        ("conv_transpose", (8, 3, 2, 0, 2), [MAP], ("output-padding", "output_pad", None)),
        ("conv_transpose", (8, 1, 1, 1), [(8, 2, 5)], ("empty-result", "pad", 0)),
        ("conv_transpose", (9, 3, 1, 0, 0, 1, 4), [MAP], ("group-mismatch", "channels", None)),
        ("linear", (10,), [MAP], ("not-flattened", None, 0)),
        ("maxpool", (3,), [(8,)], ("rank-mismatch", None, 0)),
        ("maxpool", (3,), [(8, 2, 2)], ("window-too-large", "kernel", 0)),
        ("maxpool", (2, 2, 2), [MAP], ("pad-too-large", "pad", None)),
        ("avgpool", (2, 2, ((0, 3), 0)), [MAP], ("pad-too-large", "pad", None)),
        ("lppool", (9,), [(8, 2, 2)], ("window-too-large", "kernel", 0)),
        ("global_avgpool", (), [(8,)], ("rank-mismatch", None, 0)),
        ("adaptive_avgpool", ((6, 6, 6),), [MAP], ("axis-count", "size", None)),
        ("groupnorm", (5,), [MAP], ("group-mismatch", "groups", 0)),
        ("instancenorm", (), [(8,)], ("rank-mismatch", None, 0)),
        ("lrn", (), [(8,)], ("rank-mismatch", None, 0)),
        ("reshape", ((7, 7),), [MAP], ("size-mismatch", "sizes", 0)),
        ("reshape", ((64, 56, 7, 4, 2),), [MAP], ("rank-mismatch", "sizes", None)),
        ("permute", ((0, 1),), [MAP], ("rank-mismatch", "order", 0)),
        ("permute", ((0, 1, 1),), [MAP], ("bad-argument", "order", None)),
        ("pad", (56, "reflect"), [MAP], ("mirror-too-wide", "amount", 0)),
        ("pad", ((1, 2, 3),), [MAP], ("axis-count", "amount", None)),
        ("crop", (28,), [MAP], ("empty-result", "amount", 0)),
        ("upsample", (), [MAP], ("missing-argument", None, None)),
        ("upsample", {"factor": 2, "size": 7}, [MAP], ("bad-argument", "size", None)),
        ("upsample", {"factor": 2, "mode": "bilinear"}, [(8, 9)], ("rank-mismatch", "mode", 0)),
        ("upsample", {"factor": 2, "align_corners": True}, [MAP], ("bad-argument", "align_corners", None)),
        ("pixel_shuffle", (3,), [MAP], ("channel-mismatch", "factor", 0)),
        ("pixel_unshuffle", (3,), [MAP], ("uneven-split", "factor", 0)),
        ("channel_shuffle", (3,), [MAP], ("group-mismatch", "groups", 0)),
        ("add", (), [MAP, (256, 56, 56)], ("shape-mismatch", None, 1)),
        ("add", (), [MAP, MAP, (64, 28, 56)], ("shape-mismatch", None, 2)),
        ("mul", (), [MAP, (64,)], ("shape-mismatch", None, 1)),
        ("hypot", (), [MAP, (64, 28, 56)], ("shape-mismatch", None, 1)),
        ("atan2", (), [MAP, (64,)], ("shape-mismatch", None, 1)),
        ("concat", (), [MAP, (32, 28, 56)], ("shape-mismatch", None, 1)),
        ("concat", (), [MAP, (32, 28)], ("shape-mismatch", None, 1)),
        ("concat", ("length",), [MAP, MAP], ("unknown-axis", "axis", 0)),
        ("split", (3,), [MAP], ("uneven-split", "parts", 0)),
        ("split", ((32, 31),), [MAP], ("uneven-split", "parts", 0)),
        ("split", (2, "depth"), [MAP], ("unknown-axis", "axis", 0)),
        ("chunk", (5,), [(6, 3)], ("empty-result", "parts", 0)),
    ],
)
def test_refusals(
    word: str,
    arguments: tuple[object, ...] | dict[str, object],
    shapes: list[Shape],
    blame: tuple[str, str | None, int | None],
) -> None:
    """`blame` is the code, the argument and the input to blame."""
    named = arguments if isinstance(arguments, dict) else {}
    values = () if isinstance(arguments, dict) else arguments
    requirement = refusal(word, *values, on=tuple(shapes), **named).requirement
    assert (requirement.code, requirement.argument, requirement.port) == blame
    assert requirement.code in CODES
    why = requirement.why()
    assert why[0].islower() or why[0] in "`0123456789["
    assert not why.endswith(".")
    assert requirement.help is None or requirement.help()


def test_the_words_of_a_shape_mismatch() -> None:
    requirement = refusal("add", on=(MAP, (256, 56, 56))).requirement
    assert requirement.why() == (
        "cannot add [64, 56, 56] and [256, 56, 56]: the channels are 64 in one and 256 in the other"
    )
    assert requirement.help is not None
    assert "conv(256, 1)" in requirement.help()


def test_the_words_of_a_window_too_large() -> None:
    requirement = refusal("conv", 8, 3, dilation=4, pad=((1, 1), 0), on=((3, 6, 12),)).requirement
    assert requirement.why() == (
        "the window of `conv` spans 9 pixels (3 taps, 4 apart), but the height is 6 "
        "(8 with its padding of 1 and 1)"
    )
    assert requirement.axis == 0


def test_linear_on_a_map_is_told_of_flatten() -> None:
    requirement = refusal("linear", 10, on=((256, 6, 6),)).requirement
    assert requirement.help is not None
    assert requirement.help() == "put `flatten` before it, which makes [9216] of it"


def test_a_requirement_of_symbols_becomes_a_condition() -> None:
    applied = apply(make("conv", 8, 7), (3, H, W))
    assert [(c.code, c.left, c.relation, c.right, c.axis) for c in applied.conditions] == [
        ("window-too-large", H, Relation.AT_LEAST, 7, 0),
        ("window-too-large", W, Relation.AT_LEAST, 7, 1),
    ]
    assert not apply(make("conv", 8, 7), (3, H, W), at_least={"H": 7, "W": 9}).conditions


@pytest.mark.parametrize("word", ["add", "mul", "hypot", "atan2"])
def test_merges_of_symbols(word: str) -> None:
    half = apply(make("maxpool", 2), (8, H, H)).outputs[0]
    back = apply(make("upsample", 2), half).outputs[0]
    (condition, _) = apply(make(word), (8, H, H), back).conditions
    assert (condition.left, condition.right) == (H, 2 * (H // 2))
    assert not apply(make(word), half, half).conditions
    assert apply(make(word), half, (8, 1, H // 2)).outputs == (half,)
    assert refusal(word, on=((8, H, H), (8, H + 1, H))).requirement.code == "shape-mismatch"


def test_a_symbolic_argument_must_be_as_great_as_a_number_in_its_place() -> None:
    applied = apply(make("conv", H - 64, 1), (3, 8, 8))
    assert [(c.code, c.left, c.right, c.argument) for c in applied.conditions] == [
        ("bad-argument", H - 64, 1, "channels")
    ]
    cropped = apply(make("crop", ((H - 5, 0), H)), (3, 90, 90), at_least={"H": 4})
    assert [(c.left, c.right) for c in cropped.conditions if c.code == "bad-argument"] == [(H - 5, 0)]
    refused = refusal("crop", ((0, -H), 0), on=(MAP,)).requirement
    assert refused.why() == "`amount` of `crop` must be at least 0, which −H is not"


def test_channels_may_be_symbols() -> None:
    applied = apply(make("depthwise", 3, pad=1), (4 * W, H, H))
    assert applied.outputs == ((4 * W, H, H),)
    assert applied.weights[0].shape == (4 * W, 1, 3, 3)
    assert apply(make("linear", W), (H,)).weights[0].shape == (W, H)
