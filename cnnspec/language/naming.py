"""Paths: the stable, readable names of layers.

A label names its layer. A label that can occur more than once in a body, in a loop or on several lines, gets
an index from 0: `stage2.0`, `stage2.1`. Whether it can is read off the body, so that the first occurrence
already has its index, and a loop that goes round once names its layer like one that goes round twice.
Layers without a label are `<word><k>`, counted from 1 for each word in their body. A block opens a scope:
`stage2.1.conv3`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cnnspec.language import ast

Labels = Mapping[str, bool]
"""The labels of a body, each with whether it can occur more than once."""


ROOT = ""
"""The label of what stands at the top of a named expression: it has the name itself."""


@dataclass(slots=True)
class Namer:
    """Gives out the paths of one body. `owner` is the prefix of the paths that own the weights.

    The two prefixes differ where a shared layer is applied again. `root` is the pair of paths of what is
    labelled `ROOT`.
    """

    prefix: str
    owner: str
    labels: Labels
    root: tuple[str, str] = (ROOT, ROOT)
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    repeats: dict[str, int] = field(default_factory=dict[str, int])
    taken: set[str] = field(default_factory=set[str])

    def path(self, word: str, label: str | None) -> tuple[str, str]:
        """The path of a layer written as `word`, and the path of the layer that owns its weights."""
        if label == ROOT:
            return self.root
        name = self._unlabelled(word) if label is None else self._labelled(label)
        self.taken.add(name)
        return self.prefix + name, self.owner + name

    def _unlabelled(self, word: str) -> str:
        number = self.numbers.get(word, 0) + 1
        while (name := f"{word}{number}") in self.labels or name in self.taken:
            number += 1
        self.numbers[word] = number
        return name

    def _labelled(self, label: str) -> str:
        index = self.repeats.get(label, 0)
        repeated = self.labels.get(label, False)
        while (name := f"{label}.{index}" if repeated or index else label) in self.taken:
            index += 1
        self.repeats[label] = index + 1
        return name


def inside(paths: tuple[str, str], labels: Labels) -> Namer:
    """The names inside what has these paths: a block, a labelled group, a shared layer."""
    path, owner = paths
    return Namer(f"{path}.", f"{owner}.", labels, paths)


def labels_of(body: tuple[ast.Statement, ...]) -> Labels:
    """The labels of a body, the names of its inputs and of its shared layers."""
    return {label: times > 1 for label, times in _occurrences(body).items()}


def _occurrences(body: tuple[ast.Statement, ...]) -> dict[str, int]:
    total: dict[str, int] = {}
    for statement in body:
        for label, times in _in_statement(statement).items():
            total[label] = total.get(label, 0) + times
    return total


def _in_statement(statement: ast.Statement) -> dict[str, int]:
    match statement:
        case ast.Repeat() | ast.For():
            return dict.fromkeys(_occurrences(statement.body), 2)
        case ast.If():
            found: dict[str, int] = {}
            for body in (*(body for _, body in statement.branches), statement.otherwise):
                for label, times in _occurrences(body).items():
                    found[label] = max(found.get(label, 0), times)
            return found
        case ast.Input():
            return {statement.name: 1}
        case ast.LayerDefinition():
            return _counted([statement.name, *_stage_labels(statement.value)])
        case ast.Assign() | ast.Flow() | ast.Output():
            return _counted(_stage_labels(statement.value))
        case ast.Expect():
            return {}


def _counted(labels: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return counts


def _stage_labels(expression: ast.Expression) -> Iterator[str]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Stage) and node.label is not None:
            yield node.label
