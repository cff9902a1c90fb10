"""Every layer of the language can be run, and plans are made without numpy or numba."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from backend.nets import TINY, graph

from cnnspec.backend.kernels import operations
from cnnspec.backend.kernels.operations import Operation
from cnnspec.backend.kernels.registry import KERNELS
from cnnspec.backend.plan import make_plan
from cnnspec.backend.plan.lowering import operation_of
from cnnspec.diagnostics import DiagnosticError
from cnnspec.layers import LAYERS, Layer


def test_every_primitive_layer_has_an_operation_and_every_operation_a_kernel() -> None:
    lowered = {cls for cls in LAYERS.values() if cls.lower is not Layer.lower}
    without = operation_of.dispatch(Layer)
    missing = {cls.word for cls in set(LAYERS.values()) - lowered if operation_of.dispatch(cls) is without}
    assert not missing
    all_operations = {value for value in vars(operations).values() if isinstance(value, type)}
    assert {cls for cls in all_operations if issubclass(cls, Operation)} - {Operation} == KERNELS.keys()


def test_a_layer_without_an_operation_is_refused_where_it_stands() -> None:
    net = graph(TINY)
    net.nx.nodes["relu1"]["node"] = replace(net.node("relu1"), layer=Layer())
    with pytest.raises(DiagnosticError) as caught:
        make_plan(net, batch=1)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("cannot-run", "`relu` can be analysed but not run")
    assert found.span is not None
    assert found.span.text == "relu"


def test_planning_imports_neither_numpy_nor_numba() -> None:
    program = (
        "import sys, cnnspec.backend.plan; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'numba', 'sympy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
