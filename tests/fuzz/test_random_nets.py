"""Random nets at random sizes: the symbolic answer evaluated, the numeric answer and PyTorch agree.

`make fuzz` runs this at full size: CNNSPEC_FUZZ=20000 nets at four sizes, a quarter of them at every size up
to 128. Its two halves can run side by side: `make fuzz PYTEST_ARGS='-k first_half'` and `second_half`.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager

import pytest
from random_nets import IllegalSize, RandomNet, random_net

from cnnspec import pipeline
from cnnspec.analysis.legal_sizes import Joint, holds, legal_sizes, weights_kept
from cnnspec.diagnostics import Severity
from cnnspec.dims import evaluate
from cnnspec.graph import Graph
from cnnspec.graph.invariants import verify_graph
from cnnspec.language.spec import Spec

NETS = int(os.environ.get("CNNSPEC_FUZZ", "240"))
FULL = NETS >= 20_000
PARTS = 10
MOST_SHOWN = 5

parts = pytest.mark.parametrize(
    "part", range(PARTS), ids=lambda part: f"{('first', 'second')[part % 2]}_half{part}"
)


def spec_of(net: RandomNet) -> Spec:
    loaded = pipeline.load_text(net.text)
    assert loaded.spec is not None, loaded.diagnostics
    return loaded.spec


def symbolic_graph(spec: Spec) -> Graph:
    made = pipeline.elaborate(spec, symbolic=True)
    assert made.graph is not None, made.diagnostics
    return made.graph


def numeric_graph(spec: Spec, sizes: Mapping[str, int]) -> Graph | None:
    """The graph at a size; None where cnnspec refuses the size."""
    made = pipeline.elaborate(spec, bindings=sizes)
    errors = [finding for finding in made.diagnostics if finding.severity is Severity.ERROR]
    return None if errors else made.graph


def torch_shapes(net: RandomNet, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]] | None:
    try:
        return net.shapes(sizes)
    except IllegalSize:
        return None


def broadcasts_by_chance(graph: Graph) -> bool:
    """Whether two maps are added of which one has shrunk to 1 pixel along an axis at this size.

    Numbers broadcast there, as in PyTorch; formulas ask for equal sizes, and so does the generator.
    """
    sums = [node.input_shapes for node in graph if node.word == "add"]
    return any(left != right for left, right in sums)


class Mismatches:
    """The answers of one part that differ from PyTorch's; the first few are shown."""

    def __init__(self, tally: Counter[str]) -> None:
        self.tally = tally
        self.found: list[str] = []

    def compare(self, what: str, ours: object, expected: object, where: str) -> None:
        """Note a difference."""
        self.tally[f"{what} compared"] += 1
        if ours != expected:
            self.tally["mismatches"] += 1
            self.found.append(f"{what}: {ours}, but PyTorch says {expected}, {where}")

    def check(self) -> None:
        """Fail if there was one."""
        assert not self.found, f"{len(self.found)} mismatches\n" + "\n".join(self.found[:MOST_SHOWN])


@contextmanager
def noted(seed: int, net: RandomNet) -> Generator[None]:
    """Say of which net an exception speaks."""
    try:
        yield
    except Exception as problem:
        problem.add_note(f"seed {seed}:\n{net.text}")
        raise


@parts
def test_symbolic_numeric_and_pytorch_agree(part: int, tally: Counter[str]) -> None:
    mismatches = Mismatches(tally)
    for seed in range(part, NETS, PARTS):
        net = random_net(seed)
        with noted(seed, net):
            agree(net, seed, mismatches)
        tally["nets at four sizes"] += 1
    mismatches.check()


def agree(net: RandomNet, seed: int, mismatches: Mismatches) -> None:
    """Compare what is legal and every shape, where the net was made and at three other sizes."""
    spec = spec_of(net)
    symbolic = symbolic_graph(spec)
    verify_graph(symbolic)
    draw = random.Random(seed)  # noqa: S311
    others = [{name: draw.randint(1, 40) for name in net.sizes} for _ in range(3)]
    for sizes in (net.sizes, *others):
        where = f"seed {seed} at {sizes}:\n{net.text}"
        expected, numeric = torch_shapes(net, sizes), numeric_graph(spec, sizes)
        legal = all(holds(condition.requirement, sizes) for condition in symbolic.conditions)
        mismatches.compare("symbolic legality", legal, expected is not None, where)
        if expected is None:
            refused = numeric is None or broadcasts_by_chance(numeric)
            mismatches.compare("numeric legality", not refused, False, where)
            continue
        mismatches.compare("numeric legality", numeric is not None, True, where)
        if numeric is None:
            continue
        ours = {name: numeric.labels[name].shape for name in expected}
        mismatches.compare("numeric shapes", ours, expected, where)
        evaluated = {
            name: tuple(evaluate(dim, sizes) for dim in symbolic.labels[name].shape) for name in expected
        }
        mismatches.compare("symbolic shapes", evaluated, expected, where)


@parts
def test_the_legal_set_is_what_brute_force_finds(part: int, tally: Counter[str]) -> None:
    mismatches = Mismatches(tally)
    for seed in range(part, NETS // (4 if FULL else 12), PARTS):
        net = random_net(seed, largest=24)
        with noted(seed, net):
            legal_set(net, seed, mismatches)
        tally["nets at all sizes"] += 1
    mismatches.check()


def legal_set(net: RandomNet, seed: int, mismatches: Mismatches) -> None:
    """Compare what is legal along every axis through where the net was made, and at random sizes.

    Where a linear layer reads the whole map, the sizes that fit its weights are compared.
    """
    start = torch_shapes(net, net.sizes)
    assert start is not None
    symbolic = symbolic_graph(spec_of(net))
    weights = weights_kept(symbolic, net.sizes)
    found = legal_sizes(symbolic, [*symbolic.conditions, *weights])
    separate = not found.joint and not found.unsolved
    mismatches.tally["legal sets with symbols tied to each other"] += bool(found.joint)
    mismatches.tally["legal sets that are only tested, not described"] += bool(found.unsolved)
    for sizes in tried(net, seed):
        shapes = torch_shapes(net, sizes)
        legal = shapes is not None and (
            net.flattened is None or shapes[net.flattened] == start[net.flattened]
        )
        where = f"seed {seed} at {sizes}:\n{net.text}"
        mismatches.compare("legal sets", found.holds(sizes), legal, where)
        possible = all(sizes[name] in allowed for name, allowed in found.by_symbol.items())
        if separate:
            mismatches.compare("sets of each symbol", possible, legal, where)
        for joint in found.joint if possible else ():
            if joint.boxes is not None:
                holding = holds(joint.condition.requirement, sizes)
                mismatches.compare("sets of pairs", in_boxes(joint, sizes), holding, where)


def tried(net: RandomNet, seed: int) -> Iterator[dict[str, int]]:
    """Every size of every symbol while the others stay, and some random ones."""
    largest = 128 if FULL else 64
    for name in net.sizes:
        for size in range(1, largest + 1):
            yield {**net.sizes, name: size}
    if len(net.sizes) > 1:
        draw = random.Random(seed)  # noqa: S311
        for _ in range(largest):
            yield {name: draw.randint(1, largest) for name in net.sizes}


def in_boxes(joint: Joint, sizes: Mapping[str, int]) -> bool:
    return any(all(sizes[name] in allowed for name, allowed in box.items()) for box in joint.boxes or ())
