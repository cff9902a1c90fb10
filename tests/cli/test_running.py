"""`cnnspec train`, `run` and `verify` as commands; the engines behind them are tested in tests/backend."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]
Write = Callable[..., Path]

TINY = """\
net tiny:
    input image: [1, 28, 28]
    conv(4, 5, stride=4) -> relu -> flatten
    output linear(10)
"""
EDGES = """\
net edges:
    input image: [1, H = 8, W = 8]
    conv(1, 3, weights=sobel_x, bias=false, frozen)
"""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def train(cnnspec: Run, path: Path, *options: str) -> Any:
    return cnnspec("train", path, "--data", "digits", "--epochs", "2", "--batch", "100", *options)


def picture(path: Path) -> Path:
    """A vertical stroke on black."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:16] = 255
    Image.fromarray(pixels).save(path)
    return path


def test_training_writes_a_line_an_epoch_and_the_weights(cnnspec: Run, spec: Write) -> None:
    result = train(cnnspec, spec(TINY))
    assert (result.code, result.err) == (0, "")
    first, second, saved = result.out.splitlines()
    assert first.startswith("epoch 1/2  loss ")
    assert second.startswith("epoch 2/2  loss ")
    for word in ("accuracy", "test", "images/s"):
        assert word in second
    assert saved == "weights saved to tiny.safetensors"
    assert Path("tiny.safetensors").is_file()


@pytest.mark.skipif(os.name == "nt", reason="terminals of Unix")
def test_on_a_terminal_the_bar_is_erased_before_a_line_is_written(spec: Write) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cnnspec", "train", str(spec(TINY)), "--data", "digits", "--epochs", "2"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        drawn = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    assert process.returncode == 0
    assert "images/s" in drawn
    assert " left" in drawn
    for number in (1, 2):
        head, _, _ = drawn.partition(f"epoch {number}/2\x1b[0m  loss")
        assert head.endswith("\x1b[1A\x1b[2K\x1b[1m"), "the line is written where the bar was"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that the other side has gone
        return b""


def test_the_same_seed_gives_the_same_weights(cnnspec: Run, spec: Write) -> None:
    path = spec(TINY)
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert train(cnnspec, path, "--save", name, "--seed", seed).code == 0
    assert Path("a").read_bytes() == Path("b").read_bytes()
    assert Path("a").read_bytes() != Path("c").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        ["--optimiser", "adam"],
        ["--optimiser", "adam", "--rate", "0.01", "--decay", "0.001"],
        ["--schedule", "constant", "--momentum", "0"],
        ["--schedule", "step", "--threads", "1"],
    ],
)
def test_every_option_of_training_is_taken(cnnspec: Run, spec: Write, options: list[str]) -> None:
    assert train(cnnspec, spec(TINY), *options).code == 0
    assert Path("tiny.safetensors").is_file()


def test_options_change_what_is_learnt(cnnspec: Run, spec: Write) -> None:
    path = spec(TINY)
    options = (
        [],
        ["--optimiser", "adam"],
        ["--rate", "0.01"],
        ["--momentum", "0.5"],
        ["--decay", "0.01"],
        ["--schedule", "constant"],
        ["--schedule", "step"],
        ["--batch", "50"],
    )
    learnt: set[bytes] = set()
    for chosen in options:
        assert train(cnnspec, path, *chosen).code == 0
        learnt.add(Path("tiny.safetensors").read_bytes())
    assert len(learnt) == len(options)


def test_training_goes_on_from_weights(cnnspec: Run, spec: Write) -> None:
    path = spec(TINY)
    train(cnnspec, path)
    more = train(cnnspec, path, "--weights", "tiny.safetensors", "--save", "more")
    assert more.code == 0
    fresh = float(train(cnnspec, path).out.split("loss ")[1].split()[0])
    assert float(more.out.split("loss ")[1].split()[0]) < fresh


def test_a_place_that_cannot_be_written_is_found_before_training(cnnspec: Run, spec: Write) -> None:
    result = train(cnnspec, spec(TINY), "--save", "missing/folder/x")
    assert result.code == 2
    assert result.out == ""
    assert "error[file-unwritable]" in result.err
    assert not list(Path.cwd().glob("*.partial"))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--data", "nowhere"], "bad-data"),
        (["--data", "mnist:missing"], "bad-data"),
        (["--data", "digits", "--weights", "missing"], "file-unreadable"),
        (["--data", "digits", "--save", ""], "file-unwritable"),
        (["--data", "digits", "--rate", "nan"], "usage"),
        (["--data", "digits", "--rate", "0"], "usage"),
        (["--data", "digits", "--momentum", "1"], "usage"),
        (["--data", "digits", "--epochs", "0"], "usage"),
        (["--data", "digits", "--seed", "-1"], "usage"),
        ([], "usage"),
    ],
)
def test_what_cannot_be_trained_is_trouble(cnnspec: Run, spec: Write, options: list[str], code: str) -> None:
    result = cnnspec("train", spec(TINY), *options)
    assert result.code == 2
    assert result.err.startswith(f"error[{code}]: ")


def test_data_that_does_not_fit_is_refused_before_the_net_is_compiled(
    cnnspec: Run, spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnspec.pipeline.compile", None)
    result = cnnspec("train", spec(TINY.replace("[1, ", "[3, ", 1)), "--data", "digits")
    assert result.code == 2
    assert result.err.startswith("error[bad-data]: ")
    assert "the numbers of channels differ" in result.err


def test_a_picture_gets_its_likeliest_classes(cnnspec: Run, spec: Write) -> None:
    path = spec(TINY)
    train(cnnspec, path)
    one = picture(Path("one.png"))
    result = cnnspec("run", path, "--weights", "tiny.safetensors", "--input", one, "--top", "3")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("class 1  ")
    shares = [float(line.split("%")[0].split()[-1]) for line in lines]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 100.01


def test_classes_have_names_where_a_file_gives_them(cnnspec: Run, spec: Write) -> None:
    path = spec(TINY)
    Path("names.txt").write_text("zero\n\x1b[31mone\n", encoding="utf-8")
    out = cnnspec(
        "run", path, "--input", picture(Path("one.png")), "--labels", "names.txt", "--top", "10"
    ).out
    assert "zero " in out
    assert "␛[31mone " in out
    assert "class 9" in out


def test_random_weights_are_owned_up_to(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("run", spec(TINY), "--input", picture(Path("one.png")))
    assert result.code == 0
    assert result.err == "note: the weights are random; --weights FILE gives trained ones\n"


def test_a_batch_of_arrays_is_run_sample_by_sample(cnnspec: Run, spec: Write) -> None:
    np.save("batch.npy", np.zeros((40, 1, 28, 28), np.float32))
    result = cnnspec("run", spec(TINY), "--input", "batch.npy", "--top", "1", "--output", "scores.npy")
    assert (result.code, result.out) == (0, "")
    assert np.load("scores.npy").shape == (40, 10)
    out = cnnspec("run", spec(TINY), "--input", "batch.npy", "--top", "1").out
    assert out.splitlines()[::2] == [f"sample {number}" for number in range(1, 41)]


def test_a_map_can_be_written_as_a_picture(cnnspec: Run, spec: Write) -> None:
    path = spec(EDGES)
    one = picture(Path("one.png"))
    sizes = ["-s", "H=28", "-s", "W=28"]
    result = cnnspec("run", path, *sizes, "--input", one, "--output", "edges.png")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert Image.open("edges.png").size == (26, 26)
    assert cnnspec("run", path, *sizes, "--input", one).out.startswith("[1, 1, 26, 26], values from ")


def test_angles_are_written_in_colours(cnnspec: Run, spec: Write) -> None:
    path = spec("net n:\n    input photo: [1, 28, 28]\n    output atan2(-photo, photo)\n")
    result = cnnspec("run", path, "--input", picture(Path("one.png")), "--output", "angles.png")
    assert (result.code, result.out, result.err) == (0, "", "")
    pixels = np.asarray(Image.open("angles.png"))
    hues = sorted({tuple(pixel) for pixel in pixels.reshape(-1, 3).tolist()})
    assert np.allclose(hues, [(255, 0, 0), (255, 0, 191)], atol=6), "0 where it is black, −π/4 elsewhere"


def test_values_that_are_not_numbers_are_said_to_be(cnnspec: Run, spec: Write) -> None:
    path, two = spec(TINY), np.zeros((2, 1, 28, 28))
    two[1, 0, 3, 3] = np.nan
    np.save("two.npy", two)
    result = cnnspec("run", path, "--input", "two.npy")
    assert result.code == 0
    assert (
        "10 of 20 values of output are not finite numbers; the first is nan, in sample 2 at [0]" in result.err
    )
    assert result.out.startswith("[2, 10], values from ")
    assert "nan" not in result.out


def test_an_archive_is_no_input(cnnspec: Run, spec: Write) -> None:
    np.savez("many.npz", a=np.zeros(1))
    result = cnnspec("run", spec(TINY), "--input", "many.npz")
    assert result.code == 2
    assert "many.npz is an archive of arrays" in result.err
    assert "np.save(" in result.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "y.bmp"], "pictures end in .png or .jpg, arrays in .npy"),
        (["--output", "missing/y.npy"], "make the folder first"),
        (["--labels", "missing"], "cannot read missing: no such file or directory"),
    ],
)
def test_files_that_cannot_be_used_are_found_before_the_net_is_compiled(
    cnnspec: Run, spec: Write, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.setattr("cnnspec.pipeline.compile", None)
    result = cnnspec("run", spec(TINY), "--input", picture(Path("p.png")), *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_accuracy_is_measured_on_test_images(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("run", spec(TINY), "--data", "digits")
    assert result.code == 0
    assert result.out.startswith("digits: 600 images, accuracy ")


@pytest.mark.parametrize("options", [[], ["--input", "a.png", "--data", "digits"]])
def test_there_must_be_one_input(cnnspec: Run, spec: Write, options: list[str]) -> None:
    result = cnnspec("run", spec(TINY), *options)
    assert result.code == 2
    assert "give either --input or --data" in result.err


def test_weights_of_another_net_are_trouble(cnnspec: Run, spec: Write) -> None:
    train(cnnspec, spec(TINY))
    other = spec(TINY.replace("conv(4", "conv(5"), "other.cnn")
    result = cnnspec("run", other, "--weights", "tiny.safetensors", "--data", "digits")
    assert result.code == 2
    assert "error[weights-mismatch]" in result.err


def test_a_certificate_is_printed(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("verify", spec(TINY), "--seconds", "5")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].startswith("tiny  ")
    assert result.out.splitlines()[0].endswith(" claims hold")
    for topic in ("shapes", "parameters", "gradients", "receptive fields"):
        assert f"holds  {topic}" in result.out


def test_a_certificate_can_list_every_claim(cnnspec: Run, spec: Write) -> None:
    text = cnnspec("verify", spec(TINY), "--seconds", "5", "--all").out
    document = json.loads(cnnspec("verify", spec(TINY), "--seconds", "5", "--format", "json").out)
    claims = [claim for section in document["sections"] for claim in section["claims"]]
    assert document["holds"] is True
    assert text.count("\n    holds  ") == len(claims)


def test_a_wrong_claim_is_found(cnnspec: Run, spec: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.layers.convolution import Conv

    monkeypatch.setattr(Conv, "macs", lambda *_: 1)
    result = cnnspec("verify", spec(TINY), "--seconds", "2")
    assert result.code == 1
    assert result.out.splitlines()[0].endswith(" claims failed")
    assert "fails  multiply-accumulates" in result.out
    assert "expected 1" in result.out


# --- Ctrl-C -----------------------------------------------------------------------------------------------


def interrupted(command: list[str], said: str) -> tuple[str, float]:
    """Ctrl-C once a line of the output has `said` in it: the last line, and the seconds until it came."""
    whole = [sys.executable, "-u", "-m", "cnnspec", *command]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if said in line:
                break
        process.send_signal(signal.SIGINT)
        start = time.perf_counter()
        rest = process.stdout.read()
    assert process.returncode == 130
    assert "Traceback" not in rest
    return rest.strip().splitlines()[-1], time.perf_counter() - start


def test_ctrl_c_says_how_far_training_was_and_where_the_weights_are(spec: Write) -> None:
    said, seconds = interrupted(
        ["train", str(spec(TINY)), "--data", "digits", "--epochs", "10000", "--save", "kept.safetensors"],
        "epoch     1/10000",
    )
    assert said.startswith("interrupted: after step ")
    assert said.endswith(" of 10000; the weights are in kept.safetensors")
    assert Path("kept.safetensors").is_file()
    assert seconds < 5
