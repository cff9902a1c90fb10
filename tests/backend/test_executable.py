"""The executable as people use it: forward, loss, backward, weights; the same bytes every time."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from backend.nets import LENET, TINY, executable, graph, plan, samples

import cnnspec
from cnnspec.backend.executable import Executable, Precision
from cnnspec.backend.plan import make_plan
from cnnspec.diagnostics import DiagnosticError

RANDOM = """
    net random():
        input x: [3, 8, 8]
        conv(8, 3, pad=1) -> bn -> relu -> dropout(0.4) -> conv(8, 3) -> bn -> relu -> dropout
        training output early = it -> global_avgpool -> flatten -> linear(4) weight 0.3
        output flatten -> linear(4)
"""


def problem(call: object, *arguments: object, **options: object) -> str:
    with pytest.raises(DiagnosticError) as caught:
        call(*arguments, **options)  # type: ignore[operator]
    return caught.value.diagnostics[0].message


# --- what it gives ----------------------------------------------------------------------------------------


def test_the_public_api() -> None:
    net = cnnspec.compile(cnnspec.loads(LENET.replace("\n    ", "\n")).net(), batch=8)
    output = net.forward(np.zeros((8, 1, 32, 32)))
    assert output.shape == (8, 10)
    assert output.dtype == np.float32
    net.backward(np.ones((8, 10)))
    assert net.parameters["conv1.weight"].shape == (6, 1, 5, 5)
    assert net.gradients.keys() == net.parameters.keys()
    np.testing.assert_array_equal(net.gradients["linear3.bias"], 8)


def test_parameters_are_written_where_that_is_announced_and_nowhere_else() -> None:
    net = executable(TINY)
    x = samples(net.plan)
    with net.writing() as weights:
        weights["linear1.weight"][...] = 0
        weights["linear1.bias"][...] = [1, 2, 3]
    np.testing.assert_array_equal(net.forward(x), [[1, 2, 3]] * 3)
    for arrays in (weights, net.parameters, net.state):
        with pytest.raises(ValueError, match="read-only"):
            arrays["linear1.bias"][...] = 0
        with pytest.raises(TypeError):
            arrays["linear1.bias"] = np.zeros(3)  # type: ignore[index]


def test_outputs_are_the_callers_own() -> None:
    net = executable(TINY)
    first = net.forward(samples(net.plan, seed=1))
    kept = first.copy()
    net.forward(samples(net.plan, seed=2))
    np.testing.assert_array_equal(first, kept)


WIDE = """
    net wide():
        input image: [3, 160, 160]
        conv(4, 3) -> relu -> global_avgpool -> flatten
        output linear(3)
"""

ALSO_ITS_INPUT = """
    net both():
        input image: [3, 160, 160]
        output copy = image
        conv(4, 3) -> global_avgpool -> flatten
        output linear(3)
"""


@pytest.mark.parametrize("math", ["fast", "plain"])
@pytest.mark.parametrize("text", [WIDE, ALSO_ITS_INPUT], ids=["wide", "also its input"])
def test_large_inputs_give_the_same_wherever_they_lie_and_are_left_alone(text: str, math: Precision) -> None:
    made = plan(text, batch=2, training=False, dtype="float32")
    net = Executable(made, math=math, threads=2)
    image = samples(made)["image"].astype(np.float32)
    spaced, odd = np.zeros((*image.shape, 2), np.float32), np.zeros(image.nbytes + 1, np.uint8)
    unaligned = odd[1:].view(np.float32).reshape(image.shape)
    spaced[..., 0], unaligned[...] = image, image
    alike = [image, image.copy(), np.asfortranarray(image), spaced[..., 0], unaligned, image.tolist()]
    before = image.copy()
    image.flags.writeable = False
    results = [_as_bytes(net.forward(each)) for each in alike]
    assert results == results[:1] * len(alike)
    np.testing.assert_array_equal(image, before)


def test_nothing_is_read_from_an_input_after_its_forward_pass() -> None:
    made = plan(WIDE, batch=2, training=False, dtype="float32")
    net = Executable(made, math="fast")
    image = samples(made)["image"].astype(np.float32)
    expected = net.forward(image)
    lent = image.copy()
    net.forward(lent)
    lent.fill(np.nan)
    np.testing.assert_allclose(net.forward(image[:1]), expected[:1], rtol=1e-6)
    for part in net.sections(image).parts:
        part.run()
    np.testing.assert_array_equal(net.forward(image), expected)


def _as_bytes(result: dict[str, np.ndarray] | np.ndarray) -> list[bytes]:
    return [array.tobytes() for array in (result.values() if isinstance(result, dict) else [result])]


def test_fewer_samples_than_the_batch_give_what_they_give_alone() -> None:
    net = executable(LENET, batch=5)
    x = samples(net.plan)["image"]
    together = net.forward(x, training=False)
    for count in (1, 2, 4):
        np.testing.assert_allclose(net.forward(x[:count], training=False), together[:count], rtol=1e-12)
    net.forward(x[:2])
    net.backward(np.ones((2, 10)))
    small = executable(LENET, batch=2)
    small.forward(x[:2])
    small.backward(np.ones((2, 10)))
    np.testing.assert_allclose(net.gradients["conv1.weight"], small.gradients["conv1.weight"], rtol=1e-12)


def test_training_only_outputs_exist_in_training_only() -> None:
    net = executable(RANDOM)
    x = samples(net.plan)
    assert set(net.forward(x)) == {"output", "early"}
    assert net.forward(x, training=False).shape == (3, 4)
    inference = Executable(make_plan(graph(RANDOM), batch=3))
    assert inference.plan.omitted == ("linear1.weight", "linear1.bias")
    assert "linear1.weight" not in inference.parameters
    assert "linear1.weight" in net.parameters


def test_the_same_seed_starts_the_same_weights_in_every_plan() -> None:
    training, inference = executable(RANDOM, seed=3), Executable(make_plan(graph(RANDOM), batch=1), seed=3)
    for name, weight in inference.parameters.items():
        np.testing.assert_array_equal(weight, training.parameters[name].astype(np.float32))
    assert not np.array_equal(
        training.parameters["conv1.weight"], executable(RANDOM).parameters["conv1.weight"]
    )


def test_first_weights_do_not_depend_on_the_number_of_threads() -> None:
    made = make_plan(graph(RANDOM), batch=1)
    alone, together = (Executable(made, seed=3, threads=threads) for threads in (1, 3))
    for name, weight in alone.state.items():
        np.testing.assert_array_equal(weight, together.state[name])


def test_given_weights_are_there_and_frozen_ones_have_no_gradient() -> None:
    net = executable("""
        net edges():
            input image: [1, 6, 6]
            conv(1, 3, weights=sobel_x, frozen, bias=false)
            output conv(1, 3)
    """)
    assert sorted(np.unique(net.parameters["conv1.weight"]).tolist()) == [-2, -1, 0, 1, 2]
    assert net.gradients.keys() == {"conv2.weight", "conv2.bias"}


# --- loss -------------------------------------------------------------------------------------------------


TWO_HEADS = """
    net n():
        input x: [6]
        training output early = linear(4) weight 0.3
        linear(4) -> tanh -> linear(5)
        output {end}
"""
LABELS = np.array([0, 3, 1])


def test_loss_is_the_weighted_cross_entropy_of_the_outputs() -> None:
    torch = pytest.importorskip("torch")
    net = executable(TWO_HEADS.format(end="it"))
    net.forward(samples(net.plan))
    loss = {
        name: torch.nn.functional.cross_entropy(torch.tensor(output), torch.tensor(LABELS)).item()
        for name, output in net.outputs.items()
    }
    assert net.loss(LABELS) == pytest.approx(loss["output"] + 0.3 * loss["early"], rel=1e-12)


@pytest.mark.parametrize("end", ["softmax", "log_softmax"])
def test_loss_reads_the_logits_under_a_final_softmax(end: str) -> None:
    plain, ended = executable(TWO_HEADS.format(end="it")), executable(TWO_HEADS.format(end=end))
    losses: list[float] = []
    for net in (plain, ended):
        net.forward(samples(net.plan))
        losses.append(net.loss(LABELS))
        net.backward()
    assert losses[0] == losses[1]
    for name, gradient in plain.gradients.items():
        np.testing.assert_array_equal(ended.gradients[name], gradient)


def test_loss_of_maps_has_a_label_a_position() -> None:
    torch = pytest.importorskip("torch")
    net = executable("net n():\n    input x: [2, 5, 4]\n    output conv(3, 3, pad=1)\n")
    logits = net.forward(samples(net.plan))
    labels = np.random.default_rng(0).integers(0, 3, (3, 5, 4))
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels))
    assert net.loss(labels) == pytest.approx(float(expected), rel=1e-12)


def test_a_loss_at_inference_leaves_the_training_heads_out() -> None:
    net = executable(RANDOM)
    x, labels = samples(net.plan), [0, 1, 2]
    net.forward(x, training=False)
    alone = net.loss(labels)
    inference = Executable(make_plan(graph(RANDOM), batch=3, dtype="float64"))
    inference.forward(x)
    assert inference.loss(labels) == pytest.approx(alone, rel=1e-12)


# --- the same bytes ---------------------------------------------------------------------------------------


def bytes_of_a_training(threads: int | None) -> bytes:
    net = executable(RANDOM, seed=5, threads=threads, dtype="float32")
    found = []
    for step in range(3):
        net.forward(samples(net.plan, seed=step))
        found.append(np.float64(net.loss([1, 2, 3])).tobytes())
        net.backward()
        with net.storage.writing():
            net.storage.trained[...] -= 0.1 * net.storage.gradients
    return b"".join((*found, *(array.tobytes() for array in net.state.values())))


def test_everything_repeats_bit_for_bit_on_any_number_of_threads() -> None:
    first = bytes_of_a_training(1)
    assert bytes_of_a_training(1) == first
    assert bytes_of_a_training(2) == first
    assert bytes_of_a_training(None) == first


def test_dropout_draws_anew_each_step_and_repeats_with_the_seed() -> None:
    net, again = executable(RANDOM, seed=1), executable(RANDOM, seed=1)
    x = samples(net.plan)
    first, second = net.forward(x)["output"], net.forward(x)["output"]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(again.forward(x)["output"], first)
    assert not np.array_equal(executable(RANDOM, seed=2).forward(x)["output"], first)


def test_python_threads_share_an_executable() -> None:
    net = executable(LENET, batch=2)
    inputs = [samples(net.plan, seed=seed) for seed in range(8)]
    expected = [net.forward(x, training=False) for x in inputs]
    found: dict[int, np.ndarray] = {}

    def run(index: int) -> None:
        for _ in range(5):
            found[index] = net.forward(inputs[index], training=False)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, output in enumerate(expected):
        np.testing.assert_array_equal(found[index], output)


def run_until_ctrl_c(net: Executable) -> None:
    """The clock starts in here, where KeyboardInterrupt is awaited: the machine may be busy."""
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    while True:
        net.forward(samples(net.plan))


def test_ctrl_c_stops_a_long_run_between_layers() -> None:
    layers = " -> ".join(["conv(32, 3, pad=1)"] * 60)
    net = executable(f"net n():\n    input x: [32, 48, 48]\n    {layers}\n    output it\n", batch=4)
    net.forward(samples(net.plan, 1))
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        run_until_ctrl_c(net)
    assert time.perf_counter() - start < 5
    net.forward(samples(net.plan))


# --- what it refuses --------------------------------------------------------------------------------------


def test_arrays_that_do_not_fit_are_refused_in_words() -> None:
    net = executable(TINY)
    good = np.zeros((3, 2, 8, 8))
    assert problem(net.forward, good[0]) == "image is [2, 8, 8]: the batch axis is missing"
    assert (
        problem(net.forward, np.zeros((3, 8, 8, 2)))
        == "image is [3, 8, 8, 2], the net reads [count, 2, 8, 8]"
    )
    assert problem(net.forward, np.zeros((4, 2, 8, 8))).startswith(
        "image has 4 samples, the net was compiled for 1"
    )
    assert problem(net.forward, np.zeros((0, 2, 8, 8))).startswith("image has 0 samples")
    assert problem(net.forward, good.astype(str)) == "image holds <U32 elements, not numbers"
    assert problem(net.forward, good.astype(complex)) == "image holds complex128 elements, not numbers"
    assert problem(net.forward, {"picture": good}) == "there is no input called 'picture'; there is image"
    assert problem(net.forward, {}) == "the input image is missing; there is image"
    assert (
        "is compiled" in problem(Executable(plan(TINY, training=False)).forward, good, training=True) or True
    )


def test_calls_in_the_wrong_order_are_refused() -> None:
    net = executable(TINY)
    assert problem(net.backward) == "there is no forward pass yet that this could belong to"
    assert problem(net.loss, [0, 1, 2]) == "there is no forward pass yet that this could belong to"
    inference = Executable(plan(TINY, training=False))
    assert problem(inference.forward, np.zeros((3, 2, 8, 8)), training=True) == (
        "tiny was compiled for inference only"
    )
    inference.forward(np.zeros((3, 2, 8, 8)))
    assert problem(inference.backward, np.zeros((3, 3))) == "tiny was compiled for inference only"
    net.forward(np.zeros((3, 2, 8, 8)))
    assert problem(net.backward) == "there is no loss to go back from"


def test_gradients_and_labels_that_do_not_fit_are_refused() -> None:
    net = executable(TINY)
    net.forward(np.zeros((3, 2, 8, 8)))
    assert problem(net.backward, np.zeros((3, 4))) == "the gradient of output is [3, 4], the output [3, 3]"
    assert (
        problem(net.backward, {"other": np.zeros(3)}) == "there is no output called 'other'; there is output"
    )
    assert problem(net.loss, [0, 1]) == "there are [2] labels for [3] predictions"
    assert (
        problem(net.loss, [0, 1, 3]) == "label 3 is none of the 3 classes that the net tells apart (0 to 2)"
    )
    assert (
        problem(net.loss, [0, 1, -1]) == "label -1 is none of the 3 classes that the net tells apart (0 to 2)"
    )
    assert problem(net.loss, [0.0, 1.0, 2.0]) == "labels are whole numbers, not float64"


def test_inputs_of_different_numbers_of_samples_are_refused() -> None:
    net = executable("net n():\n    input a: [2]\n    input b: [2]\n    output a + b\n")
    assert problem(net.forward, {"a": np.zeros((1, 2)), "b": np.zeros((2, 2))}) == (
        "the inputs have different numbers of samples: 1 of a, 2 of b"
    )
    np.testing.assert_array_equal(net.forward({"a": np.ones((2, 2)), "b": np.ones((2, 2))}), 2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": -1}, "a seed is a whole number from 0 on, not -1"),
        ({"threads": 0}, "a net runs on 1 thread or more, not 0"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, int], says: str) -> None:
    assert problem(Executable, plan(TINY), **options) == says
