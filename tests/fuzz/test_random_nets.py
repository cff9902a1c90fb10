"""Random nets at random sizes: the symbolic answer evaluated, the numeric answer and PyTorch agree.

`make fuzz` runs this at full size: CNNSPEC_FUZZ=20000 nets at four sizes, a quarter of them at every size up
to 128.
"""

from __future__ import annotations

import os
import random

import pytest
from random_nets import IllegalSize, RandomNet, random_net

from cnnspec import pipeline
from cnnspec.analysis.legal_sizes import legal_sizes
from cnnspec.diagnostics import Severity
from cnnspec.dims import Relation, decide, substitute
from cnnspec.graph import Graph
from cnnspec.graph.invariants import verify_graph

NETS = int(os.environ.get("CNNSPEC_FUZZ", "240"))
FULL = NETS >= 20_000
PARTS = 10


def graph_of(net: RandomNet, sizes: tuple[int, ...] | None = None) -> Graph | None:
    """The graph at a size, or symbolic without one; None where cnnspec refuses the size."""
    loaded = pipeline.load_text(net.text)
    assert loaded.spec is not None, loaded.diagnostics
    if sizes is None:
        made = pipeline.elaborate(loaded.spec, symbolic=True)
    else:
        made = pipeline.elaborate(loaded.spec, bindings=dict(zip(net.symbols, sizes, strict=True)))
    errors = [finding for finding in made.diagnostics if finding.severity is Severity.ERROR]
    return None if errors else made.graph


def torch_shapes(net: RandomNet, sizes: tuple[int, ...]) -> dict[str, tuple[int, ...]] | None:
    try:
        return net.shapes(sizes)
    except IllegalSize:
        return None


def holds(graph: Graph, values: dict[str, int]) -> bool:
    """Whether every condition of a symbolic graph holds at a size."""
    for condition in graph.conditions:
        needed = condition.requirement
        left, right = substitute(needed.left, values), substitute(needed.right, values)
        if not decide(left, Relation(needed.relation.value), right):
            return False
    return True


def broadcasts_by_chance(graph: Graph) -> bool:
    """Whether two maps are added of which one has shrunk to 1 pixel along an axis at this size.

    Numbers broadcast there, as in PyTorch; formulas ask for equal sizes, and so does the generator.
    """
    sums = [node.input_shapes for node in graph if node.word == "add"]
    return any(left != right for left, right in sums)


@pytest.mark.parametrize("part", range(PARTS))
def test_symbolic_numeric_and_pytorch_agree(part: int) -> None:
    for seed in range(part, NETS, PARTS):
        net = random_net(seed)
        symbolic = graph_of(net)
        assert symbolic is not None, f"seed {seed}: {net.text}"
        verify_graph(symbolic)
        draw = random.Random(seed)  # noqa: S311
        others = [tuple(draw.randint(1, 40) for _ in net.sizes) for _ in range(3)]
        for sizes in (net.sizes, *others):
            where = f"seed {seed} at {sizes}:\n{net.text}"
            expected, numeric = torch_shapes(net, sizes), graph_of(net, sizes)
            values = dict(zip(net.symbols, sizes, strict=True))
            assert holds(symbolic, values) == (expected is not None), where
            if expected is None:
                assert numeric is None or broadcasts_by_chance(numeric), where
                continue
            assert numeric is not None, where
            for name, shape in expected.items():
                assert numeric.labels[name].shape == shape, f"{name} in {where}"
                assert tuple(substitute(d, values) for d in symbolic.labels[name].shape) == shape, (
                    f"{name} in {where}"
                )


@pytest.mark.parametrize("part", range(PARTS))
def test_the_legal_set_of_every_axis_is_what_brute_force_finds(part: int) -> None:
    for seed in range(part, NETS // (4 if FULL else 12), PARTS):
        net = random_net(seed, largest=24)
        symbolic = graph_of(net)
        assert symbolic is not None
        found = legal_sizes(symbolic)
        for axis, symbol in enumerate(net.symbols):
            for size in range(1, 129 if FULL else 65):
                sizes = tuple(size if axis == other else n for other, n in enumerate(net.sizes))
                legal = torch_shapes(net, sizes) is not None
                assert found.holds(dict(zip(net.symbols, sizes, strict=True))) == legal, (
                    f"{seed}: {symbol}={size}"
                )
                assert not found.joint, "each axis is decided alone"
                assert (size in found.by_symbol[symbol]) == legal, f"{seed}: {symbol}={size}"
