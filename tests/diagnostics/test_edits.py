"""Applying suggested edits."""

from cnnspec.diagnostics import Edit, Source, Span
from cnnspec.diagnostics.edits import LineChange, apply_edits, line_changes

SOURCE = Source("a.cnn", "one\ntwo\nthree\n")


def edit(start: int, end: int, replacement: str) -> Edit:
    return Edit(Span(SOURCE, start, end), replacement)


def test_edits_are_made_in_any_order() -> None:
    assert apply_edits(SOURCE.text, [edit(8, 13, "3"), edit(0, 3, "1")]) == "1\ntwo\n3\n"


def test_of_two_edits_that_overlap_the_first_is_made() -> None:
    assert apply_edits(SOURCE.text, [edit(0, 3, "1"), edit(2, 5, "?")]) == "1\ntwo\nthree\n"


def test_insertions_at_one_place_keep_their_order() -> None:
    assert apply_edits("ab", [edit(1, 1, "x"), edit(1, 1, "y")]) == "axyb"


def test_a_change_shows_whole_lines() -> None:
    assert line_changes(SOURCE, [edit(5, 6, "W")]) == [LineChange(2, ("two",), ("tWo",))]


def test_edits_on_one_line_are_one_change_and_apart_they_are_two() -> None:
    changes = line_changes(SOURCE, [edit(8, 9, "T"), edit(0, 1, "O"), edit(12, 13, "E")])
    assert changes == [LineChange(1, ("one",), ("One",)), LineChange(3, ("three",), ("ThreE",))]


def test_removing_a_line_adds_none() -> None:
    assert line_changes(SOURCE, [edit(4, 8, "")]) == [LineChange(2, ("two",), ())]


def test_edits_of_another_source_are_left_out() -> None:
    other = Source("b.cnn", "x\n")
    assert line_changes(SOURCE, [Edit(Span(other, 0, 1), "y")]) == []
