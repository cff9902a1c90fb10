"""Convolutions beside the fully connected layers that they replace; and the matrix of one, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnnspec.analysis.dense import Dense, Matrix, dense_equivalents, matrix_of
from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.diagnostics.legible import legible, wrap
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.dims import sum_of
from cnnspec.dims.units import rounded
from cnnspec.layers.spatial import shape_text
from cnnspec.report.document import decimal, document
from cnnspec.report.layout import Column, Concession, body, fit, header, in_short, left_out, narrowed, rule
from cnnspec.report.operation import operation
from cnnspec.report.quantities import exact
from cnnspec.report.records import Record, size
from cnnspec.report.render_table import title

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOTHING = "·"
SHADES = " ░▒▓█"
WIDEST = 100
"""The most cells of a drawing from left to right; a larger matrix is drawn in shades."""
TALLEST = 60


def describe_dense(analysis: Analysis, width: int | None) -> Iterator[Line]:
    """One row a convolution, and the sums below."""
    table = list(dense_equivalents(analysis))
    yield from title(analysis, width)
    yield ()
    if not table:
        yield line("no layer of this net is a convolution")
        return
    columns = fit(_columns(table), width, _CONCESSIONS)
    yield header(columns)
    yield rule(columns)
    yield from body(columns)
    yield rule(columns)
    connections = exact(sum_of(row.connections for row in table))
    weights = exact(sum_of(row.weights for row in table))
    said = (
        f"fully connected, these would have {connections} weights instead of {weights}; biases are the same"
    )
    yield from map(line, wrap(said, width))


def _columns(table: Sequence[Dense]) -> dict[str, Column]:
    return {
        "layer": Column("layer", [Piece(legible(row.facts.path), Style.STRONG) for row in table]),
        "operation": Column("operation", [Piece(legible(operation(row.facts.node))) for row in table]),
        "from": Column("from", [Piece(shape_text(row.facts.node.input_shapes[0])) for row in table]),
        "to": Column("to", [Piece(shape_text(row.facts.output)) for row in table]),
        "connections": Column(
            "connections",
            [Piece(exact(row.connections)) for row in table],
            right=True,
            short=[Piece(rounded(row.connections) or exact(row.connections)) for row in table],
        ),
        "nonzero": Column("not zero", [Piece(_percent(row.density)) for row in table], right=True),
        "weights": Column("weights", [Piece(exact(row.weights)) for row in table], right=True),
        "biases": Column(
            "biases", [Piece(exact(row.biases) if row.biases else "") for row in table], right=True
        ),
        "saving": Column("fewer", [Piece(_times(row.saving)) for row in table], right=True),
    }


def _percent(share: Fraction | None) -> str:
    return "" if share is None else f"{float(100 * share):.3g} %"


def _times(saving: Fraction | None) -> str:
    if saving is None:
        return ""
    return f"{exact(round(saving))}×" if saving >= 10 else f"{float(saving):.3g}×"


_CONCESSIONS: Sequence[Concession] = (
    ("operation", narrowed(16)),
    ("from", left_out),
    ("operation", left_out),
    ("connections", in_short),
    ("biases", left_out),
    ("layer", narrowed(18)),
    ("to", left_out),
    ("nonzero", left_out),
    ("layer", narrowed(12)),
)


def dense_json(analysis: Analysis) -> Iterator[Line]:
    """The document, indented."""
    record: Record = {
        "net": analysis.graph.name,
        "layers": [_record(row) for row in dense_equivalents(analysis)],
    }
    return document("dense", record)


def _record(row: Dense) -> Record:
    return {
        "path": row.facts.path,
        "op": row.facts.node.word,
        "connections": size(row.connections),
        "nonzero": None if row.nonzero is None else size(row.nonzero),
        "weights": size(row.weights),
        "biases": size(row.biases),
        "saving": decimal(row.saving),
    }


# --- the matrix -------------------------------------------------------------------------------------------


def describe_matrix(facts: LayerFacts) -> Iterator[Line]:
    """The matrix of a convolution: letter by letter where it is small, else in shades."""
    matrix = matrix_of(facts.node)
    nonzero, places = len(matrix.entries), matrix.rows * matrix.columns
    share = float(Fraction(100 * nonzero, places))
    yield line((legible(facts.path), Style.HEADING), f"  {legible(operation(facts.node))}")
    different = len({entry[2] for entry in matrix.entries})
    yield line(f"a matrix of {exact(matrix.rows)} × {exact(matrix.columns)}")
    yield line(f"{exact(nonzero)} of {exact(places)} entries are not zero ({share:.3g} %)")
    yield line(f"they are {exact(different)} different weights")
    yield ()
    small = matrix.columns <= WIDEST and matrix.rows <= TALLEST
    yield from _letters(facts, matrix) if small else _shades(matrix)


def _letters(facts: LayerFacts, matrix: Matrix) -> Iterator[Line]:
    """A letter a weight where there are enough letters, else a block; or the numbers that the spec gives."""
    texts = _texts(facts, matrix)
    cells = [[NOTHING] * matrix.columns for _ in range(matrix.rows)]
    for row, column, weight in matrix.entries:
        cells[row][column] = texts[weight]
    width = max(map(len, texts))
    for row in cells:
        yield _coloured([f"{cell:>{width}}" for cell in row], " " if width > 1 else "")


def _texts(facts: LayerFacts, matrix: Matrix) -> list[str]:
    given = facts.node.given
    used = {entry[2] for entry in matrix.entries}
    count = max(used, default=0) + 1
    if given is not None and all(len(f"{value:g}") <= 4 for value in given):
        return [f"{value:g}" for value in given]
    return list(LETTERS[:count]) if count <= len(LETTERS) else [SHADES[-1]] * count


def _coloured(cells: list[str], gap: str) -> Line:
    """Neighbours of one style as one piece."""
    pieces: list[Piece] = []
    for cell in cells:
        style = Style.QUIET if cell.strip() == NOTHING else Style.STRONG
        text = (gap if pieces else "") + cell
        if pieces and pieces[-1].style is style:
            pieces[-1] = Piece(pieces[-1].text + text, style)
        else:
            pieces.append(Piece(text, style))
    return tuple(pieces)


def _shades(matrix: Matrix) -> Iterator[Line]:
    """Each cell stands for a block of entries; the fuller, the darker."""
    across = min(matrix.columns, WIDEST)
    # A cell is about twice as high as it is wide.
    down = min(matrix.rows, TALLEST, max(1, round(across * matrix.rows / matrix.columns / 2)))
    counts = [[0] * across for _ in range(down)]
    for row, column, _ in matrix.entries:
        counts[row * down // matrix.rows][column * across // matrix.columns] += 1
    most = max((count for row in counts for count in row), default=1)
    for row in counts:
        yield line("".join(SHADES[-(-count * (len(SHADES) - 1) // most)] for count in row))
