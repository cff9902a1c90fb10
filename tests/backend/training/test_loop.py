"""Training: the same as PyTorch's, the same every time, and nothing lost when it ends early."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from backend.nets import LENET, executable, graph

from cnnspec.backend.datasets import Dataset, Samples, open_dataset
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.backend.preparation import METADATA_KEY, Preparation
from cnnspec.backend.training import (
    Adam,
    BatchDone,
    Constant,
    Cosine,
    EpochDone,
    Progress,
    Recipe,
    Sgd,
    evaluate,
    train,
)
from cnnspec.backend.training.optimisers import Optimiser
from cnnspec.diagnostics import DiagnosticError

SMALL = """
    net small(classes = 3):
        input image: [1, 8, 8]
        conv(4, 3, bias=false) -> bn -> relu -> maxpool(2) -> dropout(0.2) -> flatten
        training output early = linear(classes) weight 0.3
        output linear(classes)
"""


def blobs(count: int, seed: int = 0) -> Samples:
    """Three classes of grey images that differ in where they are bright."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    images = random.integers(0, 100, (count, 1, 8, 8), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[0, :, 2 * label : 2 * label + 3] += 120
    return Samples(images, labels)


DATA = Dataset("blobs", blobs(50), blobs(21, seed=1))


def trained(recipe: Recipe, *, seed: int = 0, threads: int | None = None, **options: object) -> Executable:
    net = executable(SMALL, batch=16, seed=seed, threads=threads, dtype="float32")
    train(net, DATA, recipe, **options)  # type: ignore[arg-type]
    return net


def problem(call: object, *arguments: object, **options: object) -> tuple[str, str]:
    with pytest.raises(DiagnosticError) as caught:
        call(*arguments, **options)  # type: ignore[operator]
    found = caught.value.diagnostics[0]
    return found.code, found.message


# --- right ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", [Sgd(0.9, nesterov=True, decay=1e-3), Adam()])
def test_twenty_steps_are_those_of_pytorch(optimiser: Optimiser) -> None:
    """From the same weights, over the same batches, in float64; the last batch is a smaller one."""
    torch = pytest.importorskip("torch")
    from torch_nets import TorchNet

    net = graph(SMALL.replace("dropout(0.2)", "identity"))
    made = make_plan(net, batch=16, training=True, dtype="float64")
    ours, theirs = Executable(made, seed=2), TorchNet(net, Executable(made, seed=2).state)
    tuned = [weight for weight in theirs.weights.values() if weight.requires_grad]
    rule = (
        torch.optim.Adam(tuned, lr=0.01)
        if isinstance(optimiser, Adam)
        else torch.optim.SGD(tuned, lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-3)
    )
    done = train(ours, DATA, Recipe(5, optimiser, Constant(0.01), seed=4))
    losses: list[float] = []
    for epoch in range(5):
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([4, epoch]))).permutation(50)
        total = 0.0
        for start in range(0, 50, 16):
            chosen = order[start : start + 16]
            images = done.preparation(DATA.training_part().images[chosen], (1, 8, 8), np.dtype(np.float64))
            labels = torch.tensor(DATA.training_part().labels[chosen])
            outputs = theirs({"image": images}, training=True)
            entropy = torch.nn.functional.cross_entropy
            loss = entropy(outputs["output"], labels) + 0.3 * entropy(outputs["early"], labels)
            rule.zero_grad()
            loss.backward()
            rule.step()
            total += loss.item() * len(chosen)
        losses.append(total / 50)
    np.testing.assert_allclose([epoch.loss for epoch in done.epochs], losses, rtol=1e-9)
    for name, array in ours.parameters.items():
        np.testing.assert_allclose(array, theirs.weights[name].detach(), rtol=0, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(
        ours.buffers["bn1.running_var"], theirs.weights["bn1.running_var"].detach(), rtol=1e-10
    )
    assert ours.buffers["bn1.num_batches_tracked"] == 20


def test_a_seed_repeats_a_training_bit_for_bit_on_any_number_of_threads() -> None:
    recipe = Recipe(3, seed=7)
    first = trained(recipe, threads=1).state
    for threads in (1, 2):
        again = trained(recipe, threads=threads).state
        assert {name: array.tobytes() for name, array in again.items()} == {
            name: array.tobytes() for name, array in first.items()
        }
    other = trained(Recipe(3, seed=8)).state
    assert any(not np.array_equal(other[name], array) for name, array in first.items())


def test_lenet_learns_the_shipped_digits() -> None:
    net = executable(LENET, batch=32, dtype="float32")
    done = train(net, open_dataset("digits"), Recipe(epochs=4))
    assert done.epochs[-1].test_accuracy is not None
    assert done.epochs[-1].test_accuracy > 0.93
    assert done.epochs[-1].accuracy > 0.97
    assert done.epochs[-1].loss < done.epochs[0].loss / 3


def test_every_batch_and_epoch_is_reported() -> None:
    seen: list[Progress] = []
    trained(Recipe(2), watch=seen.append)
    batches = [event for event in seen if isinstance(event, BatchDone)]
    epochs = [event for event in seen if isinstance(event, EpochDone)]
    assert [(event.epoch, event.batch) for event in batches] == [(e, b) for e in (1, 2) for b in (1, 2, 3, 4)]
    assert {(event.epochs, event.batches) for event in batches} == {(2, 4)}
    assert [event.epoch for event in epochs] == [1, 2]
    assert all(0 <= event.accuracy <= 1 and event.images_per_second > 0 for event in (*batches, *epochs))
    assert batches[-1].seconds_left == 0
    assert seen[4] is epochs[0]
    assert epochs[0].loss == batches[3].loss


def test_evaluation_is_at_inference_and_counts_every_sample() -> None:
    net = trained(Recipe(3))
    test, preparation = DATA.test_part(), Preparation()
    found = evaluate(net, test, preparation)
    assert found.seen == 21
    alone = [
        evaluate(net, Samples(test.images[i : i + 1], test.labels[i : i + 1]), preparation) for i in range(21)
    ]
    assert found.loss == pytest.approx(np.mean([tally.loss for tally in alone]), rel=1e-5)
    assert found.accuracy == pytest.approx(np.mean([tally.accuracy for tally in alone]))


def test_maps_are_trained_position_by_position() -> None:
    samples = blobs(24)
    labels = (samples.images[:, 0] > 110).astype(np.int64)
    net = executable(
        """
        net maps():
            input image: [1, 8, 8]
            output conv(4, 3, pad=1) -> relu -> conv(2, 1)
    """,
        batch=8,
        dtype="float32",
    )
    nothing = Samples(samples.images[:0], labels[:0])
    data = Dataset("maps", Samples(samples.images, labels), nothing)
    done = train(net, data, Recipe(20, Adam(), Constant(0.02)))
    assert done.epochs[-1].accuracy > 0.98
    assert done.epochs[-1].test_accuracy is None


# --- nothing lost -----------------------------------------------------------------------------------------


def test_weights_are_saved_after_every_epoch_with_their_normalisation(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    sizes: list[bool] = []

    def watch(progress: Progress) -> None:
        if isinstance(progress, BatchDone) and progress.batch == 1:
            sizes.append(path.exists())

    net = trained(Recipe(2), watch=watch, save_to=path)
    assert sizes == [False, True]
    other = executable(SMALL, batch=16, seed=9, dtype="float32")
    texts = other.load(path)
    assert Preparation.from_json(texts[METADATA_KEY]).mean
    for name, array in net.state.items():
        np.testing.assert_array_equal(other.state[name], array)


def test_ctrl_c_keeps_the_weights_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    net = executable(SMALL, batch=16, dtype="float32")

    def watch(progress: Progress) -> None:
        if isinstance(progress, BatchDone) and (progress.epoch, progress.batch) == (2, 2):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(net, DATA, Recipe(5), watch=watch, save_to=path)
    other = executable(SMALL, batch=16, seed=9, dtype="float32")
    other.load(path)
    for name, array in net.state.items():
        np.testing.assert_array_equal(other.state[name], array)
    assert net.buffers["bn1.num_batches_tracked"] == 6


def test_ctrl_c_before_the_first_step_leaves_an_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_text("weights of last week")
    net = executable(SMALL, batch=16, dtype="float32")
    net.forward = lambda *arguments, **options: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        train(net, DATA, Recipe(5), save_to=path)
    assert path.read_text() == "weights of last week"


def test_ctrl_c_during_an_update_waits_until_it_is_whole(tmp_path: Path) -> None:
    class Interrupted(Sgd):
        def update(self, weights: np.ndarray, *others: object) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            weights += 1

    net = executable(SMALL, batch=16, dtype="float32")
    before = net.storage.trained.copy()
    with pytest.raises(KeyboardInterrupt):
        train(net, DATA, Recipe(1, Interrupted()))
    np.testing.assert_array_equal(net.storage.trained, before + 1)


def test_a_training_that_runs_away_is_stopped_and_the_last_good_weights_stay(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    net = executable(
        "net n():\n    input image: [1, 8, 8]\n    output flatten -> linear(3) -> linear(3)\n", batch=16
    )
    with pytest.raises(DiagnosticError) as caught:
        train(net, DATA, Recipe(30, Sgd(), Cosine(1e30)), save_to=path)
    (found,) = caught.value.diagnostics
    assert found.code == "diverged"
    assert found.message.startswith("training diverged: after ")
    assert found.help is not None
    assert found.help.text == "use a learning rate below 1e+30", "the one that was asked for"


# --- what it refuses --------------------------------------------------------------------------------------


def test_data_that_does_not_fit_the_net_is_refused_before_the_first_step() -> None:
    net = executable(SMALL, batch=16)
    many = Dataset("many", Samples(blobs(5).images, np.array([0, 1, 2, 3, 4])), None)
    assert problem(train, net, many, Recipe(1)) == (
        "bad-data",
        "many has labels up to 4, but output of small tells only 3 classes apart",
    )
    large = Dataset("large", Samples(np.zeros((3, 1, 9, 9), np.uint8), np.zeros(3, np.int64)), None)
    assert "larger images are not cut" in problem(train, net, large, Recipe(1))[1]
    assert problem(train, net, Dataset("t", None, DATA.test), Recipe(1))[1] == "t has no training samples"
    bad_test = Dataset("d", DATA.train, Samples(blobs(1).images, np.array([7])))
    assert "d has labels up to 7" in problem(train, net, bad_test, Recipe(1))[1]
    assert net.steps == 0


def test_nets_of_two_inputs_or_without_weights_are_refused() -> None:
    two = executable(
        "net n():\n    input a: [1, 8, 8]\n    input b: [1, 8, 8]\n    output a + b -> flatten -> linear(3)\n"
    )
    assert "reads 2 inputs" in problem(train, two, DATA, Recipe(1))[1]
    fixed = executable("net n():\n    input a: [1, 8, 8]\n    output maxpool(4) -> flatten\n")
    assert problem(train, fixed, DATA, Recipe(1)) == ("cannot-run", "n has no weights to train")
    inference = executable(SMALL, training=False)
    assert problem(train, inference, DATA, Recipe(1))[1] == "small was compiled for inference only"


def test_an_optimiser_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    net = executable(SMALL, batch=16)
    monkeypatch.setattr("cnnspec.backend.training.loop.available_memory", lambda: 1000)
    code, message = problem(train, net, DATA, Recipe(1, Adam()))
    assert code == "too-big"
    assert message.startswith("the optimiser of small needs ")


@pytest.mark.parametrize(("batch", "help_"), [(1, "take 2 samples or more"), (7, "leave one of 50 samples")])
def test_a_lone_sample_that_cannot_be_normalised_is_refused_before_the_first_step(
    batch: int, help_: str
) -> None:
    text = SMALL.replace("-> dropout(0.2) -> flatten", "-> global_avgpool -> bn -> flatten")
    net = executable(text, batch=batch, dtype="float32")
    with pytest.raises(DiagnosticError) as caught:
        train(net, DATA, Recipe(epochs=1))
    (found,) = caught.value.diagnostics
    assert found.code == "cannot-run"
    assert found.help is not None
    assert help_ in found.help.text
    assert net.steps == 0
