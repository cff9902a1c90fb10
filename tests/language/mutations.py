"""Known mistakes, made in specs that are right: each operator breaks one token and knows what is to be found.

An operator looks at a spec and yields mutants: the new text, the codes that are right for it, and where in
the new text the broken token stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cnnspec.diagnostics import Source, Span
from cnnspec.language import ast
from cnnspec.language.parse import parse
from cnnspec.layers import LAYERS


@dataclass(frozen=True)
class Mutant:
    """A broken spec, and the finding that is right: one of `codes`, touching `start` to `end`."""

    text: str
    codes: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True)
class Sample:
    """A spec that is right."""

    name: str
    text: str

    @cached_property
    def file(self) -> ast.File:
        """Its tree."""
        parsed = parse(Source(self.name, self.text))
        assert parsed.file is not None
        return parsed.file

    @cached_property
    def nodes(self) -> list[ast.Node]:
        """Every node, in the order of the text."""
        roots = [*self.file.definitions, *self.file.expects]
        return sorted((node for root in roots for node in ast.walk(root)), key=lambda node: node.span.start)

    def calls(self, *words: str) -> Iterator[ast.Call]:
        """The calls of layers by these words (of any layer without words)."""
        for node in self.nodes:
            if isinstance(node, ast.Call) and node.callee.span.text in (words or LAYERS):
                yield node

    def replaced(self, span: Span, new: str, *codes: str, at: str | None = None) -> Mutant:
        """The text with `new` in the place of a span; the broken token is `at` in it, or all of it."""
        text = self.text[: span.start] + new + self.text[span.end :]
        start = span.start + (0 if at is None else new.index(at))
        return Mutant(text, frozenset(codes), start, start + len(new if at is None else at))

    def inserted(self, offset: int, new: str, *codes: str, at: str | None = None) -> Mutant:
        """The text with something more at an offset."""
        return self.replaced(Span(self.file.source, offset, offset), new, *codes, at=at)

    def line_end(self, offset: int) -> int:
        """Where the code of a line ends."""
        span = Span(self.file.source, offset, offset)
        line = self.file.source.line_text(span.line)
        return offset - span.column + 1 + len(line.split("#")[0].rstrip())


Operator = Callable[[Sample], Iterator[Mutant]]


def _positional(call: ast.Call, place: int) -> ast.Expression | None:
    """The number that is given at a place of a call."""
    if len(call.arguments) <= place or any(argument.name for argument in call.arguments[: place + 1]):
        return None
    value = call.arguments[place].value
    return value if isinstance(value, ast.Number) else None


def _has(call: ast.Call, name: str, text: str = "") -> bool:
    return any(a.name == name and text in a.span.text for a in call.arguments)


def _end_of_arguments(call: ast.Call) -> int:
    return call.arguments[-1].span.end


# --- words and signs --------------------------------------------------------------------------------------


def misspelt_layer(sample: Sample) -> Iterator[Mutant]:
    """`cnov(64, 3)`."""
    for call in sample.calls():
        word = call.callee.span.text
        swapped = word[:-2] + word[-1] + word[-2]
        if swapped != word and swapped not in LAYERS:
            yield sample.replaced(call.callee.span, swapped, "unknown-layer")


def foreign_layer(sample: Sample) -> Iterator[Mutant]:
    """`Conv2d(64, 3)`."""
    for call in sample.calls("conv"):
        yield sample.replaced(call.callee.span, "Conv2d", "unknown-layer")


def unknown_block(sample: Sample) -> Iterator[Mutant]:
    """A block by another name than its own."""
    blocks = {definition.name for definition in sample.file.definitions if definition.kind == "block"}
    for node in sample.nodes:
        if isinstance(node, ast.Call) and node.callee.span.text in blocks:
            yield sample.inserted(node.callee.span.end, "_of_mine", "unknown-layer")


def misspelt_statement(sample: Sample) -> Iterator[Mutant]:
    """`imput image: …`."""
    for word, slip in (("input", "imput"), ("repeat", "repaet"), ("for", "fro"), ("output", "ouput")):
        for found in re.finditer(rf"^ +({word})\b(?= \w)", sample.text, re.MULTILINE):
            span = Span(sample.file.source, *found.span(1))
            yield sample.replaced(span, slip, "misspelt-word")


def missing_colon(sample: Sample) -> Iterator[Mutant]:
    """A head without its `:`."""
    for found in re.finditer(r"^ *(?:net|block|repeat|if|for)\b.*(:)$", sample.text, re.MULTILINE):
        start = found.start(1)
        mutant = sample.replaced(Span(sample.file.source, start, start + 1), "", "missing-colon")
        yield Mutant(mutant.text, mutant.codes, start, start)


def missing_arrow(sample: Sample) -> Iterator[Mutant]:
    """`conv(64, 3) relu`."""
    for node in sample.nodes:
        if isinstance(node, ast.Pipeline):
            for before, after in zip(node.stages, node.stages[1:], strict=False):
                gap = Span(sample.file.source, before.span.end, after.span.start)
                if gap.text == " -> " and isinstance(after.value, ast.Name | ast.Call):
                    text = sample.text[: gap.start] + " " + sample.text[gap.end :]
                    # A bracket behind a name is a call of it: only the word itself is sure to be told apart.
                    yield Mutant(
                        text, frozenset({"missing-arrow", "missing-comma"}), gap.start, gap.start + 3
                    )


def foreign_arrow(sample: Sample) -> Iterator[Mutant]:
    """`conv(64, 3) → relu`, `conv(64, 3) => relu`."""
    for found in re.finditer(r" (->) ", sample.text):
        span = Span(sample.file.source, *found.span(1))
        yield sample.replaced(span, "→", "bad-character")
        yield sample.replaced(span, "=>", "foreign-operator")


def dangling_arrow(sample: Sample) -> Iterator[Mutant]:
    """A line that ends with `->`."""
    for found in re.finditer(r"(->) [\w]+$", sample.text, re.MULTILINE):
        text = sample.text[: found.end(1)] + sample.text[found.end() :]
        yield Mutant(text, frozenset({"missing-value"}), found.start(1), found.end(1))


def missing_comma(sample: Sample) -> Iterator[Mutant]:
    """`conv(64 3)`."""
    for call in sample.calls():
        for before, after in zip(call.arguments, call.arguments[1:], strict=False):
            gap = Span(sample.file.source, before.span.end, after.span.start)
            first = re.match(r"\w+", after.span.text)
            if gap.text == ", " and first:
                text = sample.text[: gap.start] + " " + sample.text[gap.end :]
                start = gap.start + 1
                yield Mutant(text, frozenset({"missing-comma"}), start, start + len(first[0]))


def unclosed_bracket(sample: Sample) -> Iterator[Mutant]:
    """A call at the end of a line without its `)`."""
    for call in sample.calls():
        end = call.span.end
        if call.arguments and end == sample.line_end(call.span.start) and "\n" not in call.span.text:
            opening = call.callee.span.end
            text = sample.text[: end - 1] + sample.text[end:]
            yield Mutant(text, frozenset({"unclosed-bracket"}), opening, opening + 1)


def unmatched_bracket(sample: Sample) -> Iterator[Mutant]:
    """One `)` too many."""
    for node in sample.nodes:
        if isinstance(node, ast.Flow) and "\n" not in node.span.text:
            yield sample.inserted(node.span.end, ")", "unmatched-bracket")


def other_bracket(sample: Sample) -> Iterator[Mutant]:
    """`conv(64, 3]`."""
    for call in sample.calls():
        if call.arguments and "\n" not in call.span.text:
            last = Span(sample.file.source, call.span.end - 1, call.span.end)
            yield sample.replaced(last, "]", "unmatched-bracket")


def unclosed_docstring(sample: Sample) -> Iterator[Mutant]:
    """A docstring without its end."""
    for found in re.finditer(r'"""[^"]*(""")', sample.text):
        text = sample.text[: found.start(1)] + sample.text[found.end(1) :]
        if text.count('"""') == 1:
            yield Mutant(text, frozenset({"unclosed-text"}), found.start(), found.start() + 3)


def too_deep(sample: Sample) -> Iterator[Mutant]:
    """A line indented more than the one above it."""
    statements = [n for n in sample.nodes if isinstance(n, ast.Flow | ast.Output)]
    for node in statements:
        start = sample.file.source.line_starts[node.span.line - 1]
        above = sample.file.source.line_text(node.span.line - 1)
        indentation = node.span.column - 1
        is_alike = len(above) - len(above.lstrip()) == indentation and above.strip()
        if is_alike and not above.rstrip().endswith((":", ",", "(", "[")) and "\n" not in node.span.text:
            mutant = sample.inserted(start, "  ", "indentation")
            yield Mutant(mutant.text, mutant.codes, start, start + indentation + 2)


def single_equals(sample: Sample) -> Iterator[Mutant]:
    """`if s = 1`."""
    for found in re.finditer(r"(?:if|elif|expect) .*?(==)", sample.text):
        span = Span(sample.file.source, *found.span(1))
        yield sample.replaced(span, "=", "equals-sign")


# --- names and arguments ----------------------------------------------------------------------------------


def unknown_name(sample: Sample) -> Iterator[Mutant]:
    """A number replaced by a name that nobody bound."""
    for call in sample.calls():
        number = _positional(call, 0)
        if number:
            yield sample.replaced(number.span, "nobodys", "unknown-name")


def unknown_attribute(sample: Sample) -> Iterator[Mutant]:
    """`in.chanels`."""
    for node in sample.nodes:
        if isinstance(node, ast.Attribute) and node.name == "channels":
            yield sample.replaced(node.name_span, "chanels", "unknown-attribute")


def unknown_argument(sample: Sample) -> Iterator[Mutant]:
    """`conv(64, 3, kernel_sizes=3)`."""
    for call in sample.calls():
        if call.arguments:
            yield sample.inserted(_end_of_arguments(call), ", colour=3", "unknown-argument", at="colour")


def missing_argument(sample: Sample) -> Iterator[Mutant]:
    """`conv(64)`."""
    for call in sample.calls("conv", "conv_transpose"):
        if len(call.arguments) == 2 and not _has(call, "kernel"):
            first, last = call.arguments
            text = sample.text[: first.span.end] + sample.text[last.span.end :]
            callee = call.callee.span
            yield Mutant(text, frozenset({"missing-argument"}), callee.start, callee.end)


def too_many_arguments(sample: Sample) -> Iterator[Mutant]:
    """`relu(7)`."""
    for node in sample.nodes:
        if isinstance(node, ast.Name) and node.name in ("relu", "flatten", "tanh", "global_avgpool"):
            start = sample.text[: node.span.start].rpartition("\n")[2]
            if "=" not in start:
                yield sample.inserted(node.span.end, "(7)", "too-many-arguments", at="7")


def duplicate_argument(sample: Sample) -> Iterator[Mutant]:
    """`conv(64, 3, channels=3)`."""
    for call in sample.calls("conv", "conv_transpose"):
        yield sample.inserted(_end_of_arguments(call), ", channels=3", "duplicate-argument")


def text_for_number(sample: Sample) -> Iterator[Mutant]:
    """`conv("64", 3)`."""
    for call in sample.calls("conv", "linear", "maxpool", "avgpool", "dropout", "conv_transpose"):
        number = _positional(call, 0)
        if number:
            yield sample.replaced(number.span, '"many"', "bad-argument", "type-mismatch")


def no_channels(sample: Sample) -> Iterator[Mutant]:
    """`conv(0, 3)`."""
    for call in sample.calls("conv", "linear", "conv_transpose"):
        number = _positional(call, 0)
        if number:
            yield sample.replaced(number.span, "0", "bad-argument")


def half_a_channel(sample: Sample) -> Iterator[Mutant]:
    """`conv(64.5, 3)`."""
    for call in sample.calls("conv", "linear", "conv_transpose"):
        number = _positional(call, 0)
        if number:
            yield sample.replaced(number.span, "64.5", "not-whole")


def backward_stride(sample: Sample) -> Iterator[Mutant]:
    """`stride=-1`."""
    for call in sample.calls():
        for argument in call.arguments:
            if argument.name == "stride":
                yield sample.replaced(argument.value.span, "-1", "bad-argument")


def half_a_repetition(sample: Sample) -> Iterator[Mutant]:
    """`repeat 2.5:`."""
    for node in sample.nodes:
        if isinstance(node, ast.Repeat):
            yield sample.replaced(node.count.span, "2.5", "not-whole")


def defined_twice(sample: Sample) -> Iterator[Mutant]:
    """A second definition of the same name."""
    definition = sample.file.definitions[0]
    copy = f"\n\nblock {definition.name}():\n    relu\n"
    yield sample.inserted(len(sample.text), copy, "duplicate-name", at=definition.name)


# --- shapes -----------------------------------------------------------------------------------------------


def huge_window(sample: Sample) -> Iterator[Mutant]:
    """A kernel larger than the map."""
    for call in sample.calls("conv", "maxpool", "avgpool"):
        number = _positional(call, 1 if call.callee.span.text == "conv" else 0)
        # The last window of a pool with `ceil` may hang over by a stride, which is its kernel by default.
        if number and not _has(call, "pad") and "ceil" not in call.span.text:
            yield sample.replaced(number.span, "9001", "window-too-large")


def too_many_axes(sample: Sample) -> Iterator[Mutant]:
    """A kernel with more entries than there are axes."""
    for call in sample.calls("conv"):
        number = _positional(call, 1)
        if number:
            yield sample.replaced(number.span, "(1, 1, 1, 1)", "axis-count")


def uneven_groups(sample: Sample) -> Iterator[Mutant]:
    """Groups that divide nothing."""
    for call in sample.calls("conv", "conv_transpose"):
        if not _has(call, "groups"):
            yield sample.inserted(_end_of_arguments(call), ", groups=7919", "group-mismatch", at="7919")


def padding_for_a_window(sample: Sample) -> Iterator[Mutant]:
    """A pool padded by more than its window."""
    for call in sample.calls("maxpool", "avgpool"):
        if _positional(call, 0) and not _has(call, "pad"):
            yield sample.inserted(_end_of_arguments(call), ", pad=50", "pad-too-large", at="50")


def output_padding(sample: Sample) -> Iterator[Mutant]:
    """An output padding larger than the stride."""
    for call in sample.calls("conv_transpose"):
        if not _has(call, "output_pad"):
            yield sample.inserted(_end_of_arguments(call), ", output_pad=9", "output-padding", at="9")


def linear_on_a_map(sample: Sample) -> Iterator[Mutant]:
    """A linear layer behind a convolution."""
    for call in sample.calls("conv"):
        yield sample.inserted(call.span.end, " -> linear(7)", "not-flattened", at="linear")


def convolution_on_a_vector(sample: Sample) -> Iterator[Mutant]:
    """A convolution behind `flatten`."""
    for node in sample.nodes:
        if isinstance(node, ast.Name) and node.name == "flatten":
            yield sample.inserted(node.span.end, " -> conv(8, 3)", "rank-mismatch", at="conv")


def unlike_operands(sample: Sample) -> Iterator[Mutant]:
    """A sum of maps with other channels, or of other sizes."""
    for node in sample.nodes:
        if isinstance(node, ast.Binary) and node.span.text in ("it + skip", "it + in", "in + it"):
            right = node.right.span
            for change in ("conv(7, 1)", "pad(1)"):
                new = f"({right.text} -> {change})"
                mutant = sample.replaced(right, new, "shape-mismatch")
                yield Mutant(mutant.text, mutant.codes, node.span.start, mutant.end)


def unlike_parts(sample: Sample) -> Iterator[Mutant]:
    """A concatenation of maps of other sizes."""
    for call in sample.calls("concat"):
        last = call.arguments[-1].span
        if len(call.arguments) > 1 and call.arguments[-1].name is None:
            mutant = sample.replaced(last, f"({last.text} -> pad(1))", "shape-mismatch")
            yield Mutant(mutant.text, mutant.codes, call.arguments[0].span.start, mutant.end)


def no_input(sample: Sample) -> Iterator[Mutant]:
    """A net without its input: what flows first has nothing to flow from."""
    for definition in sample.file.definitions:
        if definition.kind == "net" and isinstance(definition.body[0], ast.Input):
            given, first = definition.body[:2]
            used_later = re.search(rf"\b({given.name}|in)\b", sample.text[given.span.end :])
            if len([n for n in definition.body if isinstance(n, ast.Input)]) == 1 and not used_later:
                text = sample.text[: given.span.start] + sample.text[first.span.start :]
                end = given.span.start + first.span.end - first.span.start
                yield Mutant(text, frozenset({"no-input"}), given.span.start, end)


# --- contracts --------------------------------------------------------------------------------------------


def wrong_number(sample: Sample) -> Iterator[Mutant]:
    """An expectation that is off by one."""
    for node in sample.nodes:
        if (
            isinstance(node, ast.Expect)
            and node.within is None
            and isinstance(node.condition, ast.Comparison)
        ):
            operator, right = node.condition.links[0]
            if operator == "==" and isinstance(right, ast.Number) and isinstance(right.value, int):
                condition = node.condition.span
                mutant = sample.replaced(right.span, str(right.value + 1), "expect-failed")
                yield Mutant(mutant.text, mutant.codes, condition.start, mutant.end)


def unknown_measure(sample: Sample) -> Iterator[Mutant]:
    """`expect parms == …`."""
    for found in re.finditer(r"expect (params|macs)\b(?= )", sample.text):
        span = Span(sample.file.source, *found.span(1))
        yield sample.replaced(span, span.text[0] + "u" + span.text[2:], "expect-unknown")


def unknown_unit(sample: Sample) -> Iterator[Mutant]:
    """`expect params == 61q`."""
    for node in sample.nodes:
        if isinstance(node, ast.Expect) and isinstance(node.condition, ast.Comparison):
            right = node.condition.links[0][1]
            if isinstance(right, ast.Number) and right.span.text.replace("_", "").isdecimal():
                yield sample.replaced(right.span, f"{right.span.text}q", "unknown-unit")


OPERATORS: tuple[Operator, ...] = (
    misspelt_layer, foreign_layer, unknown_block, misspelt_statement, missing_colon, missing_arrow,
    foreign_arrow, dangling_arrow, missing_comma, unclosed_bracket, unmatched_bracket, other_bracket,
    unclosed_docstring, too_deep, single_equals, unknown_name, unknown_attribute, unknown_argument,
    missing_argument, too_many_arguments, duplicate_argument, text_for_number, no_channels, half_a_channel,
    backward_stride, half_a_repetition, defined_twice, huge_window, too_many_axes, uneven_groups,
    padding_for_a_window, output_padding, linear_on_a_map, convolution_on_a_vector, unlike_operands,
    unlike_parts, no_input, wrong_number, unknown_measure, unknown_unit,
)  # fmt: skip
