"""Whatever the text: an answer, in time, with places that are in the text."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from language.test_parse_samples import BLOCKS, INCEPTION, LENET, RESNET

from cnnspec.diagnostics import Source, Span
from cnnspec.language import ast
from cnnspec.language.limits import MAX_SYNTAX_ERRORS
from cnnspec.language.parse import Parsed, parse

SAMPLES = (LENET, RESNET, INCEPTION, BLOCKS)
PIECES = (
    *"()[],:=?.-+%# \t\n\r\0\f\"'{};é→×\u00a0\ufeff",
    *("->", "==", "**", "..", '"""', "\r\n", "\n    ", "\n        ", "3x5", "1e5", "1%", "conv"),
    *("net", "block", "use", "std", "input", "where", "output", "training", "weight", "layer", "expect"),
    *("within", "repeat", "for", "in", "if", "elif", "else", "and", "or", "not", "as", "tensor", "x"),
)

texts = (
    st.text()
    | st.lists(st.sampled_from(PIECES)).map("".join)
    | st.lists(st.sampled_from(PIECES)).map(" ".join)
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A sample with a few pieces put in, left out or replaced."""
    text = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from([0, 0, 1, 1, 2, 10, 60]))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[start + length :]
    return text


def spans(parsed: Parsed) -> Iterator[Span]:
    """Every place that an answer names."""
    for found in parsed.diagnostics:
        assert found.span is not None
        yield found.span
        yield from (label.span for label in found.labels)
        yield from (edit.span for edit in (found.help.edits if found.help else ()))
    waiting: list[ast.Node] = list(parsed.file.definitions) if parsed.file else []
    while waiting:
        node = waiting.pop()
        yield node.span
        waiting += ast.children(node)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(texts | damaged())
def test_any_text_gets_an_answer(text: str) -> None:
    source = Source("test.cnn", text)
    start = time.process_time()
    parsed = parse(source)
    assert time.process_time() - start < 1
    assert parsed.file is not None or len(parsed.diagnostics) > MAX_SYNTAX_ERRORS
    for span in spans(parsed):
        assert span.source is source
        assert 0 <= span.start <= span.end <= len(text)
    starts = [comment.start for comment in parsed.comments]
    assert starts == sorted(set(starts))
    assert all(comment.text.startswith("#") for comment in parsed.comments)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_node_covers_its_own_text(sample: str) -> None:
    """Parents cover their children; names and numbers are what stands at their place."""
    source = Source("test.cnn", sample)
    file = parse(source).file
    assert file is not None
    waiting = [statement for definition in file.definitions for statement in definition.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name | ast.Target):
            assert node.span.text == node.name
        for child in ast.children(node):
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end
            waiting.append(child)


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_character_too_few_breaks_little(sample: str) -> None:
    """Nearly always there is one mistake then, or none.

    It is more where a bracket is lost that holds several lines: each of them is wrong then.
    """
    counts = [
        len(parse(Source("test.cnn", sample[:place] + sample[place + 1 :])).diagnostics)
        for place in range(len(sample))
    ]
    assert max(counts) <= 6
    assert sum(count > 1 for count in counts) <= 0.05 * len(counts)
