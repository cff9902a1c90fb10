"""Shapes, refusals and parameter counts of every layer, against PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from layers.applying import BrokenError, apply, elements, make
from layers.torch_oracle import ORACLES, Case

from cnnspec.layers import LAYERS, Shape, WeightKind

MOST_REFUSED = 0.7
"""A sweep that is refused more often than this does not test the rule."""


torch = pytest.importorskip("torch")

CHECKED_ON_CPU = {"conv_transpose"}
"""The `meta` device has no checks of output padding."""


def torch_shapes(word: str, case: Case) -> tuple[tuple[int, ...], ...] | None:
    """The shapes of PyTorch's outputs without the batch; None where it refuses or one is empty."""
    device = "cpu" if word in CHECKED_ON_CPU else "meta"
    inputs = [torch.zeros(3, *shape, device=device) for shape in case.shapes]
    if case.owns is not None:
        case.owns.to(device).train()
    try:
        result = case.run(*inputs)
    except (RuntimeError, ValueError):
        return None
    outputs = result if isinstance(result, tuple | list) else [result]
    shapes = tuple(tuple(output.shape[1:]) for output in outputs)
    return None if any(0 in shape for shape in shapes) else shapes


def our_shapes(word: str, case: Case) -> tuple[Shape, ...] | str:
    """The shapes that we infer, or why we refuse."""
    try:
        return apply(make(word, **case.arguments), *case.shapes).outputs
    except BrokenError as error:
        return str(error)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are faster on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("word", LAYERS)
def test_shapes_are_those_of_torch_and_so_are_refusals(word: str) -> None:
    cases = list(ORACLES[word]())
    refused = 0
    for case in cases:
        ours = our_shapes(word, case)
        refused += isinstance(ours, str)
        assert (None if isinstance(ours, str) else ours) == torch_shapes(word, case), (case, ours)
    assert cases
    assert refused <= MOST_REFUSED * len(cases)


@pytest.mark.parametrize("word", LAYERS)
def test_weights_are_those_of_torch(word: str) -> None:
    for case in ORACLES[word]():
        try:
            applied = apply(make(word, **case.arguments), *case.shapes)
        except BrokenError:
            continue
        parameters = sum(p.numel() for p in case.owns.parameters()) if case.owns else 0
        buffers = sum(b.numel() for b in case.owns.buffers()) if case.owns else 0
        assert elements(applied.weights, WeightKind.PARAMETER) == parameters, case
        assert elements(applied.weights, WeightKind.BUFFER) == buffers, case


@pytest.mark.parametrize(
    "word", ["conv", "conv_transpose", "depthwise", "linear", "bn", "layernorm", "groupnorm", "prelu"]
)
def test_weights_have_torchs_names_and_shapes(word: str) -> None:
    for case in ORACLES[word]():
        try:
            applied = apply(make(word, **case.arguments), *case.shapes)
        except BrokenError:
            continue
        assert case.owns is not None
        state = {name: tuple(tensor.shape) for name, tensor in case.owns.state_dict().items()}
        assert {weight.name: weight.shape for weight in applied.weights} == state, case


def test_the_sweeps_are_wide() -> None:
    assert sum(1 for cases in ORACLES.values() for _ in cases()) > 2000
