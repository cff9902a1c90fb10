"""The table of diagnostic codes: one row a kind of mistake. Its page is `pages/<code>.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding: its name, severity (error, warning or info) and what it is, in one line."""

    name: str
    severity: str
    title: str


FAMILIES: dict[str, tuple[Code, ...]] = {
    "Files and text": (
        Code("file-unreadable", "error", "the file cannot be read"),
        Code("file-unwritable", "error", "the file cannot be written"),
        Code("not-text", "error", "the file is not UTF-8 text"),
        Code("limit", "error", "a limit was reached"),
        Code("use-outside", "error", "`use` names a file outside the project's folder"),
        Code("use-circular", "error", "files use each other in a circle"),
    ),
    "Syntax": (
        Code("syntax", "error", "the text is not in the language"),
        Code("indentation", "error", "the indentation does not match any open block"),
        Code("missing-body", "error", "nothing is indented below a line that begins a body"),
        Code("missing-colon", "error", "a `:` is missing"),
        Code("missing-comma", "error", "a `,` is missing between two values"),
        Code("missing-arrow", "error", "a `->` is missing between two layers"),
        Code("missing-brackets", "error", "arguments without brackets"),
        Code("missing-value", "error", "a value or a layer is missing"),
        Code("unclosed-bracket", "error", "a bracket is never closed"),
        Code("unmatched-bracket", "error", "a bracket closes nothing, or another kind of bracket"),
        Code("unclosed-text", "error", "a text in quotes is never closed"),
        Code("equals-sign", "error", "a `=` where it names nothing, or a missing one"),
        Code("foreign-word", "error", "a word of another language"),
        Code("foreign-operator", "error", "a sign of another language"),
        Code("misspelt-word", "error", "a misspelt word at the beginning of a statement"),
        Code("misplaced-statement", "error", "a statement in the wrong place"),
        Code("bad-name", "error", "something that cannot be a name"),
        Code("bad-character", "error", "a character that the language does not have"),
        Code("bad-number", "error", "a number that cannot be read"),
        Code("unknown-unit", "error", "a unit that numbers do not have"),
    ),
    "Names and definitions": (
        Code("unknown-name", "error", "nothing has this name here"),
        Code("unknown-layer", "error", "no layer or block has this name"),
        Code("unknown-attribute", "error", "the value has no such attribute"),
        Code("duplicate-name", "error", "the name is defined twice"),
        Code("unknown-net", "error", "the file has no such net"),
        Code("no-net", "error", "the file defines no net"),
        Code("no-input", "error", "the net has no input"),
        Code("no-output", "error", "the net produces nothing"),
        Code("input-in-block", "error", "a block with an `input` of its own"),
    ),
    "Arguments": (
        Code("unknown-argument", "error", "the layer or block has no such parameter"),
        Code("missing-argument", "error", "a parameter without default was not given"),
        Code("too-many-arguments", "error", "more values than parameters"),
        Code("duplicate-argument", "error", "a parameter was given twice"),
        Code("bad-argument", "error", "the value does not fit the parameter"),
        Code("functional-call", "error", "a tensor given to a layer as an argument"),
        Code("given-weights", "error", "the given weights do not fit the layer"),
    ),
    "Values": (
        Code("type-mismatch", "error", "the value is of another kind than needed here"),
        Code("not-a-tensor", "error", "something else where a tensor is needed"),
        Code("several-tensors", "error", "several tensors where one is needed"),
        Code("tensor-in-pipeline", "error", "a tensor in the middle of a pipeline"),
        Code("tensor-arithmetic", "error", "arithmetic that tensors do not have"),
        Code("not-callable", "error", "brackets behind something that takes no arguments"),
        Code("not-a-condition", "error", "a condition that is neither true nor false"),
        Code("not-comparable", "error", "two things that cannot be compared"),
        Code("not-a-list", "error", "something else where a list is needed"),
        Code("out-of-range", "error", "a position that the list does not have"),
        Code("unpack-count", "error", "more or fewer names than values"),
        Code("not-whole", "error", "a size that is not a whole number"),
        Code("bad-size", "error", "an input with an impossible size"),
        Code("bad-arithmetic", "error", "the arithmetic has no result"),
        Code("symbolic-choice", "error", "a choice depends on a symbol that has no value"),
        Code("unbound-symbol", "error", "a symbol needs a value here"),
        Code("where-violated", "error", "the given size breaks a `where` clause"),
    ),
    "Shapes": (
        Code("shape-mismatch", "error", "the operands have different shapes"),
        Code("rank-mismatch", "error", "the layer does not take tensors of this rank"),
        Code("not-flattened", "error", "a fully connected layer on a map"),
        Code("axis-count", "error", "as many entries as axes are needed, or one for all"),
        Code("unknown-axis", "error", "the tensor has no such axis"),
        Code("channel-mismatch", "error", "the channels do not fit"),
        Code("group-mismatch", "error", "the channels are not a multiple of the groups"),
        Code("window-too-large", "error", "the window is larger than the padded map"),
        Code("pad-too-large", "error", "the padding is as large as the window"),
        Code("mirror-too-wide", "error", "more mirrored pixels than the map has"),
        Code("output-padding", "error", "the output padding is not smaller than stride or dilation"),
        Code("size-mismatch", "error", "the sizes do not fit"),
        Code("uneven-split", "error", "the parts do not make up the whole"),
        Code("empty-result", "error", "the layer would produce nothing"),
        Code("shared-weights", "error", "a shared layer would need other weights here"),
        Code("wrong-inputs", "error", "the layer takes another number of tensors"),
    ),
    "Expectations": (
        Code("expect-failed", "error", "an expectation does not hold"),
        Code("expect-unknown", "error", "an expectation asks for something unknown"),
    ),
    "Running": (
        Code("too-big", "error", "the run would not fit in memory"),
        Code("weights-mismatch", "error", "the weights do not belong to this net"),
        Code("bad-data", "error", "the data cannot be used"),
        Code("diverged", "error", "training ran away"),
        Code("cannot-run", "error", "the net cannot be run as it is"),
    ),
    "The command line": (
        Code("usage", "error", "the command was not understood"),
        Code("internal", "error", "a mistake in cnnspec itself"),
    ),
}
"""The codes by the families in which `cnnspec rule` lists them."""

CODES: dict[str, Code] = {code.name: code for family in FAMILIES.values() for code in family}
