"""The formats for programs, the summary, and the order in which findings are said."""

import json
from pathlib import Path

import jsonschema
import pytest

from cnnspec.diagnostics import Diagnostic, Edit, Frame, Help, Label, Source, Span
from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.findings import Findings, summary
from cnnspec.diagnostics.formats import FORMATS, renderer
from cnnspec.diagnostics.styled import plain, plain_text

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/diagnostics.schema.json").read_text())
SARIF = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
"""As published: from the MIT-licensed SARIF SDK (npm, @microsoft/sarif-multitool-linux 5.7.0)."""
SCHEMAS = {"json": SCHEMA, "sarif": SARIF}
SOURCE = Source("specs/a.cnn", "net a:\n    rleu\n    tanhh\n")
OTHER = Source("specs/b.cnn", "net b:\n")


def at(text: str) -> Span:
    start = SOURCE.text.index(text)
    return Span(SOURCE, start, start + len(text))


RLEU = Diagnostic(
    "unknown-layer",
    "there is no layer `rleu`",
    at("rleu"),
    "here",
    labels=(Label(Span(OTHER, 0, 3), "a cause"),),
    notes=("why",),
    help=Help("did you mean `relu`?", (Edit(at("rleu"), "relu"),), safe=True),
    trace=(Frame("blk(1)", at("net")),),
)
TANHH = Diagnostic("unknown-layer", "there is no layer `tanhh`", at("tanhh"))
USAGE = Diagnostic("usage", "no such file")


def rendered(name: str, *diagnostics: Diagnostic, clean: int = 0) -> str:
    files = {"specs/a.cnn": diagnostics} | {f"clean{number}.cnn": () for number in range(clean)}
    return plain_text(renderer(name)(Findings(files), None))


def test_concise_is_one_line_a_finding() -> None:
    assert rendered("concise", RLEU, USAGE) == (
        "error[usage] no such file\nspecs/a.cnn:2:5: error[unknown-layer] there is no layer `rleu`\n"
    )


def test_concise_stays_one_line_whatever_the_message() -> None:
    assert rendered("concise", Diagnostic("syntax", "two\nlines\r\x1b[0m")).count("\n") == 1


def test_json_is_the_documented_record() -> None:
    document = json.loads(rendered("json", USAGE, RLEU, clean=1))
    jsonschema.validate(document, SCHEMA)
    assert document["diagnostics"][1] == {
        "code": "unknown-layer",
        "severity": "error",
        "message": "there is no layer `rleu`",
        "place": {"file": "specs/a.cnn", "line": 2, "column": 5, "end_line": 2, "end_column": 9},
        "label": "here",
        "causes": [
            {
                "place": {"file": "specs/b.cnn", "line": 1, "column": 1, "end_line": 1, "end_column": 4},
                "text": "a cause",
            }
        ],
        "notes": ["why"],
        "trace": [
            {
                "call": "blk(1)",
                "place": {"file": "specs/a.cnn", "line": 1, "column": 1, "end_line": 1, "end_column": 4},
            }
        ],
        "help": {
            "text": "did you mean `relu`?",
            "safe": True,
            "edits": [
                {
                    "place": {"file": "specs/a.cnn", "line": 2, "column": 5, "end_line": 2, "end_column": 9},
                    "replacement": "relu",
                }
            ],
        },
    }
    assert document["summary"] == {
        "files": 2,
        "files_with_findings": 1,
        "errors": 2,
        "warnings": 0,
        "infos": 0,
    }


def test_github_is_one_command_a_finding() -> None:
    assert rendered("github", RLEU, USAGE).splitlines() == [
        "::error title=error[usage]::no such file",
        "::error file=specs/a.cnn,line=2,endLine=2,col=5,endColumn=8,title=error[unknown-layer]::"
        "there is no layer `rleu`%0Anote: why%0Ain blk(1), used at specs/a.cnn:1:1%0A"
        "help: did you mean `relu`?",
    ]


def test_github_reads_back_what_was_said() -> None:
    """Percent signs, line ends, and in properties colons and commas, are escaped as the runner undoes it."""
    source = Source("a,b:c.cnn", "x")
    text = rendered("github", Diagnostic("syntax", "100% of\r\nit\x1b", Span(source, 0, 1)))
    assert text == (
        "::error file=a%2Cb%3Ac.cnn,line=1,endLine=1,col=1,endColumn=1,title=error[syntax]::100%25 of%0Ait␛\n"
    )


def test_github_leaves_columns_out_over_several_lines() -> None:
    found = Diagnostic("syntax", "odd", Span(SOURCE, 0, SOURCE.text.index("tanhh")))
    assert rendered("github", found).startswith("::error file=specs/a.cnn,line=1,endLine=3,title=")


def test_sarif_is_as_published() -> None:
    document = json.loads(rendered("sarif", RLEU, TANHH, USAGE, clean=1))
    jsonschema.validate(document, SARIF)
    (run,) = document["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["usage", "unknown-layer"]
    usage, rleu, tanhh = run["results"]
    assert "locations" not in usage
    assert [result["ruleIndex"] for result in (usage, rleu, tanhh)] == [0, 1, 1]
    assert rleu["message"]["text"] == "there is no layer `rleu`\nwhy\ndid you mean `relu`?"
    assert rleu["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "specs/a.cnn"},
        "region": {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 9},
    }
    causes = [place["message"]["text"] for place in rleu["relatedLocations"]]
    assert causes == ["a cause", "in blk(1), used here"]
    (change,) = rleu["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"]["text"] == "relu"


def test_sarif_takes_any_file_name() -> None:
    odd = Source("my nets\\50%/ö#.cnn", "x")
    document = json.loads(rendered("sarif", Diagnostic("syntax", "odd", Span(odd, 0, 1))))
    jsonschema.validate(document, SARIF, format_checker=jsonschema.FormatChecker())
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20nets/50%25/%C3%B6%23.cnn"


def test_sarif_explains_every_rule() -> None:
    document = json.loads(rendered("sarif", *(Diagnostic(code, "odd") for code in CODES)))
    jsonschema.validate(document, SARIF)
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["help"]["markdown"].partition(":")[0] for rule in rules] == [f"# {code}" for code in CODES]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_say_that_nothing_was_found(name: str) -> None:
    text = rendered(name)
    if name in SCHEMAS:
        jsonschema.validate(json.loads(text), SCHEMAS[name])
    else:
        assert text in {"", "1 file clean\n"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, ""),
        ({"a": ()}, "1 file clean"),
        ({"a": (RLEU,)}, "1 error in 1 file"),
        ({"a": (RLEU, TANHH), "b": (), "c": ()}, "2 errors in 1 file · 2 files clean"),
        ({"a": (RLEU,), "b": (TANHH,)}, "2 errors in 2 files"),
        ({"a": (RLEU,), "b": (RLEU,)}, "1 error in 2 files"),
    ],
)
def test_the_summary_counts_findings_once_and_every_file_they_spoil(
    found: dict[str, tuple[Diagnostic, ...]], said: str
) -> None:
    assert plain(summary(Findings(found))) == said


def test_findings_come_in_the_order_of_the_files_and_are_said_once() -> None:
    elsewhere = Diagnostic("syntax", "odd", Span(OTHER, 0, 1))
    again = Diagnostic("syntax", "odd", Span(Source("specs/b.cnn", OTHER.text), 0, 1))
    findings = Findings({"specs/b.cnn": (elsewhere,), "specs/a.cnn": (TANHH, again, RLEU, TANHH, USAGE)})
    assert findings.diagnostics == (elsewhere, USAGE, RLEU, TANHH)
