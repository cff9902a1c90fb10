"""The pages whose examples are commands: run in a folder with all the files that they name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec import pipeline
from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.page_text import page_text, read_page
from cnnspec.language.spec import Loaded

SPECS = Path(__file__).parents[2] / "specs"
FILES = {
    "blocks.cnn": "block stem(c):\n    conv(c, 3) -> relu\n",
    "net.cnn": """\
net tiny:
    input image: [1, 8, 8]
    conv(4, 3) -> leaky_relu(0.1) -> conv(4, 3) -> leaky_relu(0.1) -> flatten
    output linear(10)
""",
    "edges.cnn": """\
net edges:
    input image: [1, 8, 8]
    conv(10, 3, weights=sobel_x, bias=false, frozen) -> global_avgpool -> flatten
""",
    "stem.cnn": """\
net stem:
    input image: [3, 227, 227]
    conv(96, 11, stride=?) as first
    expect first.height == 55
""",
    "unknown_blocks.cnn": "block stem(c):\n    conv(c, 3, pad=? in 0..2) -> relu\n",
    "uses_blocks.cnn": """\
use "unknown_blocks.cnn"

net small:
    input image: [3, 8, 8]
    stem(4)
    expect output.shape == [4, 8, 8]
""",
}

Run = Callable[..., Any]


def _by_command() -> Iterator[str]:
    for code in CODES:
        text = page_text(code)
        if text and read_page(text).bad.language == "console" and code != "internal":
            yield code


BY_COMMAND = pytest.mark.parametrize("code", list(_by_command()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the commands on the pages name."""
    place = tmp_path_factory.mktemp("pages")
    for name, text in FILES.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "lenet.cnn").write_text((SPECS / "lenet5.cnn").read_text(encoding="utf-8"), encoding="utf-8")
    (place / "latin1.cnn").write_bytes("net caf\u00e9:\n    relu\n".encode("latin-1"))
    draw = np.random.default_rng(0)
    images, labels = draw.random((64, 1, 8, 8), np.float32), draw.integers(0, 10, 64)
    parts = {"x_train": images, "x_test": images[:32], "y_test": labels[:32]}
    np.savez(place / "digits.npz", y_train=labels, **parts)
    np.savez(place / "unequal.npz", y_train=labels[:60], **parts)
    _save_weights(place / "net.cnn", place / "net.safetensors")
    _save_weights(place / "lenet.cnn", place / "other.safetensors")
    return place


def _save_weights(spec: Path, target: Path) -> None:
    loaded = pipeline.load(spec).spec
    assert loaded is not None
    graph = pipeline.elaborate(loaded).graph
    assert graph is not None
    pipeline.compile(pipeline.plan(graph, batch=1)).save(target)


@BY_COMMAND
def test_the_bad_command_gets_exactly_this(
    code: str, folder: Path, cnnspec: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = cnnspec(*_command(code, "bad"))
    found = re.findall(r"^(?:error|warning)\[([a-z-]+)\]", result.out + result.err, re.MULTILINE)
    assert set(found) == {code}
    assert result.code != 0


@BY_COMMAND
def test_the_good_command_works(
    code: str, folder: Path, cnnspec: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = cnnspec(*_command(code, "good"))
    assert (result.code, "error[" in result.out + result.err) == (0, False)


def test_a_mistake_of_ours_is_called_one(folder: Path, cnnspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(_path: object) -> Loaded:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(pipeline, "load", break_down)
    said = cnnspec(*_command("internal", "bad")).err
    assert said.startswith("error[internal]: ZeroDivisionError: nobody thought of this\n")


def _command(code: str, which: str) -> list[str]:
    """The arguments of the command on a page."""
    text = page_text(code)
    assert text is not None
    example = getattr(read_page(text), which)
    assert example.language == "console"
    prompt, program, *arguments = shlex.split(example.text)
    assert (prompt, program) == ("$", "cnnspec")
    return arguments
