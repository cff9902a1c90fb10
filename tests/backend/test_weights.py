"""Weights in files: written whole or not at all, read into the right net or refused."""

from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from backend.nets import LENET, TINY, executable
from safetensors.numpy import load_file, save_file

from cnnspec.backend.atomic import replacing
from cnnspec.backend.weights import load_weights, save_weights
from cnnspec.diagnostics import Diagnostic, DiagnosticError


def problems(call: object, *arguments: object) -> tuple[Diagnostic, ...]:
    with pytest.raises(DiagnosticError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.diagnostics


# --- there and back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_is_exact_and_keeps_texts(tmp_path: Path, dtype: str) -> None:
    text = "net n():\n    input x: [1, 9, 9]\n    output conv(2, 3) -> bn -> flatten -> linear(2)\n"
    net, other = executable(text, dtype=dtype, seed=1), executable(text, dtype=dtype, seed=2)
    net.save(tmp_path / "net.safetensors", {"normalisation": "x"})
    assert other.load(tmp_path / "net.safetensors") == {"net": "n", "normalisation": "x"}
    for name, array in net.state.items():
        np.testing.assert_array_equal(other.state[name], array)


def test_names_are_paths_and_any_tool_reads_them(tmp_path: Path) -> None:
    net = executable("""
        block stage(c):
            conv(c, 3) -> bn -> relu
        net n():
            input x: [1, 9, 9]
            repeat 2:
                stage(2) as stage
            output conv(1, 1) as head
    """)
    net.save(tmp_path / "w.safetensors")
    arrays = load_file(tmp_path / "w.safetensors")
    assert set(arrays) == set(net.state)
    assert {"stage.0.conv1.weight", "stage.1.bn1.running_var", "head.bias"} <= set(arrays)


def test_other_precisions_are_converted(tmp_path: Path) -> None:
    net = executable(TINY, dtype="float32")
    half = {name: array.astype(np.float16) for name, array in net.state.items()}
    save_file(half, tmp_path / "half.safetensors")
    net.load(tmp_path / "half.safetensors")
    for name, array in net.state.items():
        np.testing.assert_array_equal(array, half[name].astype(np.float32))


def test_arrays_that_are_not_contiguous_are_saved_as_they_look(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3)
    save_weights(tmp_path / "t.safetensors", {"a": array.T}, {})
    np.testing.assert_array_equal(load_file(tmp_path / "t.safetensors")["a"], array.T)


# --- the wrong file ---------------------------------------------------------------------------------------


def test_names_shapes_and_types_that_differ_are_all_named_and_nothing_changes(tmp_path: Path) -> None:
    net = executable(TINY)
    before = {name: array.copy() for name, array in net.state.items()}
    wrong = {name: array.copy() for name, array in net.state.items()}
    del wrong["conv1.bias"]
    wrong["conv9.bias"] = np.zeros(4)
    wrong["linear1.weight"] = wrong["linear1.weight"].T.copy()
    wrong["linear1.bias"] = np.zeros(3, np.uint8)
    save_file(wrong, tmp_path / "w.safetensors")
    found = problems(net.load, tmp_path / "w.safetensors")
    assert {diagnostic.code for diagnostic in found} == {"weights-mismatch"}
    path = tmp_path / "w.safetensors"
    assert [diagnostic.message for diagnostic in found] == [
        f"{path} lacks conv1.bias",
        f"{path} holds conv9.bias, which the net does not have",
        "linear1.weight is [36, 3] in the file and [3, 36] in the net",
        "linear1.bias holds U8 elements",
    ]
    for name, array in net.state.items():
        np.testing.assert_array_equal(array, before[name])


def test_many_names_are_not_all_listed(tmp_path: Path) -> None:
    executable(TINY).save(tmp_path / "tiny.safetensors")
    first, _, *_ = problems(executable(LENET).load, tmp_path / "tiny.safetensors")
    assert first.message.endswith("lacks conv2.weight, conv2.bias, linear2.weight, linear2.bias and 2 more")


def test_many_shapes_are_not_all_listed(tmp_path: Path) -> None:
    text = "net n():\n    input x: [{0}]\n    repeat 5:\n        linear({0})\n    output linear({0})\n"
    executable(text.format(3)).save(tmp_path / "w.safetensors")
    found = problems(executable(text.format(4)).load, tmp_path / "w.safetensors")
    assert len(found) == 5
    assert found[-1].message == "8 more weights differ"


def test_weights_of_training_heads_are_ignored_at_inference(tmp_path: Path) -> None:
    text = "net n():\n    input x: [4]\n    training output a = linear(2)\n    output linear(3)\n"
    full, inference = executable(text, seed=1), executable(text, training=False, seed=2)
    full.save(tmp_path / "w.safetensors")
    inference.load(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(inference.state["linear2.weight"], full.state["linear2.weight"])


@pytest.mark.parametrize(
    "content",
    [b"", b"not safetensors at all", b"\x08" + bytes(7) + b"{broken}", b"\xff" * 8 + b"{}", bytes(8)],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    (found,) = problems(load_weights, path, {"a": np.zeros(1)})
    assert found.code == "bad-data"
    assert found.message.startswith(f"{path} is not a safetensors file")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    net = executable(TINY)
    net.save(tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(content[:-8])
    (found,) = problems(net.load, tmp_path / "w.safetensors")
    assert found.code == "bad-data"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    refused = {"none": "no such file or directory", "folder": "it is a folder"}
    (tmp_path / "folder").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused["pipe"] = "it is not a regular file"
    for name, reason in refused.items():
        (found,) = problems(load_weights, tmp_path / name, {})
        assert (found.code, found.message) == ("file-unreadable", f"cannot read {tmp_path / name}: {reason}")


# --- whole or not at all ----------------------------------------------------------------------------------


@contextmanager
def small_files() -> Iterator[None]:
    """No file may grow beyond 4 KiB, which looks to a program like a full disk.

    Around the one call only: the log of the tests is a file too.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"a": np.zeros(3)}, {})
    before = path.read_bytes()
    with small_files():
        (found,) = problems(save_weights, path, {"a": np.zeros(100_000)}, {})
    assert found.code == "file-unwritable"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("old")

    def stopped_half_way() -> None:
        with replacing(path) as fresh:
            fresh.write_text("half of the ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path: Path) -> None:
    path = tmp_path / "text"
    umask = os.umask(0o022)
    try:
        with replacing(path) as fresh:
            fresh.write_text("new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        path.chmod(0o600)
        with replacing(path) as fresh:
            fresh.write_text("newer")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(umask)


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with replacing(tmp_path / "link") as fresh:
        fresh.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_is_no_ordinary_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path, tmp_path / "pipe"):
        (found,) = problems(save_weights, target, {}, {})
        assert found.message == f"cannot write {str(target)!r}: it exists and is not an ordinary file"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    (found,) = problems(save_weights, tmp_path / "no" / "w.safetensors", {}, {})
    assert found.code == "file-unwritable"
    assert found.help is not None
    assert found.help.text == f"make the folder first: {tmp_path / 'no'}"
