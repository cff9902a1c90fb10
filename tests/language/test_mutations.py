"""Break valid specs in known places: the right code, on the broken token, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from language.mutations import OPERATORS, Mutant, Operator, Sample

from cnnspec import pipeline
from cnnspec.diagnostics import Diagnostic, Source
from cnnspec.language.spec import load_source

SPECS = Path(__file__).parents[2] / "specs"
LEAST_SHARE = 0.99
LEAST_MUTANTS = 500
MUTANTS_OF_EACH = 1
"""Of one spec by one operator."""

SAMPLES = (
    """\
block up(c, skip: tensor):
    conv_transpose(c, 2, stride=2)
    concat(skip, it) -> conv(c, 3, pad=1) -> relu

net hourglass(classes = 4):
    input image: [1, H = 32, W = 32] where H % 4 == 0, W % 4 == 0

    conv(8, 3, pad=1) -> relu as fine
    maxpool(2) -> conv(16, 3, pad=1) -> relu
    up(8, fine)
    output conv(classes, 1)

    expect params == 2_964
""",
    """\
block residual(c):
    conv(c, 3, pad=1, bias=false) -> bn -> relu -> conv(c, 3, pad=1, bias=false) -> bn
    it + in -> relu

net sound:
    \"\"\"A one-dimensional net.\"\"\"
    input wave: [1, 4096]
    conv(16, 9, stride=4) -> relu
    repeat 2:
        residual(16)
        avgpool(2)
    global_avgpool -> flatten -> dropout(0.5)
    output linear(10)
""",
    """\
net grouped:
    input clip: [8, 8, 32, 32]
    left, right = split(2)
    (left -> conv(8, 3)) + (right -> conv(8, 3)) -> relu
    conv(16, 3, groups=4) -> tanh -> maxpool(2)
    conv_transpose(8, 2, stride=2)
    if it.channels == 8:
        conv(8, 1) -> relu
    flatten
    linear(32) -> tanh
    output linear(2)
    expect depth == 6
""",
)


def samples() -> Iterator[Sample]:
    """The zoo and a few more, all of them without mistakes."""
    for path in sorted(SPECS.glob("*.cnn")):
        yield Sample(path.name, path.read_text(encoding="utf-8"))
    for number, text in enumerate(SAMPLES):
        yield Sample(f"sample{number}.cnn", text)


def findings(name: str, text: str) -> list[Diagnostic]:
    """What is found in a text that stands among the specs."""
    loaded = load_source(Source(name, text), SPECS)
    found = [*loaded.diagnostics, *(pipeline.check(loaded.spec) if loaded.spec else ())]
    return list({(d.code, d.span and (d.span.source.name, d.span.start)): d for d in found}.values())


def is_right(mutant: Mutant, name: str, found: list[Diagnostic]) -> bool:
    """Whether there is one finding, of a right code, on the broken token."""
    if len(found) != 1 or found[0].span is None:
        return False
    (diagnostic,) = found
    start, end = diagnostic.span.start, diagnostic.span.end
    # What is missing has a place between two tokens: there it is enough to touch.
    is_between = start == end or mutant.start == mutant.end
    overlap = min(end, mutant.end) - max(start, mutant.start)
    is_there = overlap >= 0 if is_between else overlap > 0
    return diagnostic.code in mutant.codes and diagnostic.span.source.name == name and is_there


def chosen(operator: Operator, sample: Sample) -> list[Mutant]:
    """A few of the mutants, always the same ones."""
    mutants = list(operator(sample))
    draw = random.Random(f"{operator.__name__} {sample.name}")  # noqa: S311 - a choice, not a secret
    return draw.sample(mutants, min(MUTANTS_OF_EACH, len(mutants)))


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_the_samples_are_right(number: int) -> None:
    assert findings("sample.cnn", SAMPLES[number]) == []


def test_mistakes_are_named_and_placed(record_property: pytest.RecordProperty) -> None:
    """One finding a mutant, with the right code and place, in at least 99 of 100."""
    missed: list[str] = []
    made = Counter[str]()
    for sample in samples():
        for operator in OPERATORS:
            for mutant in chosen(operator, sample):
                made[operator.__name__] += 1
                found = findings(sample.name, mutant.text)
                if not is_right(mutant, sample.name, found):
                    token = mutant.text[mutant.start : mutant.end]
                    said = "; ".join(f"{d.code} at {d.span}: {d.message}" for d in found) or "nothing"
                    line = mutant.text.count("\n", 0, mutant.start) + 1
                    missed.append(f"{operator.__name__} in {sample.name}:{line} ({token!r}): {said}")
    share = 1 - len(missed) / made.total()
    print(f"\n{made.total()} mutants by {len(made)} operators: {100 * share:.2f} % named and placed right")
    record_property("share", share)
    assert made.total() >= LEAST_MUTANTS
    assert len(made) == len(OPERATORS), {o.__name__ for o in OPERATORS} - made.keys()
    assert share >= LEAST_SHARE, "\n".join(missed)
