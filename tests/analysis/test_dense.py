"""A convolution is its matrix: PyTorch's convolution against the product with ours."""

from __future__ import annotations

import pytest
import torch
from torch_nets import TorchNet

from cnnspec import pipeline
from cnnspec.analysis import Analysis
from cnnspec.analysis.dense import Matrix, dense_equivalents, matrix_of
from cnnspec.analysis.padding_macs import padding_macs
from cnnspec.backend.executable import Executable
from cnnspec.dims import evaluate
from cnnspec.graph import Graph

CASES = [
    ("[1, 5, 5]", "conv(1, 3, bias=false)"),
    ("[4, 6, 7]", "conv(6, 3x2, stride=(2, 1), pad=(1, 0), groups=2, bias=false)"),
    ("[3, 5, 6]", "conv(2, 3, pad=((2, 0), (0, 1)), dilation=2, bias=false)"),
    ("[4, 4, 4]", "depthwise(3, pad=1, bias=false)"),
    ("[3, 9]", "conv(4, 3, pad=same, stride=2, bias=false)"),
    ("[2, 3, 4, 3]", "conv(2, 2, pad=1, bias=false)"),
    ("[2, 4, 3]", "conv_transpose(3, 3, stride=2, pad=1, output_pad=1, bias=false)"),
    ("[4, 5]", "conv_transpose(6, 4, stride=3, groups=2, dilation=2, bias=false)"),
]


LENET = """
net n:
    input image: [1, H = 32, W = 32] where H >= 14, W >= 14
    conv(6, 5) -> tanh -> avgpool(2) -> conv(16, 5)
    output it
"""


def graph_of(text: str, *, symbolic: bool = False) -> Graph:
    spec = pipeline.load_text(text).spec
    assert spec is not None
    made = pipeline.elaborate(spec, symbolic=symbolic)
    assert made.graph is not None, made.diagnostics
    return made.graph


def as_tensor(matrix: Matrix, weight: torch.Tensor) -> torch.Tensor:
    result = torch.zeros(matrix.rows, matrix.columns, dtype=weight.dtype)
    for row, column, place in matrix.entries:
        result[row, column] += weight.flatten()[place]
    return result


@pytest.mark.parametrize(("shape", "line"), CASES)
def test_multiplying_by_the_matrix_is_the_convolution(shape: str, line: str) -> None:
    graph = graph_of(f"net n:\n    input x: {shape}\n    {line}\n    output it\n")
    analysis = pipeline.analyse(graph)
    facts = analysis.layers[-1]
    state = Executable(pipeline.plan(graph, batch=1, dtype="float64")).state
    net = TorchNet(graph, state)
    x = torch.randn(1, *facts.node.input_shapes[0], dtype=torch.float64)
    (expected,) = net.run(facts.node, [x], training=False)
    matrix = matrix_of(facts.node)
    product = as_tensor(matrix, net.weights[f"{facts.path}.weight"]) @ x.flatten()
    torch.testing.assert_close(product, expected.flatten())


@pytest.mark.parametrize(("shape", "line"), CASES)
def test_its_entries_are_the_products_that_are_not_with_padding(shape: str, line: str) -> None:
    facts = pipeline.analyse(graph_of(f"net n:\n    input x: {shape}\n    {line}\n    output it\n")).layers[
        -1
    ]
    on_padding = padding_macs(facts)
    assert isinstance(on_padding, int)
    assert len(matrix_of(facts.node).entries) == facts.macs - on_padding


def lenet(*, symbolic: bool = False) -> Analysis:
    return pipeline.analyse(graph_of(LENET, symbolic=symbolic))


def test_the_numbers_of_the_lectures() -> None:
    first, second = dense_equivalents(lenet())
    assert (first.connections, first.weights, first.biases) == (4_816_896, 150, 6)
    assert first.saving is not None
    assert round(first.saving) == 32_113
    assert first.nonzero == 117_600
    assert first.density is not None
    assert f"{float(first.density):.3%}" == "2.441%"
    assert (second.connections, second.weights, second.saving) == (1_881_600, 2_400, 784)


def test_formulas() -> None:
    free, bound = next(dense_equivalents(lenet(symbolic=True))), next(dense_equivalents(lenet()))
    assert evaluate(free.connections, {"H": 32, "W": 32}) == bound.connections
    assert free.nonzero is not None
    assert evaluate(free.nonzero, {"H": 32, "W": 32}) == bound.nonzero
    assert free.saving is None


def test_only_convolutions_have_matrices() -> None:
    facts = pipeline.analyse(graph_of("net n:\n    input x: [1, 4, 4]\n    output maxpool(2)\n")).layers[-1]
    with pytest.raises(TypeError, match="is no convolution"):
        matrix_of(facts.node)
    free = lenet(symbolic=True).layers[1]
    with pytest.raises(TypeError, match="is no number"):
        matrix_of(free.node)
