"""How a statement is laid out in lines of limited width.

One line, if it fits and nothing asks for more. Otherwise arrows begin lines, and where that is not enough the
items of a bracket stand on lines of their own. What the author broke so stays broken: an arrow that begins a
line, a comma behind the last item.
"""

from __future__ import annotations

from collections.abc import Collection

from cnnspec.language.format_tree import ARROW, Bracket, Role, Run, Stage

WIDTH = 110
STEP = 4

Pieces = list[str | Bracket]


def lay_out(run: Run, indent: int) -> list[str]:
    """The lines of a statement, the first without its indentation, without the last comment."""
    return _run(run, indent, indent, 0)


def flat(pieces: Pieces) -> str:
    """Words, signs and brackets on one line."""
    return "".join(piece if isinstance(piece, str) else _flat_bracket(piece) for piece in pieces)


def _flat_bracket(bracket: Bracket) -> str:
    items = ", ".join(
        f" {ARROW} ".join(flat(stage.pieces) for stage in item.stages) for item in bracket.items
    )
    comma = "," if bracket.needs_comma else ""
    return f"{bracket.before}{bracket.opening}{items}{comma}{bracket.closing}"


def _fits(lines: list[str], column: int, behind: int) -> bool:
    """Whether lines fit of which the first begins at a column and the last has something behind."""
    widths = [len(line) for line in lines]
    widths[0] += column
    widths[-1] += behind
    return max(widths) <= WIDTH


def _run(run: Run, indent: int, column: int, behind: int) -> list[str]:
    """A run that begins at a column, in a line with this indentation; `behind` characters follow it."""
    if len(run.stages) == 1:
        return _stage(run.stages[0], indent, column, behind)
    if not run.is_split:
        lines = _in_one_go(run, indent)
        if _fits(lines, column, behind):
            return lines
    return _split(run, indent, column, behind)


def _in_one_go(run: Run, indent: int) -> list[str]:
    """A pipeline whose arrows begin no lines; brackets in it may still be broken."""
    first, *later = run.stages
    pieces = list(first.pieces)
    for stage in later:
        pieces += [f" {ARROW} ", *stage.pieces]
    return _pieces(pieces, indent, ())


def _split(run: Run, indent: int, column: int, behind: int) -> list[str]:
    """A pipeline whose arrows begin lines."""
    first, *later = run.stages
    lines = _with_comment(_stage(first, indent, column, 0), first.comment)
    deeper = indent + STEP
    start = " " * deeper + f"{ARROW} "
    for stage in later:
        is_last = stage is later[-1]
        lines += [" " * deeper + comment for comment in stage.comments_above]
        below = _stage(stage, deeper, len(start), behind if is_last else 0)
        below[0] = start + below[0]
        lines += _with_comment(below, None if is_last else stage.comment)
    return lines


def _with_comment(lines: list[str], comment: str | None) -> list[str]:
    return [*lines[:-1], f"{lines[-1]}  {comment}"] if comment else lines


def _stage(stage: Stage, indent: int, column: int, behind: int) -> list[str]:
    """One stage, with no more brackets broken than needed, the last ones first."""
    lines = _pieces(stage.pieces, indent, ())
    if _fits(lines, column, behind):
        return lines
    breakable = [
        place for place, piece in enumerate(stage.pieces) if isinstance(piece, Bracket) and piece.items
    ]
    for place in reversed(breakable):
        lines = _pieces(stage.pieces, indent, (place,))
        if _fits(lines, column, behind):
            return lines
    return _pieces(stage.pieces, indent, breakable)


def _pieces(pieces: Pieces, indent: int, broken: Collection[int]) -> list[str]:
    """Pieces one behind the other; the brackets at the places `broken`, and those that ask for it, broken."""
    lines = [""]
    for place, piece in enumerate(pieces):
        if isinstance(piece, Bracket) and (piece.is_broken or place in broken):
            opening, *items = _broken(piece, indent)
            lines[-1] += opening
            lines += items
        else:
            lines[-1] += flat([piece])
    return lines


def _broken(bracket: Bracket, indent: int) -> list[str]:
    """A bracket with its items on lines of their own, each with a comma behind where there may be one."""
    deeper = indent + STEP
    comma = "," if bracket.role in (Role.CALL, Role.LIST, Role.TUPLE) else ""
    lines = [bracket.before + bracket.opening]
    is_in_rows = bracket.role is Role.LIST and bool(bracket.items) and bracket.items[0].begins_line
    has_room = False
    for item in bracket.items:
        below = _run(item, deeper, deeper, len(comma))
        below[-1] += comma
        if has_room and _goes_beside(item, below, lines[-1]):
            lines[-1] += f" {below[0]}"
        else:
            lines += [" " * deeper + comment for comment in item.stages[0].comments_above]
            lines += [" " * deeper + below[0], *below[1:]]
        comment = item.stages[-1].comment
        lines[-1:] = _with_comment(lines[-1:], comment)
        has_room = is_in_rows and comment is None
    lines += [" " * deeper + comment for comment in bracket.comments]
    return [*lines, " " * indent + bracket.closing]


def _goes_beside(item: Run, below: list[str], line: str) -> bool:
    """Whether an item of a list shares the line of the one before: so it was written, and it fits."""
    fits = len(below) == 1 and len(line) + 1 + len(below[0]) <= WIDTH
    return fits and not item.begins_line and not item.stages[0].comments_above
