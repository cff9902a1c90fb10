"""Edits for shapes that clash: made as they are offered, the spec has no mistake any more."""

from __future__ import annotations

import pytest

from cnnspec import pipeline
from cnnspec.diagnostics import Diagnostic
from cnnspec.diagnostics.edits import apply_edits

STRIDED = """
block unit(c, s = 1):
    skip = {skip}
    conv(c, 3, {stride}, pad=1) -> bn -> relu -> conv(c, 3, pad=1) -> bn
    it + skip -> relu

net small:
    input image: [3, 32, 32]
    unit(16) -> unit(32, 2) -> unit(32)
"""
IN_NET = """
net small:
    input image: [3, 32, 32]
    conv(16, 3, pad=1)
    {fork}
    conv({channels}, 3, stride=2, pad=1) -> relu
    {merge}
"""


def found(text: str) -> tuple[Diagnostic, ...]:
    loaded = pipeline.load_text(text)
    assert loaded.spec is not None
    return loaded.diagnostics + pipeline.check(loaded.spec)


def mended(text: str) -> str:
    (finding,) = found(text)
    assert finding.code == "shape-mismatch"
    assert finding.help is not None
    return apply_edits(text, finding.help.edits)


@pytest.mark.parametrize(
    "skip", ["conv(c, 1) -> bn", "conv(c, 1, bias=false)", "in -> conv(c, 1)", "conv(c, 1, )"]
)
def test_a_projection_without_the_stride_is_given_it(skip: str) -> None:
    text = STRIDED.format(skip=skip, stride="stride=s")
    fixed = mended(text)
    assert ", stride=s)" in fixed.replace(", 3, stride=s,", "")
    assert found(fixed) == ()


@pytest.mark.parametrize(
    ("skip", "stride"),
    [
        ("in", "stride=s"),  # nothing to give a stride to
        ("conv(c, 3, pad=1)", "stride=s"),  # a larger window: other sizes may come out
        ("conv(c, 1) -> conv(c, 1)", "stride=s"),  # either could have it
        ("conv(c, 1)", "stride=2*s - s"),  # not one word to repeat
    ],
)
def test_where_it_is_not_certain_no_edit_is_offered(skip: str, stride: str) -> None:
    (finding, *_) = found(STRIDED.format(skip=skip, stride=stride))
    assert finding.code == "shape-mismatch"
    assert finding.help is None or finding.help.edits == ()


@pytest.mark.parametrize(
    ("fork", "merge"),
    [
        ("skip = it", "it + skip"),
        ("skip = it", "skip + it"),
        ("skip = it", "add(it, skip)"),
        ("skip = it", "add([it, skip])"),
    ],
)
@pytest.mark.parametrize("channels", [16, 32])
def test_in_a_net_the_operand_is_projected(fork: str, merge: str, channels: int) -> None:
    text = IN_NET.format(fork=fork, merge=merge, channels=channels)
    fixed = mended(text)
    assert f"(skip -> conv({channels}, 1, stride=2, bias=false) -> bn)" in fixed
    assert found(fixed) == ()
