"""`[tool.cnnspec]` in pyproject.toml: which rules run where, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint.linting import at

from cnnspec.diagnostics.codes import CODES
from cnnspec.lint.config import Config, config_for
from cnnspec.lint.selection import UnknownSelectorError, codes_of, groups, lint_codes


def configured(folder: Path, table: str, spec: str = "net.cnn") -> Config:
    (folder / "pyproject.toml").write_text(table, encoding="utf-8")
    return config_for(folder / spec)


# --- groups -------------------------------------------------------------------------------------------------


def test_every_rule_is_in_one_group_by_severity_or_is_folklore() -> None:
    named = groups()
    parts = [named["warning"], named["info"], named["folklore"]]
    assert frozenset().union(*parts) == named["all"] == frozenset(lint_codes())
    assert sum(map(len, parts)) == len(named["all"])
    assert {CODES[code].severity for code in named["folklore"]} == {"info"}


def test_every_code_that_is_no_error_is_found_by_a_rule_or_is_about_comments() -> None:
    assert set(lint_codes()) == {code for code, row in CODES.items() if row.severity != "error"}


def test_groups_and_rules_are_chosen_together() -> None:
    assert codes_of(["warning", "large-head"]) == groups()["warning"] | {"large-head"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("large-haed", "there is no rule `large-haed`"),
        ("syntax", "`syntax` is an error: it cannot be chosen"),
    ],
)
def test_what_is_no_rule_is_refused(word: str, message: str) -> None:
    with pytest.raises(UnknownSelectorError, match=message):
        codes_of([word])


# --- the table ----------------------------------------------------------------------------------------------


def test_without_a_configuration_warnings_are_looked_for(tmp_path: Path) -> None:
    assert config_for(tmp_path / "net.cnn").settings(None).codes == groups()["warning"]
    assert configured(tmp_path, "[project]\nname = 'x'\n") == Config()
    assert configured(tmp_path, "[tool.other]\ncnnspec = 1\n") == Config()


def test_rules_are_chosen_and_left_out(tmp_path: Path) -> None:
    table = '[tool.cnnspec]\nselect = ["warning", "info"]\nignore = ["large-head", "even-kernel"]\n'
    codes = configured(tmp_path, table).settings(tmp_path / "net.cnn").codes
    assert codes == (groups()["warning"] | groups()["info"]) - {"large-head", "even-kernel"}


def test_the_command_line_replaces_what_is_chosen_and_adds_to_what_is_left_out(tmp_path: Path) -> None:
    config = configured(tmp_path, '[tool.cnnspec]\nselect = ["all"]\nignore = ["large-head"]\n')
    settings = config.settings(None, select=("info",), ignore=("softmax-output",))
    assert settings.codes == groups()["info"] - {"large-head", "softmax-output"}


def test_rules_are_left_out_in_some_files(tmp_path: Path) -> None:
    table = '[tool.cnnspec.per-file-ignores]\n"old/*.cnn" = ["even-kernel"]\n"draft.cnn" = ["small-map"]\n'
    config = configured(tmp_path, table)
    left_out = {
        name: groups()["warning"] - config.settings(tmp_path / name).codes
        for name in ("net.cnn", "old/net.cnn", "old/draft.cnn", "../old/net.cnn")
    }
    assert left_out == {
        "net.cnn": set(),
        "old/net.cnn": {"even-kernel"},
        "old/draft.cnn": {"even-kernel", "small-map"},
        "../old/net.cnn": set(),
    }


def test_the_nearest_table_holds(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.cnnspec]\nselect = ["info"]\n', encoding="utf-8")
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\nname = "a"\n', encoding="utf-8")
    assert config_for(inner / "net.cnn").select == ("info",)
    (inner / "pyproject.toml").write_text('[tool.cnnspec]\nselect = ["all"]\n', encoding="utf-8")
    assert config_for(inner / "net.cnn").select == ("all",)


@pytest.mark.parametrize(
    ("value", "budget"),
    [("65536", 65_536), ('"64KiB"', 65_536), ('"1.5 MiB"', 1_572_864), ('"2M"', 2_000_000)],
)
def test_a_budget_is_a_number_of_bytes(tmp_path: Path, value: str, budget: int) -> None:
    config = configured(tmp_path, f"[tool.cnnspec]\nactivation-budget = {value}\n")
    assert (config.activation_budget, config.diagnostics) == (budget, ())


@pytest.mark.parametrize(
    ("table", "place", "message"),
    [
        ('selects = ["info"]', "selects", "has no `selects`"),
        ('select = "info"', "select", "must be a list of rules"),
        ("select = [1]", "select", "must be a list of rules"),
        ('ignore = ["large-haed"]', "ignore", "there is no rule `large-haed`"),
        ('select = ["syntax"]', "select", "`syntax` is an error"),
        ('activation-budget = "much"', "activation-budget", "must be a number of bytes"),
        ("activation-budget = 0", "activation-budget", "must be a number of bytes"),
        ("activation-budget = true", "activation-budget", "must be a number of bytes"),
        ('per-file-ignores = ["x"]', "per-file-ignores", "must be a table"),
        ('per-file-ignores = {"a.cnn" = "x"}', '"a.cnn"', "must be a list of rules"),
        ('per-file-ignores = {"a.cnn" = ["x"]}', '"a.cnn"', "there is no rule `x`"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, table: str, place: str, message: str) -> None:
    config = configured(tmp_path, f"# select\n[tool.x]\nselect = 1\n[tool.cnnspec]\n{table}\n")
    (found,) = config.diagnostics
    assert (found.code, at(found)) == ("bad-config", place)
    assert message in found.message
    assert found.span is not None
    assert found.span.line == 5


@pytest.mark.parametrize(
    "text",
    [
        "[tool.cnnspec\n",
        "tool = {cnnspec = 1}\n",
        "[tool]\ncnnspec = []\n",
        "[tool.cnnspec]\nselect = " + "[" * 10_000,
        "[tool.cnnspec]\nactivation-budget = " + "9" * 200_000,
    ],
    ids=range(5),
)
def test_a_file_that_is_broken_is_a_finding(tmp_path: Path, text: str) -> None:
    config = configured(tmp_path, text)
    assert [found.code for found in config.diagnostics] == ["bad-config"]
    assert config.settings(None).codes == groups()["warning"]


def test_the_rest_of_a_wrong_table_holds(tmp_path: Path) -> None:
    config = configured(tmp_path, '[tool.cnnspec]\nselect = ["info"]\nbudget = 3\nignore = ["large-head"]\n')
    assert len(config.diagnostics) == 1
    assert config.settings(None).codes == groups()["info"] - {"large-head"}
