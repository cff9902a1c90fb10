"""Loading a spec with the files it uses; what `use` means is in use.md, here is what the file system adds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cnnspec.language import limits
from cnnspec.language.elaborate import elaborate
from cnnspec.language.spec import Loaded, load_spec, load_text, project_folder

NET = "net x:\n    input image: [3, 8, 8]\n    unit\n"
BLOCK = "block unit:\n    relu\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".cnn").write_text(text, encoding="utf-8")


def codes(loaded: Loaded) -> list[str]:
    return [d.code for d in loaded.diagnostics]


def paths(loaded: Loaded) -> list[str]:
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    graph = elaborate(loaded.spec).graph
    assert graph is not None
    return [node.path for node in graph]


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    write(tmp_path, main='use "a/b/one.cnn"\n' + NET, a__b__one='use "../two.cnn"\nblock unit:\n    inner\n')
    write(tmp_path, a__two="block inner:\n    relu\n")
    assert paths(load_spec(tmp_path / "main.cnn")) == ["image", "unit1.inner1.relu1"]


def test_a_file_that_is_used_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, main='use "one.cnn"\nuse "two.cnn"\n' + NET, one='use "base.cnn"\n' + BLOCK)
    write(tmp_path, two='use "base.cnn"\nblock other:\n    base\n', base="block base:\n    relu\n")
    loaded = load_spec(tmp_path / "main.cnn")
    assert loaded.spec is not None
    one, two = loaded.spec.main.used
    assert one.used[0] is two.used[0]


def test_sources_are_shown_beside_the_file_that_uses_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, specs__main='use "parts/one.cnn"\n' + NET, specs__parts__one="block unit:\n    conv(\n")
    (finding,) = load_spec(Path("specs/main.cnn")).diagnostics
    assert finding.span is not None
    assert finding.span.source.name == "specs/parts/one.cnn"


def test_a_text_in_hand_uses_files_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, one=BLOCK)
    monkeypatch.chdir(tmp_path)
    assert paths(load_text('use "one.cnn"\n' + NET)) == ["image", "unit1.relu1"]


# --- the project's folder -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["pyproject.toml", ".git"])
def test_a_project_is_the_nearest_folder_with_its_mark(tmp_path: Path, mark: str) -> None:
    inner = tmp_path / "project" / "specs"
    inner.mkdir(parents=True)
    (tmp_path / "project" / mark).mkdir()
    assert project_folder(inner) == tmp_path.resolve() / "project"
    assert project_folder(tmp_path) == tmp_path.resolve()


def test_files_of_the_project_may_be_used_from_any_of_its_folders(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    write(tmp_path, specs__main='use "../blocks/one.cnn"\n' + NET, blocks__one=BLOCK)
    assert paths(load_spec(tmp_path / "specs" / "main.cnn")) == ["image", "unit1.relu1"]


@pytest.mark.parametrize(
    "path",
    ["../one.cnn", "/etc/passwd", "a/../../one.cnn", "~/one.cnn/../../../../../../etc/passwd", "link.cnn"],
)
def test_nothing_outside_is_read(tmp_path: Path, path: str) -> None:
    project = tmp_path / "project"
    write(project, main=f'use "{path}"\n' + NET)
    write(tmp_path, one=BLOCK)
    (project / "link.cnn").symlink_to(tmp_path / "one.cnn")
    (finding,) = load_spec(project / "main.cnn").diagnostics
    assert finding.code == "use-outside"
    assert finding.span is not None
    assert finding.span.text == f'"{path}"'


def test_a_folder_that_links_outside_is_outside(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project, main='use "linked/one.cnn"\n' + NET)
    write(tmp_path, elsewhere__one=BLOCK)
    (project / "linked").symlink_to(tmp_path / "elsewhere")
    assert codes(load_spec(project / "main.cnn")) == ["use-outside"]


def test_a_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    write(tmp_path, main='use "link.cnn"\n' + NET, one=BLOCK)
    (tmp_path / "link.cnn").symlink_to(tmp_path / "one.cnn")
    assert paths(load_spec(tmp_path / "main.cnn")) == ["image", "unit1.relu1"]


# --- what cannot be read ------------------------------------------------------------------------------------


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = load_spec(tmp_path / "main.cnn").diagnostics
    assert finding.code == "file-unreadable"
    write(tmp_path, main='use "absent.cnn"\nuse "."\nuse "folder"\n' + NET)
    (tmp_path / "folder").mkdir()
    assert codes(load_spec(tmp_path / "main.cnn")) == ["file-unreadable"] * 3


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "one.cnn").symlink_to(tmp_path / "two.cnn")
    (tmp_path / "two.cnn").symlink_to(tmp_path / "one.cnn")
    write(tmp_path, main=f'use "one.cnn"\nuse "{"x" * 5000}.cnn"\n' + NET)
    assert codes(load_spec(tmp_path / "main.cnn")) == ["file-unreadable"] * 2


def test_a_used_file_that_is_no_text_is_said_at_its_place(tmp_path: Path) -> None:
    write(tmp_path, main='use "one.cnn"\n' + NET)
    (tmp_path / "one.cnn").write_bytes(b"block unit:\n    \xff\n")
    (finding,) = load_spec(tmp_path / "main.cnn").diagnostics
    assert finding.code == "not-text"
    assert finding.span is not None
    assert finding.span.line == 2


def test_a_file_that_uses_itself(tmp_path: Path) -> None:
    write(tmp_path, main='use "main.cnn"\n' + NET)
    (finding,) = load_spec(tmp_path / "main.cnn").diagnostics
    assert finding.code == "use-circular"
    assert finding.message.endswith("main.cnn → " + str(tmp_path / "main.cnn"))


def test_a_circle_through_a_link_is_found(tmp_path: Path) -> None:
    write(tmp_path, main='use "link.cnn"\n' + NET)
    (tmp_path / "link.cnn").symlink_to(tmp_path / "main.cnn")
    assert codes(load_spec(tmp_path / "main.cnn")) == ["use-circular"]


def test_a_circle_is_named_from_where_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, main='use "a.cnn"\n' + NET, a='use "b.cnn"\n' + BLOCK, b='use "a.cnn"\n')
    (finding,) = load_spec(Path("main.cnn")).diagnostics
    assert finding.message == "the files use each other in a circle: a.cnn → b.cnn → a.cnn"


@pytest.mark.parametrize("shape", ["a chain", "a fan"])
def test_too_many_files_are_refused_in_under_a_second(tmp_path: Path, shape: str) -> None:
    count = 3 * limits.MAX_FILES
    for number in range(count):
        write(tmp_path, **{f"f{number}": f'use "f{number + 1}.cnn"\n' if shape == "a chain" else ""})
    write(tmp_path, **{f"f{count}": BLOCK})
    uses = (
        "".join(f'use "f{number}.cnn"\n' for number in range(count)) if shape == "a fan" else 'use "f0.cnn"\n'
    )
    write(tmp_path, main=uses + NET)
    start = time.process_time()
    found = set(codes(load_spec(tmp_path / "main.cnn")))
    assert found == {"limit"}
    assert time.process_time() - start < 1
