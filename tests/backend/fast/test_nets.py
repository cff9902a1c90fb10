"""Whole nets by the fast backend against the plain kernels, which are held against PyTorch themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from backend.nets import graph, samples

import cnnspec
from cnnspec import pipeline
from cnnspec.backend.executable import Executable
from cnnspec.backend.fast.execution import Execution
from cnnspec.backend.plan import make_plan
from cnnspec.graph import Graph

SPECS = Path(cnnspec.__file__).parents[1] / "specs"
ZOO = {
    "lenet5": {},
    "resnet20_cifar": {},
    "mobilenet_v2": {"H": 64, "W": 64, "classes": 5},
    "squeezenet1_1": {"H": 33, "W": 40, "classes": 4},
    "unet": {"H": 32, "W": 16, "width": 4},
    "m5": {"T": 4000},
    "espcn": {"H": 9, "W": 8},
    "ds_cnn": {},
}
MIXED = {
    "branches, gates and odd channels": """
        net n():
            input x: [5, 9, 11]
            a = conv(17, 3, pad=1) -> bn -> relu
            b = conv(17, 1) -> silu
            gate = a -> global_avgpool -> conv(17, 1) -> sigmoid
            a + b -> conv(17, 3, pad=1, groups=17) -> hardswish
            it * gate -> maxpool(3, stride=2, pad=1) -> conv(12, 2x3, stride=(1, 2), dilation=(2, 1))
            output flatten -> linear(7) -> tanh -> linear(3)
        """,
    "joined where blocks begin and where they do not": """
        net n():
            input x: [16, 7, 7]
            a = conv(32, 3, pad=1) -> relu
            b = conv(16, 1) -> tanh
            wide = concat(a, b, x) -> conv(8, 3, pad=1)
            concat(wide, b) -> avgpool(3, stride=2, pad=1) -> conv(20, 3, pad=1, bias=false) -> bn -> relu6
            output global_avgpool -> flatten -> linear(4) -> softmax
        """,
    "layers that only the plain kernels have, between others": """
        net n():
            input x: [5, 9, 11]
            a = conv(16, 3, pad=1) -> relu
            b = conv(16, 1) -> tanh
            length = hypot(a, b) -> conv(12, 3, pad=1)
            length + (atan2(b, a) -> conv(12, 3, pad=1)) -> relu
            output global_avgpool -> flatten -> linear(4)
        """,
    "one layer used twice, and a tensor read three times": """
        net n():
            input x: [8, 8, 8]
            layer shared = conv(8, 3, pad=1)
            a = shared -> relu
            b = a -> shared -> leaky_relu(0.2)
            a + b + x -> conv(16, 4, stride=4) -> relu
            output flatten -> dropout(0.0) -> linear(5)
        """,
    "an image added to what was made of it": """
        net n():
            input x: [3, 9, 9]
            conv(3, 3, pad=1) -> relu -> conv(3, 3, pad=1)
            it + x -> relu -> conv(4, 3, stride=2)
            output global_avgpool -> flatten -> linear(2)
        """,
    "upwards, in three dimensions": """
        net n():
            input volume: [2, 4, 6, 4]
            skip = conv(4, 3, pad=same) -> bn -> relu
            skip -> maxpool(2) -> conv(8, 3, pad=same) -> relu -> conv_transpose(4, 2, stride=2)
            concat(skip, it) -> conv(3, 1x3x2, stride=(1, 2, 1), pad=((0, 0), (1, 0), (0, 1)))
            output lrn(3) -> upsample(2)
        """,
    "several outputs, one before the end": """
        net n():
            input x: [3, 12, 12]
            conv(16, 3, stride=2, pad=1) -> relu as early
            output middle = early -> global_avgpool -> flatten -> linear(3)
            output early -> conv(16, 3, pad=1) -> bn -> relu -> global_avgpool -> flatten -> linear(2)
        """,
}


def net_of(name: str) -> Graph:
    if name in MIXED:
        return graph(MIXED[name])
    loaded = pipeline.load(SPECS / f"{name}.cnn")
    made = pipeline.elaborate(loaded.spec, bindings=ZOO[name]).graph
    assert made is not None
    return made


def close(ours: dict, theirs: dict, tolerance: float) -> None:
    """Equal up to a share of the largest element of all: some gradients are zero but for rounding."""
    largest = max((float(np.abs(array).max()) for array in theirs.values()), default=1.0)
    for name, expected in theirs.items():
        error = float(np.abs(ours[name] - expected).max(initial=0.0))
        scale = max(float(np.abs(expected).max(initial=0.0)), 1e-2 * largest)
        assert error <= tolerance * scale, f"{name}: {error:g} of {scale:g}"


BOTH = [*((name, "fast") for name in (*ZOO, *MIXED)), *((name, "exact") for name in MIXED)]


def weighing(executable: Executable) -> dict[str, np.ndarray]:
    """Some gradient of every output."""
    rng = np.random.default_rng(2)
    return {name: rng.standard_normal(output.shape) for name, output in executable.outputs.items()}


@pytest.mark.parametrize(("name", "math"), BOTH)
def test_a_training_step_gives_what_the_plain_kernels_give(name: str, math: str) -> None:
    plan = make_plan(net_of(name), batch=3, training=True, dtype="float64", input_gradients=True)
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math=math, threads=2)
    inputs = samples(plan)
    for executable in (plain, fast):
        executable.forward(inputs)
        executable.backward(weighing(executable))
    for what in ("outputs", "gradients", "input_gradients", "buffers"):
        close(getattr(fast, what), getattr(plain, what), 1e-10)


@pytest.mark.parametrize("name", [*ZOO, *MIXED])
def test_an_inference_gives_what_the_plain_kernels_give(name: str) -> None:
    plan = make_plan(net_of(name), batch=2, training=False, dtype="float32")
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math="fast", threads=2)
    rng = np.random.default_rng(3)
    for executable in (plain, fast):
        with executable.writing() as weights:
            for path in executable.buffers:
                if "running" in path:
                    weights[path][...] = np.random.default_rng(4).uniform(0.5, 1.5, weights[path].shape)
    inputs = {port.name: rng.standard_normal((2, *port.shape)) for port in plan.inputs}
    plain.forward(inputs)
    fast.forward(inputs)
    close(fast.outputs, plain.outputs, 2e-5)


def test_fewer_samples_than_planned_are_as_good() -> None:
    plan = make_plan(net_of("lenet5"), batch=4, training=True, dtype="float64")
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math="exact")
    inputs = {"image": np.random.default_rng(5).standard_normal((3, 1, 32, 32))}
    for executable in (plain, fast):
        executable.forward(inputs)
        assert executable.loss(np.array([1, 2, 3])) > 0
        executable.backward()
    close(fast.outputs, plain.outputs, 1e-12)
    close(fast.gradients, plain.gradients, 1e-11)


def test_gradients_by_fixed_statistics_follow_an_inference() -> None:
    net = net_of("joined where blocks begin and where they do not")
    plan = make_plan(net, batch=2, training=True, dtype="float64")
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math="exact")
    for executable in (plain, fast):
        executable.forward(samples(plan), training=False)
        executable.backward(weighing(executable))
    close(fast.gradients, plain.gradients, 1e-11)


def test_weights_written_between_two_inferences_count() -> None:
    plan = make_plan(net_of("lenet5"), batch=1, training=False, dtype="float64")
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math="exact")
    image = np.random.default_rng(6).standard_normal((1, 1, 32, 32))
    for name, factor in (("conv1.weight", 1.0), ("conv1.weight", 0.5), ("linear1.bias", 2.0)):
        for executable in (plain, fast):
            with executable.writing() as weights:
                weights[name][...] *= factor
                weights["linear2.bias"][...] += 1
                executable.forward(image)
                weights["linear2.bias"][...] += 1
        np.testing.assert_allclose(fast.forward(image), plain.forward(image), rtol=1e-10, atol=1e-12)


def test_what_is_written_through_a_view_that_was_kept_counts_after_the_next_announcement() -> None:
    """NumPy leaves a view writable whose array no longer is; it is still the weight, never a lost copy."""
    net = Executable(make_plan(net_of("lenet5"), batch=1, training=False, dtype="float64"), math="exact")
    image = np.random.default_rng(6).standard_normal((1, 1, 32, 32))
    with net.writing() as weights:
        kept = weights["linear3.bias"][:3]
    before = net.forward(image)
    assert not weights["linear3.bias"].flags.writeable
    kept += 1
    np.testing.assert_array_equal(net.parameters["linear3.bias"][:3], kept)
    with net.writing():
        pass
    np.testing.assert_allclose(net.forward(image) - before, [[1, 1, 1, *[0] * 7]], atol=1e-12)


def test_weights_are_packed_once_for_many_inferences(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[int] = []
    monkeypatch.setattr(Execution, "prepare", lambda _: packed.append(1))
    fast = Executable(make_plan(net_of("lenet5"), batch=1, training=True), math="fast")
    image = np.zeros((1, 1, 32, 32))
    for _ in range(3):
        assert fast.state["conv1.weight"].any()
        fast.forward(image, training=False)
    assert len(packed) == 1
    with fast.writing():
        pass
    fast.forward(image, training=False)
    assert len(packed) == 2


@pytest.mark.parametrize(
    "body",
    [
        "b = a -> conv(4, 3, pad=1) -> flatten\n        c = a -> flatten -> linear(3)",
        "b = a -> flatten\n        c = a -> conv(40, 3, pad=1) -> relu -> flatten -> linear(3)",
    ],
)
def test_a_map_of_one_position_with_a_halo_is_flattened_without_its_gaps(body: str) -> None:
    """A padded convolution reads the map or makes it, of more channels than any vector has lanes."""
    text = f"""
    net n():
        input x: [2, 1, 1]
        a = conv(40, 1) -> relu
        {body}
        output concat(b, c) -> linear(2)
    """
    made = make_plan(graph(text), batch=3, training=True, dtype="float64", input_gradients=True)
    given = samples(made)
    found: list[list[np.ndarray]] = []
    for math in ("plain", "exact"):
        net = Executable(made, seed=1, math=math)
        output = net.forward(given)
        net.backward(np.ones_like(output))
        found.append([output, *net.gradients.values(), *net.input_gradients.values()])
    for plain, exact in zip(*found, strict=True):
        np.testing.assert_allclose(exact, plain, rtol=0, atol=1e-13)
