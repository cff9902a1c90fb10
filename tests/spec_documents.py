"""Specs in Markdown that say in comments what is true of them, and the check that it is.

Every fenced `cnn` block is a spec of its own. Statements alone stand for the body of a net with the input
`[3, 32, 32]`. A block that begins with `# name.cnn` is saved under that name for the `use` lines of others.
Markers in comments:

    #> [64, 56, 56]          what the line makes has this shape (several: as many tensors)
    #> 24                    the name bound on the line has this value
    #@ stem, stage.0.conv1   the line makes layers with these paths, in this order
    #! CODE                  this finding, and no other, begins on this line
    #! CODE at TOKEN: TEXT   … with its span on TOKEN, and TEXT in what is said
    #: H=64 symbolic net=x   on a line of its own: how the spec is elaborated

A line that is carried out several times is what it was the last time (`#@`: all times).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from cnnspec.analysis import analyse
from cnnspec.analysis.contracts import check_contracts
from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.graph import Graph, Node
from cnnspec.graph.invariants import verify_graph
from cnnspec.language.elaborate import elaborate
from cnnspec.language.spec import load_spec
from cnnspec.language.unreached import check_definitions
from cnnspec.layers.spatial import shape_text

FENCE = re.compile(r"^```cnn\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (\S+\.cnn)\n")
DEFINITION = re.compile(r"^(net|block)\b", re.MULTILINE)
MARKER = re.compile(r"#([>@!:]) *(.*?) *(?=#[>@!]|$)")
FINDING = re.compile(r"(?P<code>[a-z-]+)(?: at (?P<token>.*?))?(?:: (?P<text>.*))?$")
BOUND_NAME = re.compile(r"\s*(?:\w+, )*(\w+) =(?!=)")
HEADER = ("net example:", "    input image: [3, 32, 32]")


@dataclass(frozen=True)
class Claim:
    """A marker: its sign, what it says, and the line of the spec it stands on."""

    sign: str
    says: str
    line: int


@dataclass
class Example:
    """A fenced block: where it stands, its spec as a file, and its claims."""

    page: Path
    line: int
    text: str
    name: str | None = None
    claims: list[Claim] = field(default_factory=list)
    net: str | None = None
    bindings: dict[str, int | Fraction] = field(default_factory=dict)
    symbolic: bool = False

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples(page: Path) -> list[Example]:
    """The fenced specs of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        _example(page, text.count("\n", 0, found.start()) + 1, found[1]) for found in FENCE.finditer(text)
    ]


def _example(page: Path, line: int, fenced: str) -> Example:
    name = FILE_NAME.match(fenced)
    lines = fenced.splitlines()
    if not DEFINITION.search(fenced) and name is None:
        uses = [text for text in lines if text.startswith("use ")]
        head = HEADER[:1] if re.search(r"^input ", fenced, re.MULTILINE) else HEADER
        lines = [*uses, *head, *(f"    {text}" if text else "" for text in lines if text not in uses)]
    example = Example(page, line, "\n".join(lines) + "\n", name[1] if name else None)
    for number, text in enumerate(lines, 1):
        for marker in MARKER.finditer(text):
            if marker[1] == ":":
                _configure(example, marker[2])
            else:
                example.claims.append(Claim(marker[1], marker[2], number))
    return example


def _configure(example: Example, options: str) -> None:
    for option in options.split():
        key, _, value = option.partition("=")
        if option == "symbolic":
            example.symbolic = True
        elif key == "net":
            example.net = value
        else:
            number = Fraction(value)
            example.bindings[key] = int(number) if number.denominator == 1 else number


def check(example: Example, folder: Path) -> None:
    """Hold an example against its claims, with the files that were saved before in `folder`."""
    path = folder / (example.name or "example.cnn")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.text, encoding="utf-8")
    diagnostics, graphs = _run(example, path)
    check_findings(example, diagnostics, str(path))
    for claim in example.claims:
        if claim.sign == "@":
            _check_paths(claim, graphs, str(path))
        elif claim.sign == ">" and claim.says.startswith("["):
            _check_shapes(claim, graphs, str(path))
    if not diagnostics:
        _check_values(example, path)


def _run(example: Example, path: Path) -> tuple[list[Diagnostic], list[Graph]]:
    loaded = load_spec(path)
    diagnostics, graphs = list(loaded.diagnostics), list[Graph]()
    if loaded.spec is None:
        return diagnostics, graphs
    for net in [example.net] if example.net else loaded.spec.nets:
        made = elaborate(loaded.spec, net, example.bindings, symbolic=example.symbolic)
        diagnostics += made.diagnostics
        if made.graph:
            verify_graph(made.graph)
            graphs.append(made.graph)
            diagnostics += check_contracts(loaded.spec, analyse(made.graph))
    said = {(d.code, d.span) for d in diagnostics}
    diagnostics += [d for d in check_definitions(loaded.spec) if (d.code, d.span) not in said]
    return list(dict.fromkeys(diagnostics)), graphs


def check_findings(example: Example, diagnostics: list[Diagnostic], file: str) -> None:
    """Every finding is announced, and every announced one found; those in used files on any line."""
    waiting = [claim for claim in example.claims if claim.sign == "!"]
    for diagnostic in diagnostics:
        claim = next((claim for claim in waiting if _announces(claim, diagnostic, file)), None)
        place = f"{diagnostic.span}: " if diagnostic.span else ""
        token = f" at {diagnostic.span.text!r}" if diagnostic.span else ""
        assert claim, f"not announced: {place}{diagnostic.code}{token}: {diagnostic.message}"
        waiting.remove(claim)
    assert not waiting, f"not found: {waiting}"


def _announces(claim: Claim, diagnostic: Diagnostic, file: str) -> bool:
    expected = FINDING.fullmatch(claim.says)
    assert expected, f"what is {claim.says!r}?"
    span = diagnostic.span
    said = [
        diagnostic.message,
        diagnostic.label,
        *diagnostic.notes,
        *(label.text for label in diagnostic.labels),
    ]
    said += [diagnostic.help.text] if diagnostic.help else []
    return (
        diagnostic.code == expected["code"]
        and (span is None or span.line == claim.line or span.source.name != file)
        and (not expected["token"] or (span is not None and span.text == expected["token"]))
        and (not expected["text"] or any(expected["text"] in part for part in said))
    )


def _made_on(line: int, graphs: list[Graph], file: str) -> Iterator[Node]:
    """The layers that a line of the spec makes, also through blocks."""
    for graph in graphs:
        for node in graph:
            spans = [node.origin.span, *(frame.span for frame in node.origin.trace)]
            if any(span and span.source.name == file and _covers(span, line) for span in spans):
                yield node


def _covers(span: Span, line: int) -> bool:
    return span.line <= line <= span.source.position(span.end)[0]


def _check_shapes(claim: Claim, graphs: list[Graph], file: str) -> None:
    made = list(_made_on(claim.line, graphs, file))
    assert made, f"line {claim.line} makes nothing"
    shapes = ", ".join(map(shape_text, made[-1].output_shapes))
    assert shapes == claim.says, f"line {claim.line} makes {shapes}, not {claim.says}"


def _check_paths(claim: Claim, graphs: list[Graph], file: str) -> None:
    paths = ", ".join(node.path for node in _made_on(claim.line, graphs, file))
    assert paths == claim.says, f"line {claim.line} makes {paths}, not {claim.says}"


def _check_values(example: Example, path: Path) -> None:
    """Say every claimed value as an expectation on the next line, and check those."""
    lines = example.text.splitlines()
    for claim in sorted(example.claims, key=lambda claim: -claim.line):
        if claim.sign == ">" and not claim.says.startswith("["):
            text = lines[claim.line - 1]
            name = BOUND_NAME.match(text)
            assert name, f"no name is bound by {text!r}"
            indent = text[: len(text) - len(text.lstrip())]
            lines.insert(claim.line, f"{indent}expect {name[1]} == {claim.says}")
    if len(lines) > len(example.text.splitlines()):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        diagnostics, _ = _run(example, path)
        assert not diagnostics, "; ".join(f"{d.span}: {d.message}" for d in diagnostics)
