"""Lint on random nets: what it says of a net with free sizes is true of the net at every size."""

from __future__ import annotations

import pytest
from lint.linting import loaded
from random_nets import RandomNet, random_net

from cnnspec import pipeline
from cnnspec.lint.config import Settings
from cnnspec.lint.linting import found_by_rules
from cnnspec.lint.selection import codes_of

ALWAYS = Settings(codes_of(["warning", "framework-same", "framework-count-pad"]))
"""Findings that are about all sizes where sizes are free."""

Place = tuple[str, int]


def found(net: RandomNet, *, symbolic: bool) -> set[Place] | None:
    spec = loaded(net.text)
    made = pipeline.elaborate(spec, symbolic=symbolic)
    if made.graph is None:
        return None
    diagnostics = found_by_rules(spec, [pipeline.analyse(made.graph)], ALWAYS)
    places = [(d.code, d.span.start) for d in diagnostics if d.span]
    assert len(places) == len(diagnostics) == len(set(places))
    return set(places)


@pytest.mark.parametrize("seed", range(80))
def test_what_holds_for_every_size_holds_for_one(seed: int) -> None:
    net = random_net(seed)
    symbolic, numeric = found(net, symbolic=True), found(net, symbolic=False)
    assert numeric is not None
    assert symbolic is None or symbolic <= numeric
