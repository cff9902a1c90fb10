"""Machine code is kept only where nobody else can write, and trusted only as it was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnspec.backend.code_cache import CodeCache, private_folder, user_cache
from cnnspec.backend.fast.cache import key_of

Damage = Callable[[bytes], bytes]


@pytest.fixture
def cache(tmp_path: Path) -> CodeCache:
    return CodeCache(private_folder(tmp_path / "kernels"))


def test_what_was_written_is_read(cache: CodeCache) -> None:
    cache.write("key", b"code")
    assert cache.read("key") == b"code"
    assert cache.read("another") is None


def test_the_folder_is_the_users_alone(cache: CodeCache) -> None:
    assert cache.folder is not None
    assert cache.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda entry: entry[:-1], id="cut short"),
        pytest.param(lambda entry: entry[:20], id="cut within the digest"),
        pytest.param(lambda entry: b"", id="empty"),
        pytest.param(lambda entry: entry[:-1] + bytes([entry[-1] ^ 1]), id="one bit"),
        pytest.param(lambda entry: entry[-4:], id="without its head"),
    ],
)
def test_a_damaged_entry_counts_as_absent_and_can_be_written_again(cache: CodeCache, damage: Damage) -> None:
    cache.write("key", b"code")
    path = cache.folder / "key"
    path.write_bytes(damage(path.read_bytes()))
    assert cache.read("key") is None
    cache.write("key", b"code")
    assert cache.read("key") == b"code"


def test_a_folder_that_others_can_read_or_write_is_refused(tmp_path: Path) -> None:
    for mode in (0o755, 0o770, 0o777):
        folder = tmp_path / f"{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        with pytest.warns(RuntimeWarning, match="others can write"):
            assert private_folder(folder) is None


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "kernels").symlink_to(tmp_path / "elsewhere")
    with pytest.warns(RuntimeWarning):
        assert private_folder(tmp_path / "kernels") is None


def test_a_parent_that_others_can_write_is_refused_unless_sticky(tmp_path: Path) -> None:
    parent = tmp_path / "shared"
    parent.mkdir()
    parent.chmod(0o777)
    with pytest.warns(RuntimeWarning):
        assert private_folder(parent / "kernels") is None
    parent.chmod(0o1777)
    assert private_folder(parent / "kernels") == parent / "kernels"


def test_a_file_in_the_place_of_the_folder_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("not a folder")
    with pytest.warns(RuntimeWarning):
        cache = CodeCache(private_folder(tmp_path / "kernels"))
    cache.write("key", b"code")
    assert cache.read("key") is None


def test_a_folder_that_vanished_is_no_error(cache: CodeCache) -> None:
    os.rmdir(cache.folder)
    with pytest.warns(RuntimeWarning, match="not kept"):
        cache.write("key", b"code")
    assert cache.read("key") is None


def test_what_was_longest_unused_goes_where_the_cache_is_too_large(cache: CodeCache) -> None:
    new, older, oldest = map(key_of, ("new", "older", "oldest"))
    for age, key in enumerate((new, older, oldest)):
        cache.write(key, bytes(1000))
        os.utime(cache.folder / key, (1e9 - age, 1e9 - age))
    size = cache.size
    cache.trim(size)
    assert len(cache.entries) == 3
    cache.trim(size - 1)
    assert {path.name for path in cache.entries} == {new, older}
    assert cache.read(oldest) is None
    assert cache.read(new) == bytes(1000)


def test_a_cache_can_be_cleared(cache: CodeCache) -> None:
    cache.write(key_of("one"), b"1")
    cache.write(key_of("two"), b"2")
    assert (len(cache.entries), cache.clear(), cache.size) == (2, 2, 0)
    assert cache.read(key_of("one")) is None
    assert CodeCache(None).clear() == 0


def test_what_others_keep_in_the_folder_stays(cache: CodeCache) -> None:
    """`NUMBA_CACHE_DIR` says where it is, and may be a folder of the user's."""
    assert cache.folder is not None
    (cache.folder / "thesis.txt").write_bytes(bytes(10_000))
    (cache.folder / "cnnspec-half").write_bytes(bytes(10))
    cache.write(key_of("one"), b"1")
    cache.trim(0)
    assert cache.clear() == 0
    assert [path.name for path in cache.folder.iterdir()] == ["thesis.txt"]


def test_the_folder_of_numba_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    user_cache.cache_clear()
    try:
        assert user_cache().folder == tmp_path / "kernels"
    finally:
        user_cache.cache_clear()
