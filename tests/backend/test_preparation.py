"""What is done to images before a net sees them, and classes told from its scores."""

from __future__ import annotations

import numpy as np
import pytest
from backend.nets import LENET, TINY, executable

from cnnspec.backend.classify import probabilities, run_all, top_classes
from cnnspec.backend.datasets import Samples
from cnnspec.backend.plan.model import Scores
from cnnspec.backend.preparation import Preparation, measure
from cnnspec.diagnostics import DiagnosticError

RANDOM = np.random.default_rng(0)
BYTES = RANDOM.integers(0, 256, (20, 3, 6, 5), np.uint8)
LABELS = np.zeros(20, np.int64)
FLOAT64 = np.dtype(np.float64)


def problem(call: object, *arguments: object) -> str:
    with pytest.raises(DiagnosticError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.diagnostics[0].message


@pytest.mark.parametrize("images", [BYTES, RANDOM.standard_normal((20, 3, 6, 5)) * 5 + 2])
def test_measured_samples_have_mean_0_and_deviation_1_in_every_channel(images: np.ndarray) -> None:
    prepared = measure(Samples(images, LABELS))(images, (3, 6, 5), FLOAT64)
    np.testing.assert_allclose(prepared.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(prepared.std(axis=(0, 2, 3)), 1, rtol=1e-12)


def test_a_constant_channel_is_only_shifted() -> None:
    images = np.full((4, 1, 2, 2), 51, np.uint8)
    preparation = measure(Samples(images, np.zeros(4, np.int64)))
    assert preparation == Preparation((pytest.approx(0.2),), (1.0,))


def test_smaller_images_are_padded_evenly_with_black() -> None:
    images = np.full((1, 1, 28, 27), 255, np.uint8)
    prepared = Preparation((0.5,), (0.5,))(images, (1, 32, 32), FLOAT64)
    inside = np.full((32, 32), -1.0)
    inside[2:30, 2:29] = 1
    np.testing.assert_array_equal(prepared[0, 0], inside)


def test_the_samples_themselves_are_left_alone() -> None:
    images = RANDOM.standard_normal((2, 1, 4, 4))
    kept = images.copy()
    Preparation((1.0,), (2.0,))(images, (1, 4, 4), FLOAT64)
    np.testing.assert_array_equal(images, kept)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((1, 28), "the numbers of axes differ"),
        ((3, 28, 28), "the numbers of channels differ"),
        ((1, 20, 28), "larger images are not cut"),
        ((1, 64, 64), "more than a quarter would be padding"),
    ],
)
def test_images_that_do_not_fit(shape: tuple[int, ...], says: str) -> None:
    assert says in problem(Preparation(), np.zeros((2, 1, 28, 28), np.uint8), shape, FLOAT64)


@pytest.mark.parametrize(
    ("shape", "advised"),
    [((3, 32, 30), (1, 32, 30)), ((3, 256, 256), (1, 28, 28)), ((3, 20, 40), (1, 28, 28))],
)
def test_the_input_that_is_advised_takes_the_images(shape: tuple[int, ...], advised: tuple[int, ...]) -> None:
    images = np.zeros((2, 1, 28, 28), np.uint8)
    with pytest.raises(DiagnosticError) as caught:
        Preparation()(images, shape, FLOAT64)
    (found,) = caught.value.diagnostics
    assert found.help is not None
    assert found.help.text == f"make the net's input {list(advised)}"
    assert Preparation()(images, advised, FLOAT64).shape == (2, *advised)


@pytest.mark.filterwarnings("error")
def test_values_beyond_float32_are_infinite_without_a_word() -> None:
    prepared = Preparation()(np.full((1, 1, 2, 2), 1e300), (1, 2, 2), np.dtype(np.float32))
    assert np.isposinf(prepared).all()


def test_normalisation_travels_as_text() -> None:
    preparation = measure(Samples(BYTES, LABELS))
    assert Preparation.from_json(preparation.to_json()) == preparation


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"mean": [0]}', '{"mean": [0], "std": [0]}', '{"mean": [NaN], "std": [1]}', "[" * 5000,
     '{"mean": [0, 1], "std": [1]}', '{"mean": "abc", "std": "abc"}', '{"mean": [1e999], "std": [1]}'],
)  # fmt: skip
def test_texts_that_are_no_normalisation(text: str) -> None:
    assert "the weights file's normalisation" in problem(Preparation.from_json, text)


def test_a_normalisation_of_other_channels() -> None:
    assert problem(Preparation((0.0,), (1.0,)), BYTES, (3, 6, 5), FLOAT64) == (
        "the normalisation is of 1 channels, the images have 3"
    )


# --- scores -----------------------------------------------------------------------------------------------


def test_scores_become_the_same_probabilities_whatever_the_last_layer() -> None:
    logits = RANDOM.standard_normal((4, 5)) * 50
    shares = probabilities(logits, Scores.LOGITS)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(probabilities(shares, Scores.PROBABILITIES), shares)
    np.testing.assert_allclose(probabilities(np.log(shares), Scores.LOG_PROBABILITIES), shares)


def test_the_likeliest_classes_come_first_and_equals_in_their_order() -> None:
    ((best, second, third),) = top_classes(np.array([[0.0, 3.0, 1.0, 1.0]]), Scores.LOGITS, 3)
    assert (best.label, second.label, third.label) == (1, 2, 3)
    assert best.probability == pytest.approx(np.exp(3) / (np.exp([0, 3, 1, 1]).sum()))
    assert len(top_classes(np.zeros((2, 3)), Scores.LOGITS, 10)[0]) == 3
    assert "does not tell classes apart" in problem(top_classes, np.zeros((1, 2, 3, 3)), Scores.LOGITS, 1)


def test_any_number_of_images_runs_in_batches() -> None:
    net = executable(LENET, batch=4, training=False)
    images = RANDOM.integers(0, 256, (10, 1, 28, 28), np.uint8)
    together = run_all(net, images, Preparation())
    assert together["output"].shape == (10, 10)
    alone = run_all(net, images[9:], Preparation())
    np.testing.assert_allclose(alone["output"], together["output"][9:], rtol=1e-12)
    assert problem(run_all, net, images[:0], Preparation()) == "there are no images"


def test_a_net_of_two_inputs_does_not_read_images() -> None:
    net = executable("net n():\n    input a: [2]\n    input b: [2]\n    output a + b\n")
    assert problem(run_all, net, np.zeros((1, 2)), Preparation()) == "n reads 2 inputs: a, b"
    assert executable(TINY).plan.outputs[0].scores is Scores.LOGITS
