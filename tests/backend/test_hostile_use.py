"""What may be asked of an executable in any order, with any array: it answers right, or refuses in words.

Machine code checks nothing, so whatever is refused must be refused before it.
"""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from backend.nets import graph, samples

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.diagnostics import DiagnosticError

NET = """
    net n():
        input x: [3, 9, 9]
        conv(16, 3, pad=1) -> bn -> relu -> conv(20, 3, pad=1) -> relu -> maxpool(2) as a
        a + a -> conv(8, 3) -> silu -> flatten
        output linear(5)
"""
MATHS = ["plain", "exact", "fast"]
LABELS = [0, 4, 2]


def executable(math: str, *, batch: int = 3, dtype: str = "float64", **options: Any) -> Executable:
    plan = make_plan(graph(NET), batch=batch, training=True, dtype=dtype, input_gradients=True)
    return Executable(plan, seed=1, math=math, **options)


def step(net: Executable, x: Any, labels: Any = LABELS) -> list[bytes]:
    """All that a training step gives."""
    output = net.forward(x)
    loss = net.loss(labels)
    net.backward()
    arrays = output, *net.gradients.values(), *net.input_gradients.values(), np.float64(loss)
    return [array.tobytes() for array in arrays]


def problem(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(DiagnosticError) as caught:
        call(*arguments, **options)
    return caught.value.diagnostics[0].message


@pytest.fixture(params=MATHS)
def math(request: pytest.FixtureRequest) -> str:
    return request.param


# --- arrays of any kind -----------------------------------------------------------------------------------


def forms(x: np.ndarray) -> dict[str, Any]:
    """The same numbers, held in other ways."""
    spaced = np.full((2 * len(x), *x.shape[1:-1], 3 * x.shape[-1]), np.nan)
    spaced[::2, ..., 1::3] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    return {
        "Fortran's order": np.asfortranarray(x),
        "channels last in memory": np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
        "every second sample, every third column": spaced[::2, ..., 1::3],
        "backwards in memory": x[::-1, :, ::-1].copy()[::-1, :, ::-1],
        "read-only": frozen,
        "the other byte order": x.astype(x.dtype.newbyteorder()),
        "lists": x.tolist(),
        "by name": {"x": x},
    }


def test_inputs_are_read_however_they_lie(math: str) -> None:
    net = executable(math)
    x = samples(net.plan)["x"]
    expected = net.forward(x)
    for form, held in forms(x).items():
        assert net.forward(held).tobytes() == expected.tobytes(), form


def test_output_gradients_are_read_however_they_lie(math: str) -> None:
    net = executable(math)
    x = samples(net.plan)["x"]
    dy = np.random.default_rng(1).standard_normal((3, 5))
    gradients: list[bytes] = []
    for held in (dy, np.asfortranarray(dy), dy.tolist(), np.repeat(dy, 2, axis=1)[:, ::2], dy.astype(">f8")):
        net.forward(x)
        net.backward(held)
        gradients.append(net.storage.gradients.tobytes())
    assert len(set(gradients)) == 1


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.float16, np.float32, np.longdouble])
def test_other_numbers_are_converted(kind: Any, math: str) -> None:
    net = executable(math)
    x = samples(net.plan)["x"].astype(kind)
    np.testing.assert_array_equal(net.forward(x), net.forward(x.astype(np.float64)))


NO_NUMBERS = {
    "text": "abc",
    "nothing": None,
    "texts": np.full((3, 3, 9, 9), "a"),
    "objects": np.full((3, 3, 9, 9), None),
    "complex": np.zeros((3, 3, 9, 9), complex),
    "times": np.zeros((3, 3, 9, 9), "datetime64[s]"),
    "rows of different lengths": [[1, 2], [3]],
    "one number": 5.0,
    "no samples": np.zeros((0, 3, 9, 9)),
    "one sample without its axis": np.zeros((3, 9, 9)),
    "an axis too many": np.zeros((3, 3, 9, 9, 1)),
    "a map too small": np.zeros((3, 3, 9, 8)),
    "an empty map": np.zeros((3, 3, 0, 9)),
    "more than planned": np.zeros((4, 3, 9, 9)),
    "far more than there is memory": np.broadcast_to(0.0, (10**15, 3, 9, 9)),
    "another name": {"y": np.zeros((3, 3, 9, 9))},
    "a number for a name": {0: np.zeros((3, 3, 9, 9))},
    "no names": {},
    "a set": {1, 2},
}


@pytest.mark.parametrize("given", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_what_is_no_input_is_refused_and_changes_nothing(given: Any, math: str) -> None:
    net = executable(math)
    x = samples(net.plan)["x"]
    net.forward(x)
    before = net.storage.weights.tobytes(), net.steps
    assert problem(net.forward, given)
    assert (net.storage.weights.tobytes(), net.steps) == before
    assert net.loss(LABELS) > 0


NO_LABELS = {
    "a class too many": [0, 1, 5],
    "below zero": [0, 1, -1],
    "far beyond": np.array([0, 1, 2**63], np.uint64),
    "as far below": np.array([0, 1, -(2**63)]),
    "real numbers": [0.0, 1.0, 2.0],
    "truths": [True, False, True],
    "objects": np.array([0, 1, 2], object),
    "text": "abc",
    "nothing": None,
    "one number": 1,
    "too few": [0, 1],
    "none": np.zeros(0, int),
    "rows of different lengths": [[0, 1], [2]],
    "one a class": np.zeros((3, 5), int),
    "on the wrong axis": np.zeros((1, 3), int),
}


@pytest.mark.parametrize("labels", NO_LABELS.values(), ids=NO_LABELS.keys())
def test_what_is_no_label_is_refused_and_there_is_no_loss_to_go_back_from(labels: Any, math: str) -> None:
    net = executable(math)
    net.forward(samples(net.plan))
    assert net.loss(LABELS) > 0
    assert problem(net.loss, labels)
    assert problem(net.backward) == "there is no loss to go back from"


def test_labels_are_read_however_they_lie(math: str) -> None:
    net = executable(math)
    net.forward(samples(net.plan))
    expected = net.loss(LABELS)
    frozen = np.array(LABELS)
    frozen.flags.writeable = False
    doubled = np.repeat(LABELS, 2)[::2]
    for labels in (np.array(LABELS, np.uint8), frozen, doubled, np.array(LABELS, ">i4"), [[0], [4], [2]]):
        assert net.loss(labels) == expected


@pytest.mark.parametrize(
    "gradient",
    [np.zeros((3, 4)), np.zeros((2, 5)), np.zeros(5), np.zeros((3, 5), complex), "a", [[1], [2, 3]], 1.0],
    ids=["a class too few", "a sample too few", "no samples", "complex", "text", "uneven", "one number"],
)
def test_what_is_no_gradient_is_refused_and_what_is_can_still_come(gradient: Any, math: str) -> None:
    net = executable(math)
    net.forward(samples(net.plan))
    assert problem(net.backward, gradient)
    net.backward(np.ones((3, 5)))
    assert np.abs(net.gradients["linear1.weight"]).max() > 0


# --- numbers of any kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_weight_that_is_no_number_spoils_what_it_reaches_and_nothing_else(value: float, math: str) -> None:
    net = executable(math)
    x = samples(net.plan)
    expected = net.forward(x, training=False)
    with net.writing() as weights:
        weights["linear1.weight"][3, 7] = value
    found = net.forward(x, training=False)
    others = [0, 1, 2, 4]
    np.testing.assert_array_equal(found[:, others], expected[:, others])
    assert not np.isfinite(found[:, 3]).all()
    net.forward(x)
    net.loss(LABELS)
    net.backward()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_sample_that_is_no_number_spoils_no_other(math: str) -> None:
    net = executable(math)
    x = samples(net.plan)["x"]
    expected = net.forward(x, training=False)
    x[1, 2, 4, 4] = np.nan
    found = net.forward(x, training=False)
    np.testing.assert_array_equal(found[[0, 2]], expected[[0, 2]])
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(net.forward(x[[0, 2]], training=False), expected[[0, 2]])


# --- in any order -----------------------------------------------------------------------------------------


def test_there_is_one_backward_pass_for_each_forward_pass(math: str) -> None:
    """The second would read gradients for activations: of a pool's places, beyond its map."""
    net = executable(math)
    x = samples(net.plan)
    first = step(net, x)
    used = "a backward pass was made already, which used up what this forward pass kept"
    assert problem(net.backward) == used
    assert problem(net.backward, np.ones((3, 5))) == used
    assert problem(net.loss, LABELS) == used
    net = executable(math)
    step(net, samples(net.plan, seed=5))
    again = executable(math)
    assert step(again, x) == first


def test_of_two_forward_passes_the_second_is_gone_back_through(math: str) -> None:
    net, other = executable(math), executable(math)
    first, second = (samples(net.plan, seed=seed) for seed in (1, 2))
    net.forward(first, training=False)
    net.forward(first)
    net.forward(second, training=False)
    assert step(net, second)[1:] == step(other, second)[1:]


def test_a_loss_may_be_asked_for_twice(math: str) -> None:
    net, other = executable(math), executable(math)
    x = samples(net.plan)
    net.forward(x)
    net.loss([1, 1, 1])
    net.loss(LABELS)
    net.backward()
    step(other, x)
    assert net.storage.gradients.tobytes() == other.storage.gradients.tobytes()


def test_gradients_before_anything_else(math: str) -> None:
    net = executable(math)
    assert all(not gradient.any() for gradient in net.gradients.values())
    assert problem(lambda: net.input_gradients) == "there is no forward pass yet that this could belong to"
    assert problem(net.backward, np.ones((3, 5))) == "there is no forward pass yet that this could belong to"


def test_batches_of_any_size_in_any_order(math: str) -> None:
    net, alone = executable(math), {count: executable(math, batch=count) for count in (1, 2, 3)}
    x = samples(net.plan)["x"]
    for count in (3, 1, 2, 1, 3, 2):
        with alone[count].writing() as weights:
            for name, array in net.state.items():
                weights[name][...] = array
        found, expected = (one.forward(x[:count], training=False) for one in (net, alone[count]))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        ours, theirs = step(net, x[:count], LABELS[:count]), step(alone[count], x[:count], LABELS[:count])
        np.testing.assert_allclose(*(np.frombuffer(parts[1]) for parts in (ours, theirs)), atol=1e-12)


def test_executables_take_turns(math: str) -> None:
    x = samples(executable(math).plan)
    expected = [step(executable(math, threads=1), x) for _ in range(2)]
    one, other = executable(math, threads=1), executable(math, threads=2)
    one.forward(x)
    other.forward(x)
    one.loss(LABELS)
    other.loss(LABELS)
    other.backward()
    one.backward()
    for net in (one, other):
        arrays = net.outputs["output"], *net.gradients.values(), *net.input_gradients.values()
        assert [array.tobytes() for array in arrays] == expected[0][:-1]


def test_arrays_outlive_their_executable(math: str) -> None:
    net = executable(math)
    x = samples(net.plan)
    expected = step(net, x)
    gradients, outputs, weights = net.gradients, net.outputs, net.parameters
    kept = [array.tobytes() for array in weights.values()]
    del net
    for _ in range(3):
        gc.collect()
        assert step(executable(math), x) == expected
    assert [outputs["output"].tobytes(), *(g.tobytes() for g in gradients.values())] == expected[
        : len(gradients) + 1
    ]
    assert [array.tobytes() for array in weights.values()] == kept


@pytest.mark.parametrize("threads", [1, 2, 3, 64, 10**6])
def test_more_threads_than_processors(threads: int, math: str) -> None:
    x = samples(executable(math).plan)
    assert step(executable(math, threads=threads), x) == step(executable(math, threads=1), x)


@pytest.mark.parametrize("math", MATHS)
def test_a_training_step_of_one_value_a_channel_is_refused_as_pytorch_refuses_it(math: str) -> None:
    text = NET.replace("-> flatten\n", "-> global_avgpool -> bn -> flatten\n")
    plan = make_plan(graph(text), batch=2, training=True, dtype="float64")
    net, x = Executable(plan, math=math), samples(plan)["x"]
    before = {name: array.copy() for name, array in net.buffers.items()}
    assert problem(net.forward, x[:1]).startswith("there is no variance for `bn2`")
    assert all((net.buffers[name] == array).all() for name, array in before.items())
    assert np.isfinite(net.forward(x[:1], training=False)).all()
    assert np.isfinite(net.forward(x)).all()
