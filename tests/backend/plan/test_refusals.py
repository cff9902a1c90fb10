"""What cannot be run is refused before anything is allocated, at the layer that is to blame."""

from __future__ import annotations

import pytest
from backend.nets import LENET, TINY, graph

import cnnspec
from cnnspec.backend.plan import make_plan
from cnnspec.diagnostics import Diagnostic, DiagnosticError
from cnnspec.graph import Graph

HUGE = """
net huge(n = 10):
    input image: [3, H = 224, W = 224]
    conv(64, 3, pad=1) -> relu
    flatten
    linear(n) as head
    output linear(10)
"""


def refusal(net: Graph, **options: int | str | bool) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        make_plan(net, **{"batch": 1, **options})  # type: ignore[arg-type]
    return caught.value.diagnostics[0]


def test_sizes_beyond_memory_name_the_bytes_and_the_layer() -> None:
    found = refusal(graph(HUGE, n=1_000_000))
    assert found.code == "too-big"
    assert found.message.startswith("huge with a batch of 1 needs 11.7 TiB, ")
    assert found.label == "head alone takes 11.7 TiB"
    assert found.span is not None
    assert found.span.text.startswith("linear")
    assert [note.split(", ")[0] for note in found.notes] == ["weights 11.7 TiB"]


def test_a_smaller_batch_is_suggested_where_one_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = make_plan(graph(LENET), batch=64).memory
    room = needed.weights + needed.arena // 2 + 1
    monkeypatch.setattr("cnnspec.backend.plan.build.available_memory", lambda: room)
    found = refusal(graph(LENET), batch=64)
    assert found.help is not None
    assert found.help.text == "a batch of 32 fits"
    make_plan(graph(LENET), batch=32)


def test_nothing_is_too_big_where_the_system_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.backend.plan.build.available_memory", lambda: None)
    assert make_plan(graph(HUGE, n=1_000_000), batch=1).memory.weights > 10**13


def test_free_symbols_are_named_with_their_defaults() -> None:
    net = cnnspec.loads(HUGE).net().symbolic().graph
    with pytest.raises(DiagnosticError) as caught:
        make_plan(net, batch=1)
    assert [found.code for found in caught.value.diagnostics] == ["unbound-symbol"] * 2
    assert [found.help.text for found in caught.value.diagnostics if found.help] == [
        "give it one: `-s H=224`",
        "give it one: `-s W=224`",
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batch": 0}, "a batch has at least 1 sample, not 0"),
        ({"batch": -3}, "a batch has at least 1 sample, not -3"),
        ({"dtype": "int8"}, "nets run in float32 or float64, not 'int8'"),
    ],
)
def test_requests_that_make_no_sense(options: dict[str, int | str], says: str) -> None:
    found = refusal(graph(TINY), **options)
    assert (found.code, found.message) == ("cannot-run", says)
