"""Texts that are no specs, and layers without a net around them: one cause, one finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.diagnostics import Diagnostic, Source
from cnnspec.language.parse import parse

ROOT = Path(__file__).parents[2]

USERS = "".join(f"user{n}:x:{n}:{n}:somebody:/home/user{n}:/bin/sh\n" for n in range(30))
TABLE = "epoch,loss,accuracy\n" + "".join(f"{n},{1 / n},0.5\n" for n in range(1, 30))
PROSE = """
A convolution slides a small window over an image.
At every place the pixels under the window are multiplied
by the weights of the kernel, and the products are added.
"""


def found(text: str) -> tuple[Diagnostic, ...]:
    return parse(Source("example.cnn", text)).diagnostics


@pytest.mark.parametrize(
    "text",
    [
        USERS,
        TABLE,
        PROSE,
        "{\n" + '  "layers": [1, 2, 3],\n' * 10 + "}\n",
        "<html>\n" + "<p>text</p>\n" * 10,
        (ROOT / "README.md").read_text(encoding="utf-8"),
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        (ROOT / "cnnspec/api.py").read_text(encoding="utf-8"),
    ],
)
def test_what_is_no_spec_is_one_finding(text: str) -> None:
    (finding,) = found(text)
    assert finding.code == "not-a-spec"
    assert finding.span is not None
    assert finding.help is not None


@pytest.mark.parametrize("path", sorted((ROOT / "specs").rglob("*.cnn")), ids=lambda path: path.stem)
def test_a_spec_with_many_mistakes_is_a_spec(path: Path) -> None:
    """Every line that has an arrow has it wrong."""
    text = path.read_text(encoding="utf-8").replace("->", "=> =>")
    assert all(finding.code != "not-a-spec" for finding in found(text))


def test_layers_without_a_net_are_one_finding() -> None:
    (finding,) = found("input image: [3, 32, 32]\nconv(8, 3) -> relu\nflatten\noutput linear(10)\n")
    assert (finding.code, finding.notes) == ("misplaced-statement", ("so do 3 lines below",))
    assert finding.span is not None
    assert finding.span.text == "input"


def test_around_a_net_they_are_two() -> None:
    text = "conv(8, 3)\nrelu\n\nnet a:\n    input x: [1, 8]\n    conv(1, 1)\n\nrelu\ntanh\nflatten\n"
    first, second = found(text)
    assert (first.span and first.span.line, first.notes) == (1, ("so does the next line",))
    assert (second.span and second.span.line, second.notes) == (8, ("so do 2 lines below",))


def test_other_mistakes_between_them_are_said() -> None:
    codes = [finding.code for finding in found("conv(8, 3)\nrelu\nwidth = = 3\nflatten\n")]
    assert codes == ["misplaced-statement", "foreign-operator", "misplaced-statement"]
