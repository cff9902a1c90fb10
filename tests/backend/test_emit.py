"""The emitted program gives the executable's bytes, is clean Python, and runs no text of a user."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from backend.nets import LENET, graph

import cnnspec
from cnnspec.backend.emit import Emission, emit
from cnnspec.backend.executable import Executable, Precision
from cnnspec.backend.plan import Plan, make_plan
from cnnspec.backend.training import Sgd
from cnnspec.backend.training.optimisers import Updates
from cnnspec.diagnostics import DiagnosticError

SPECS = Path(__file__).parents[2] / "specs"
MATHS: tuple[Precision, ...] = ("plain", "exact", "fast")

RESIDUAL = """
    block cell(channels):
        in -> conv(channels, 3, pad=1, bias=false) -> bn -> relu -> conv(channels, 3, pad=1) -> bn
        it + in -> relu

    net residual:
        input image: [3, 8, 8]
        conv(16, 3, pad=1) -> bn -> relu
        cell(16)
        cell(16)
        maxpool(2) -> dropout(0.25) -> flatten
        output linear(5)
"""
HEADS = """
    net heads:
        input image: [3, 8, 8]
        conv(8, 3, pad=1) -> relu as stem
        aux = stem -> global_avgpool -> flatten -> linear(4)
        training output aux weight 0.3
        stem -> lrn(5) -> avgpool(2) -> flatten
        output linear(4)
"""
TWO_INPUTS = """
    net pair:
        input left: [2, 6, 6]
        input right: [2, 6, 6]
        a = left -> conv(4, 3)
        b = right -> conv(4, 3)
        output sum = a + b
        output both = concat(a, b)
"""
UP_AND_DOWN = """
    net up_and_down:
        input image: [1, 8, 8]
        conv(8, 3, pad=1) -> relu as a
        maxpool(2) -> conv(16, 3, pad=1) -> relu -> conv_transpose(8, 2, stride=2) as b
        output main = concat(a, b) -> conv(3, 1)
"""
SOUND = """
    net sound:
        input wave: [1, 64]
        conv(8, 9, stride=2) -> bn -> relu -> maxpool(2) -> conv(16, 3) -> relu
        global_avgpool -> flatten
        output linear(3)
"""
VOLUME = """
    net volume:
        input clip: [1, 4, 6, 6]
        conv(4, 3, pad=1) -> relu -> maxpool(2) -> flatten
        output linear(3)
"""
NETS = {
    "LeNet-5": LENET,
    "residual": RESIDUAL,
    "heads": HEADS,
    "two inputs": TWO_INPUTS,
    "up and down": UP_AND_DOWN,
    "1-D": SOUND,
    "3-D": VOLUME,
}
TRAINED = [name for name in NETS if name not in ("two inputs",)]
BATCH = 3

_numbers = itertools.count()


@pytest.fixture
def imported(tmp_path: Path) -> Callable[[str], ModuleType]:
    """Write a program to a file and import it."""

    def load(text: str) -> ModuleType:
        name = f"emitted{next(_numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        found = importlib.util.spec_from_file_location(name, path)
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module

    return load


def bytes_of(outputs: Any) -> dict[str, bytes]:
    """Of one output or several, to compare."""
    named = outputs if isinstance(outputs, Mapping) else {"": outputs}
    return {name: array.tobytes() for name, array in named.items()}


def samples(plan: Plan, count: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    return {port.name: random.standard_normal((count, *port.shape)) for port in plan.inputs}


@pytest.mark.parametrize("math", MATHS)
@pytest.mark.parametrize("net", NETS)
def test_inference_is_the_same(net: str, math: Precision, imported: Callable[[str], ModuleType]) -> None:
    plan = make_plan(graph(NETS[net]), batch=BATCH)
    program = imported(emit(plan, Emission(math, threads=2, seed=5)))
    executable = Executable(plan, seed=5, threads=2, math=math)
    for count in (BATCH, 1):
        inputs = samples(plan, count)
        assert bytes_of(program.forward(inputs)) == bytes_of(executable.forward(inputs))


@pytest.mark.parametrize("math", MATHS)
@pytest.mark.parametrize("net", TRAINED)
def test_training_is_the_same(net: str, math: Precision, imported: Callable[[str], ModuleType]) -> None:
    plan = make_plan(graph(NETS[net]), batch=BATCH, training=True)
    program = imported(emit(plan, Emission(math, threads=2, seed=5, optimiser=Sgd(momentum=0.9, decay=1e-3))))
    executable = Executable(plan, seed=5, threads=2, math=math)
    updates = Updates(
        Sgd(momentum=0.9, decay=1e-3), executable.storage.trained, executable.storage.gradients, 2
    )
    inputs, shape = samples(plan, BATCH), plan.outputs[0].shape
    labels = np.random.default_rng(1).integers(0, shape[0], (BATCH, *shape[1:]))
    for _ in range(3):
        executable.forward(inputs)
        expected = executable.loss(labels)
        executable.backward()
        with executable.storage.writing():
            updates.apply(0.01)
        assert program.train_step(inputs, labels, rate=0.01) == expected
    assert bytes_of(program.parameters) == bytes_of(executable.state)


@pytest.mark.parametrize("name", ["resnet20_cifar", "googlenet"])
def test_programs_of_the_zoo_are_the_same(name: str, imported: Callable[[str], ModuleType]) -> None:
    spec = cnnspec.load(SPECS / f"{name}.cnn")
    plan = make_plan(spec.net().bind(**({"H": 64, "W": 64} if name == "googlenet" else {})).graph, batch=1)
    program, executable = imported(emit(plan, Emission("plain"))), Executable(plan, threads=1)
    inputs = samples(plan, 1)
    assert bytes_of(program.forward(inputs)) == bytes_of(executable.forward(inputs))


# --- weights ----------------------------------------------------------------------------------------------


def test_weights_come_by_path_or_from_a_file(tmp_path: Path, imported: Callable[[str], ModuleType]) -> None:
    plan = make_plan(graph(LENET), batch=1)
    trained = Executable(plan, seed=9, math="fast")
    program, inputs = imported(emit(plan, Emission(seed=1))), samples(plan, 1)
    expected = bytes_of(trained.forward(inputs))
    assert bytes_of(program.forward(inputs)) != expected
    program.load({name: array.copy() for name, array in trained.state.items()})
    assert bytes_of(program.forward(inputs)) == expected
    program.save(tmp_path / "w.safetensors")
    other = imported(emit(plan, Emission(seed=2)))
    other.load(tmp_path / "w.safetensors")
    assert bytes_of(other.forward(inputs)) == expected


def test_the_file_beside_a_program_is_what_it_starts_with(
    tmp_path: Path, imported: Callable[[str], ModuleType]
) -> None:
    plan = make_plan(graph(LENET), batch=1)
    trained, inputs = Executable(plan, seed=9, math="fast"), samples(plan, 1)
    text = emit(plan, Emission(weights_file="lenet.safetensors"))
    with pytest.raises(DiagnosticError, match=r"lenet\.safetensors"):
        imported(text)
    trained.save(tmp_path / "lenet.safetensors")
    assert bytes_of(imported(text).forward(inputs)) == bytes_of(trained.forward(inputs))


def test_weights_that_do_not_fit_change_nothing(imported: Callable[[str], ModuleType]) -> None:
    plan = make_plan(graph(LENET), batch=1)
    program = imported(emit(plan, Emission()))
    before = bytes_of(program.parameters)
    good = {name: np.ones_like(array) for name, array in program.parameters.items()}
    last = list(good)[-1]
    for wrong, said in (
        ({**good, "conv1.weight": np.ones((1, 2))}, "conv1.weight is"),
        ({**good, "conv9.weight": np.ones(1)}, "conv9.weight"),
        ({name: array for name, array in good.items() if name != "conv1.bias"}, "conv1.bias is missing"),
        ({**good, last: np.full(good[last].shape, "x")}, "not numbers"),
        ({**good, last: np.full(good[last].shape, 1j)}, "not numbers"),
        ({**good, last: [[1.0], [1.0, 2.0]]}, "different lengths"),
    ):
        with pytest.raises(DiagnosticError, match=said):
            program.load(wrong)
    assert bytes_of(program.parameters) == before


def test_weights_of_inference_are_not_changed_in_passing(imported: Callable[[str], ModuleType]) -> None:
    """The kernels have packed them: a change would not be seen."""
    program = imported(emit(make_plan(graph(LENET), batch=1), Emission()))
    with pytest.raises(ValueError, match="read-only"):
        program.parameters["conv1.bias"][0] = 1.0


# --- what it refuses --------------------------------------------------------------------------------------


def test_samples_that_do_not_fit_are_refused(imported: Callable[[str], ModuleType]) -> None:
    program = imported(emit(make_plan(graph(LENET), batch=2), Emission("plain")))
    for inputs, said in (
        (np.zeros((1, 32, 32)), "batch axis"),
        (np.zeros((3, 1, 32, 32)), "1 to 2"),
        (np.zeros((1, 3, 32, 32)), "reads"),
    ):
        with pytest.raises(DiagnosticError, match=said):
            program.forward(inputs)
    training = imported(emit(make_plan(graph(LENET), batch=2, training=True), Emission("plain")))
    with pytest.raises(DiagnosticError, match="exactly 2"):
        training.train_step(np.zeros((1, 1, 32, 32)), [0])


def test_a_processor_with_other_vectors_is_refused(imported: Callable[[str], ModuleType]) -> None:
    text = emit(make_plan(graph(LENET), batch=1), Emission("exact"))
    changed = "\n".join("LANES = 2" if line.startswith("LANES = ") else line for line in text.splitlines())
    with pytest.raises(DiagnosticError, match="vectors of 2 numbers"):
        imported(changed)


def test_several_threads_of_python_may_ask_at_once(imported: Callable[[str], ModuleType]) -> None:
    program = imported(emit(make_plan(graph(LENET), batch=2), Emission("exact", threads=2)))
    images = [np.random.default_rng(seed).standard_normal((2, 1, 32, 32)) for seed in range(8)]
    expected = [program.forward(image).tobytes() for image in images]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda image: program.forward(image).tobytes(), images)) == expected


# --- clean Python, and only ours --------------------------------------------------------------------------

HOSTILE = [
    '"""\nimport os\nos.abort()\n"""',
    "'); raise SystemExit(3) #",
    "a\nraise SystemExit(3)",
    "a\r\nraise SystemExit(3)\x0craise SystemExit(3)\u2028raise SystemExit(3)",
    "class",
    "ARENA",
    "np.ndarray",
    "__import__('os')",
    "\\",
    "\\N{BULLET}",
    "{0}{name}%s",
    "\u202eevil\u202c\ud800",
    "0",
    "",
    "ж" * 200,
]


def renamed(plan: Plan, name: str) -> Plan:
    """A plan in which every text of a user is `name`, told apart by a number."""
    paths = {
        path: f"{name}{number}" for number, path in enumerate(dict.fromkeys(s.path for s in plan.forward))
    }

    def weight(old: str) -> str:
        path, _, last = old.rpartition(".")
        return f"{paths.get(path, path)}.{last}"

    def call(step: Any) -> Any:
        uses = tuple(replace(use, slot=weight(use.slot)) for use in step.call.weights)
        return replace(step, call=replace(step.call, path=paths[step.call.path], weights=uses))

    return replace(
        plan,
        name=name,
        inputs=tuple(replace(port, name=name) for port in plan.inputs),
        outputs=tuple(replace(port, name=name) for port in plan.outputs),
        heads=tuple(replace(head, output=name) for head in plan.heads),
        forward=tuple(map(call, plan.forward)),
        buffers=tuple(replace(buffer, name=name, path=name) for buffer in plan.buffers),
        slots=tuple(replace(slot, name=weight(slot.name), path=name) for slot in plan.slots),
    )


def skeleton(text: str) -> str:
    """What a program does: its syntax without names and constants."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = None
        elif isinstance(node, ast.Name):
            node.id = "name"
    return ast.dump(tree)


@pytest.mark.parametrize("math", MATHS)
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_users_text_is_never_code(name: str, math: Precision) -> None:
    plan = make_plan(graph(LENET), batch=1)
    hostile = emit(renamed(plan, name), Emission(math, weights_file=f"{name}.safetensors"))
    plain = emit(plan, Emission(math, weights_file="lenet5.safetensors"))
    assert {character for character in hostile if not character.isascii()} <= set(plain)
    calls = [
        sum(isinstance(node, ast.Call) for node in ast.walk(ast.parse(text))) for text in (hostile, plain)
    ]
    assert calls[0] == calls[1]
    assert skeleton(hostile) == skeleton(plain)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of many programs."""
    folder = tmp_path_factory.mktemp("programs")
    for number, (net, math, training) in enumerate(itertools.product(NETS, MATHS, (False, True))):
        plan = make_plan(graph(NETS[net]), batch=BATCH, training=training)
        (folder / f"net{number}.py").write_text(emit(plan, Emission(math, threads=2)), encoding="utf-8")
    spec = cnnspec.load(SPECS / "googlenet.cnn").net()
    (folder / "googlenet.py").write_text(emit(make_plan(spec.graph, batch=1, training=True), Emission()))
    hostile = renamed(make_plan(graph(LENET), batch=1), "ж" * 120 + "'\"\\")
    (folder / "hostile.py").write_text(emit(hostile, Emission()), encoding="utf-8")
    return folder


def test_programs_are_clean(programs: Path) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,W,I", str(programs)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]


def test_programs_pass_a_type_checker(programs: Path) -> None:
    settings = {
        "typeCheckingMode": "basic",
        "include": ["net*.py", "hostile.py"],
        "extraPaths": [str(SPECS.parent)],
    }
    (programs / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "-p", str(programs), "--pythonpath", sys.executable]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("math", ["plain", "exact"])
def test_there_is_one_backward_pass_for_each_forward_pass(
    math: Precision, imported: Callable[[str], ModuleType]
) -> None:
    """The second would read gradients for activations."""
    plan = make_plan(graph(next(iter(NETS.values()))), batch=BATCH, training=True)
    program = imported(emit(plan, Emission(math, optimiser=Sgd())))
    labels = np.zeros((BATCH, *plan.outputs[0].shape[1:]), int)
    for _ in range(2):
        with pytest.raises(DiagnosticError, match="no forward pass"):
            program.loss(labels)
        with pytest.raises(DiagnosticError, match="no forward pass"):
            program.backward()
        program.forward(samples(plan, BATCH))
        with pytest.raises(DiagnosticError, match="no loss"):
            program.backward()
        program.loss(labels)
        with pytest.raises(DiagnosticError, match="label 99"):
            program.loss(labels + 99)
        with pytest.raises(DiagnosticError, match="no loss"):
            program.backward()
        program.loss(labels)
        program.backward()
