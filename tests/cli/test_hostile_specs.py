"""Mistakes of students, engineers and strangers: one cause is one finding, and nothing hangs or breaks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

NET = "net a(c = 4):\n    input image: [c, H = 8, W = 8]\n    "

MISTAKES = {
    "linear on a map": ("conv(8, 3) -> linear(10)", "not-flattened"),
    "a layer around another": ("relu(conv(8, 3))", "functional-call"),
    "a layer of another tool": ("Sequential(conv(8, 3), relu)", "unknown-layer"),
    "negative channels": ("conv(-8, 3)", "bad-argument"),
    "no kernel": ("conv(8, 0)", "bad-argument"),
    "no stride": ("conv(8, 3, stride=0)", "bad-argument"),
    "half a channel": ("conv(8.5, 3)", "not-whole"),
    "a number in quotes": ('conv("8", 3)', "bad-argument"),
    "too many values": ("flatten -> reshape(4, 8, 8)", "too-many-arguments"),
    "an unknown name": ("conv(n, 3)", "unknown-name"),
    "a name before itself": ("x = x + 1", "unknown-name"),
    "a division by 0": ("conv(8 // 0, 3)", "bad-arithmetic"),
    "a large window": ("maxpool(9)", "window-too-large"),
    "two outputs of a name": ("output conv(3, 1)\n    output conv(3, 1)", "duplicate-name"),
    "groups that do not divide": ("conv(8, 3, groups=3)", "group-mismatch"),
    "a misspelt layer": ("conv(8, 3) -> rellu", "unknown-layer"),
    "another arrow": ("conv(8, 3) => relu", "foreign-operator"),
    "a semicolon": ("conv(8, 3); relu", "bad-character"),
    "a full-width letter": ("ｃonv(8, 3)", "bad-character"),
    "another direction": ("conv(8, 3) \u202e-> relu", "bad-character"),
    "an open text": ('"""never closed', "unclosed-text"),
    "a size as a condition": ("if H:\n        relu", "not-a-condition"),
    "uneven weights": ("conv(1, 3, weights=[[1, 2], [3]])", "given-weights"),
    "a misspelt measure": ("conv(c, 3)\n    expect parameters == 3", "expect-unknown"),
    "an expectation of nothing": ("conv(c, 3)\n    expect params", "type-mismatch"),
    "one equals sign": ("conv(c, 3)\n    expect params = 3", "equals-sign"),
    "an expectation that divides by 0": ("conv(c, 3)\n    expect params / 0 == 1", "bad-arithmetic"),
    "a huge number": ("conv(10**100000, 3)", "limit"),
    "many digits": (f"conv({'9' * 5000}, 3)", "limit"),
    "a tower of powers": ("x = 2**2**2**2**2**2\n    conv(x, 3)", "limit"),
    "a huge exponent": ("x = 1e999999999\n    relu", "limit"),
    "many repetitions": ("repeat 1000000000:\n        relu", "limit"),
    "a long range": ("for i in range(10**12):\n        relu", "limit"),
    "a long list": ("x = [1] * 10**9\n    relu", "limit"),
    "deep brackets": (f"conv({'(' * 20000}8{')' * 20000}, 3)", "limit"),
    "a long sum": (f"x = {'1+' * 100_000}1\n    relu", "limit"),
    "a long name": ("x" * 100_000, "unknown-name"),
    "a long pipeline": ("conv(8, 3)" + " -> relu" * 100_000, "limit"),
    "deep brackets in an expectation": (f"relu\n    expect {'(' * 3000}params{')' * 3000} == 1", "limit"),
    "a long list in an expectation": ("relu\n    expect range(10**9) == 1", "limit"),
    "a long number in an expectation": ("conv(c, 3)\n    expect macs(c=10**1200) < 1", "expect-failed"),
    "a long period": ("conv(c, 3)\n    expect sizes == H % 99999989 == 0", "expect-unknown"),
}
TEXTS = {
    "no input": ("net a:\n    conv(3, 3)\n", "no-input"),
    "tabs and spaces": ("net a:\n\tinput image: [3, 8, 8]\n    conv(3, 3)\n", "indentation"),
    "sizes of another order": ("net a:\n    input image: [8, 8, 3]\n    conv(64, 7)\n", "window-too-large"),
    "a batch": ("net a:\n    input image: [None, 3, 8]\n    conv(3, 3)\n", "bad-size"),
    "nothing": ("", "no-net"),
    "a comment": ("# only\n", "no-net"),
    "no such size": ("net a:\n    input x: [3, H] where H > 10, H < 5\n    relu\n", "where-violated"),
    "a block in itself": (f"block f(n):\n    f(n + 1)\n{NET}f(1)\n", "limit"),
    "blocks in each other": (f"block f:\n    g\nblock g:\n    f\n{NET}f\n", "limit"),
    "a block like a layer": (f"block conv(c):\n    conv(c)\n{NET}conv(3)\n", "limit"),
    "many bodies": (
        "net a:\n" + "".join("    " * n + "if 1 == 1:\n" for n in range(1, 99)) + "    " * 99 + "relu\n",
        "limit",
    ),
    "the folder itself": (f'use "."\n{NET}relu\n', "file-unreadable"),
    "a device": (f'use "/dev/zero"\n{NET}relu\n', "use-outside"),
    "a file of the system": (f'use "../../../etc/passwd"\n{NET}relu\n', "use-outside"),
    "a file in itself": (f'use "spec.cnn"\n{NET}relu\n', "use-circular"),
}
COMMANDS = [("check", "--no-lint"), ("show",), ("sizes",), ("solve",), ("run", "--input", "nothing.png")]


def errors(text: str) -> list[str]:
    return [line.partition("[")[2].partition("]")[0] for line in text.splitlines() if line[:6] == "error["]


@pytest.mark.parametrize(("line", "code"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_net_is_one_finding(cnnspec: Run, tmp_path: Path, line: str, code: str) -> None:
    check_everywhere(cnnspec, tmp_path, f"{NET}{line}\n", code)


@pytest.mark.parametrize(("text", "code"), TEXTS.values(), ids=TEXTS)
def test_a_mistake_in_a_file_is_one_finding(cnnspec: Run, tmp_path: Path, text: str, code: str) -> None:
    check_everywhere(cnnspec, tmp_path, text, code)


def check_everywhere(cnnspec: Run, folder: Path, text: str, code: str) -> None:
    path = folder / "spec.cnn"
    path.write_text(text, encoding="utf-8")
    for command, *options in COMMANDS:
        result = cnnspec(command, path, *options)
        said = errors(result.out + result.err)
        assert result.code in (0, 1, 2), command
        assert not {"internal"} & set(said), result.err
        assert len(result.out + result.err) < 20_000, command
        assert command != "check" or said == [code]


@pytest.mark.parametrize("command", ["check", "show", "run", "train", "sizes", "solve", "fmt"])
def test_what_is_no_regular_file_is_said_at_once(cnnspec: Run, tmp_path: Path, command: str) -> None:
    os.mkfifo(tmp_path / "pipe.cnn")
    (tmp_path / "loop.cnn").symlink_to("loop.cnn")
    (tmp_path / "zeros.cnn").symlink_to("/dev/zero")
    (tmp_path / "gone.cnn").symlink_to("nowhere.cnn")
    (tmp_path / "folder.cnn").mkdir()
    (tmp_path / "wide.cnn").write_bytes((NET + "relu\n").encode("utf-16"))
    (tmp_path / "latin.cnn").write_bytes((f"# é\n{NET}relu\n").encode("latin-1"))
    (tmp_path / "nul.cnn").write_bytes(b"net a:\n    conv(8,\0 3)\n")
    (tmp_path / "long.cnn").write_bytes(b"a" * 10_000_000)
    for path in sorted(tmp_path.iterdir()):
        options = {"run": ("--input", "x.png"), "train": ("--data", "nowhere")}.get(command, ())
        result = cnnspec(command, path, *options)
        assert result.code in (1, 2), path
        said = errors(result.out + result.err)
        assert len(said) == 1, (path, said)
        assert said[0] in ("file-unreadable", "not-text", "limit", "usage"), path
