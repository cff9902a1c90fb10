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
        Code("not-a-spec", "error", "the text does not look like a spec"),
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
        Code("nothing-sought", "error", "the net has no `?` to solve for"),
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
        Code("cannot-write", "error", "the values cannot be written into this file"),
        Code("cannot-run", "error", "the net cannot be run as it is"),
    ),
    "Lint: layers in a row": (
        Code("bias-before-norm", "warning", "a bias that the normalisation behind it cancels"),
        Code("dropout-before-norm", "warning", "dropout before a batch normalisation"),
        Code("norm-after-activation", "info", "a normalisation behind the activation"),
        Code("double-activation", "warning", "an activation of an activation"),
        Code("softmax-twice", "warning", "a softmax of a softmax"),
        Code("softmax-inside", "warning", "a softmax whose probabilities are taken for features"),
        Code("softmax-output", "info", "a softmax at the output of a net that is trained"),
    ),
    "Lint: windows and padding": (
        Code("skipped-pixels", "warning", "a stride that is greater than the kernel: pixels are never read"),
        Code("dropped-pixels", "warning", "rows or columns at the end of a map are never read"),
        Code("small-map", "warning", "a window that is larger than the map"),
        Code("even-kernel", "warning", "an even kernel with `same`"),
        Code("padding-beyond-kernel", "warning", "windows that see nothing but padding"),
        Code("pool-padding", "warning", "a pool that pads by more than half of its kernel"),
        Code("padding-twice", "warning", "a map that is padded twice"),
    ),
    "Lint: the net as a whole": (
        Code("unproductive-layers", "info", "layers whose input sees the whole image already"),
        Code("misaligned-merge", "info", "branches that look at different places meet"),
        Code("large-head", "info", "a linear layer that holds most of the parameters"),
        Code("activation-budget", "warning", "an activation that is larger than allowed"),
        Code("accidental-broadcast", "warning", "an axis that is 1 by chance is repeated"),
    ),
    "Lint: what is not used": (
        Code("dead-branch", "warning", "a layer that no output needs"),
        Code("unused-parameter", "warning", "a parameter that is never used"),
        Code("unused-name", "warning", "a name that is bound and never used"),
        Code("unused-layer", "warning", "a shared layer that is never applied"),
        Code("unused-constant", "warning", "a constant that is never used"),
        Code("unused-use", "warning", "a `use` that brings in nothing that is used"),
        Code("unused-block", "warning", "a block that no net uses"),
    ),
    "Lint: other frameworks, and advice of old": (
        Code("framework-same", "info", "`same` with a stride differs between frameworks"),
        Code("framework-ceil", "info", "`ceil` is not in every framework"),
        Code("framework-count-pad", "info", "whether padding counts in a mean differs between frameworks"),
        Code("folklore-avgpool", "info", "an average pool where a maximum was once advised"),
        Code("folklore-fewer-channels", "info", "channels that do not grow"),
    ),
    "Lint: its comments and configuration": (
        Code("suppression-malformed", "warning", "a comment for cnnspec that cannot be read"),
        Code("suppression-unknown", "warning", "a comment ignores what does not exist or cannot be ignored"),
        Code("suppression-unused", "warning", "a comment ignores what is not found"),
        Code("bad-config", "error", "the configuration in pyproject.toml is wrong"),
    ),
    "The command line": (
        Code("usage", "error", "the command was not understood"),
        Code("internal", "error", "a mistake in cnnspec itself"),
    ),
}
"""The codes by the families in which `cnnspec rule` lists them."""

CODES: dict[str, Code] = {code.name: code for family in FAMILIES.values() for code in family}
