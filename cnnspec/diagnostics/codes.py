"""The table of diagnostic codes: one row a kind of mistake. Its page is `pages/<code>.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding: its name, severity (error, warning or info) and what it is, in one line."""

    name: str
    severity: str
    title: str


_ROWS = (
    # Files and text
    Code("file-unreadable", "error", "the file cannot be read"),
    Code("file-unwritable", "error", "the file cannot be written"),
    Code("not-text", "error", "the file is not UTF-8 text"),
    Code("limit", "error", "a limit was reached"),
    Code("use-outside", "error", "`use` names a file outside the project's folder"),
    Code("use-circular", "error", "files use each other in a circle"),
    # Syntax
    Code("syntax", "error", "the text is not in the language"),
    Code("indentation", "error", "the indentation does not match any open block"),
    Code("bad-character", "error", "a character that the language does not have"),
    Code("bad-number", "error", "a number that cannot be read"),
    # Names and definitions
    Code("unknown-name", "error", "nothing has this name here"),
    Code("unknown-layer", "error", "no layer or block has this name"),
    Code("unknown-attribute", "error", "the value has no such attribute"),
    Code("duplicate-name", "error", "the name is defined twice"),
    Code("unknown-net", "error", "the file has no such net"),
    Code("no-net", "error", "the file defines no net"),
    Code("no-input", "error", "the net has no input"),
    Code("no-output", "error", "the net produces nothing"),
    # Arguments and values
    Code("unknown-argument", "error", "the layer or block has no such parameter"),
    Code("missing-argument", "error", "a parameter without default was not given"),
    Code("too-many-arguments", "error", "more values than parameters"),
    Code("duplicate-argument", "error", "a parameter was given twice"),
    Code("bad-argument", "error", "the value does not fit the parameter"),
    Code("type-mismatch", "error", "the value is of another kind than needed here"),
    Code("not-whole", "error", "a size that is not a whole number"),
    Code("bad-arithmetic", "error", "the arithmetic has no result"),
    Code("symbolic-choice", "error", "a choice depends on a symbol that has no value"),
    Code("unbound-symbol", "error", "a symbol needs a value here"),
    Code("where-violated", "error", "the given size breaks a `where` clause"),
    # Shapes
    Code("shape-mismatch", "error", "the operands have different shapes"),
    Code("rank-mismatch", "error", "the layer does not take tensors of this rank"),
    Code("channel-mismatch", "error", "the channels do not fit"),
    Code("group-mismatch", "error", "the channels are not a multiple of the groups"),
    Code("window-too-large", "error", "the window is larger than the padded map"),
    Code("pad-too-large", "error", "the padding is as large as the window"),
    Code("output-padding", "error", "the output padding is not smaller than stride or dilation"),
    Code("size-mismatch", "error", "the sizes do not fit"),
    Code("empty-result", "error", "the layer would produce nothing"),
    Code("shared-weights", "error", "a shared layer would need other weights here"),
    Code("wrong-inputs", "error", "the layer takes another number of tensors"),
    # Contracts
    Code("expect-failed", "error", "an expectation does not hold"),
    Code("expect-unknown", "error", "an expectation asks for something unknown"),
    # Running
    Code("too-big", "error", "the run would not fit in memory"),
    Code("weights-mismatch", "error", "the weights do not belong to this net"),
    Code("bad-data", "error", "the data cannot be used"),
    Code("diverged", "error", "training ran away"),
    Code("cannot-run", "error", "the net cannot be run as it is"),
    # Usage
    Code("usage", "error", "the command was not understood"),
    Code("internal", "error", "a mistake in cnnspec itself"),
)

CODES: dict[str, Code] = {row.name: row for row in _ROWS}
