"""Other frameworks compute what we do, from the same weights and inputs."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from bench.nets import NETS, ROUNDS_UP, UNEVEN_BINS, graph

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.bench.job import Job, job_of, our_run
from cnnspec.bench.peers.preparing import PEERS, prepare
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer
from cnnspec.layers.dropout import Dropout

torch = pytest.importorskip("torch")

EAGER = ("torch", "torch-channels-last")
READERS = [name for name in ("onnxruntime", "openvino") if PEERS[name].missing() is None]


def made(name: str, *, training: bool = False) -> tuple[Executable, Job]:
    net = graph(name)
    executable = Executable(make_plan(net, batch=2, training=training), seed=3, threads=1, math="exact")
    return executable, job_of(executable, net)


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        *((name, peer) for name in NETS for peer in (*EAGER, *READERS)),
        *((ROUNDS_UP, peer) for peer in (*EAGER, *READERS) if peer != "openvino"),
        *((UNEVEN_BINS, peer) for peer in EAGER),
    ],
)
def test_outputs_are_ours(name: str, peer: str) -> None:
    executable, job = made(name)
    ours, theirs = our_run(executable, job)(), prepare(PEERS[peer], job)()
    assert len(ours) == len(theirs) == len(executable.plan.outputs)
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            np.asarray(right).reshape(left.shape), left, rtol=0, atol=1e-4 * np.abs(left).max()
        )


@pytest.mark.parametrize("peer", EAGER)
@pytest.mark.parametrize("name", NETS)
def test_steps_of_training_have_our_losses(name: str, peer: str) -> None:
    """The first loss tells of the forward pass, the later ones of the gradients and the update."""
    executable, job = made(name, training=True)
    ours, theirs = our_run(executable, job), prepare(PEERS[peer], job)
    for _ in range(3):
        assert theirs() == pytest.approx(ours(), rel=1e-4)


def test_labels_fit_maps_and_all_heads() -> None:
    _, job = made("volume", training=True)
    assert job.labels is not None
    assert job.labels.shape == (2, 6, 8, 8)
    assert set(np.unique(job.labels)) == {0, 1, 2}


def test_jobs_are_the_same_every_time() -> None:
    (_, one), (_, other) = made("several", training=True), made("several", training=True)
    for left, right in zip(one.inputs, other.inputs, strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert list(one.state) == list(other.state)


def test_a_job_keeps_its_weights_while_ours_are_trained() -> None:
    executable, job = made("sound", training=True)
    before = {name: array.copy() for name, array in job.state.items()}
    our_run(executable, job)()
    for name, array in job.state.items():
        np.testing.assert_array_equal(array, before[name])


def test_every_layer_of_the_language_can_be_run() -> None:
    from cnnspec.bench.peers.torch_layers import runs

    primitive = [cls for cls in LAYERS.values() if cls.lower is Layer.lower]
    assert primitive
    assert not [cls.__name__ for cls in primitive if not runs(cls)]


def test_what_pytorch_does_not_have_is_said() -> None:
    from cnnspec.bench.peers.torch_layers import run_layer

    class Unknown(Layer):
        word = "mystery"

    with pytest.raises(NotImplementedError, match="`mystery`"):
        run_layer(Unknown(), [torch.zeros(1, 1)], {}, training=False)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_pixels_are_shuffled_alike_in_every_rank(rank: int) -> None:
    """A map that is constant along an added axis, but for the channels that this axis takes."""
    from cnnspec.bench.peers.torch_layers import run_layer
    from cnnspec.layers.resampling import PixelShuffle

    channels, r = 3, 2
    values = torch.arange(channels * r**rank * 4**rank, dtype=torch.float32)
    x = values.reshape(1, channels * r**rank, *[4] * rank)
    (found,) = run_layer(PixelShuffle(r), [x], {}, training=False)
    for index in np.ndindex(*found.shape[2:]):
        inside = 0
        for place in index:
            inside = inside * r + place % r
        wanted = x[0, inside :: r**rank, *(place // r for place in index)]
        assert torch.equal(found[0, :, *index], wanted)


def test_dropout_drops_in_training_alone() -> None:
    from cnnspec.bench.peers.torch_layers import run_layer

    x = torch.ones(1000)
    assert torch.equal(run_layer(Dropout(), [x], {}, training=False)[0], x)
    assert not torch.equal(run_layer(Dropout(), [x], {}, training=True)[0], x)


def test_a_module_that_is_not_installed_is_named() -> None:
    peer = replace(PEERS["openvino"], needs=("torch", "no_such_framework"))
    assert peer.missing() == "no_such_framework"
    assert replace(peer, needs=("torch",)).missing() is None


def test_frameworks_are_not_imported_before_they_are_asked_for() -> None:
    import subprocess

    code = "import sys, cnnspec.bench.contest, cnnspec.cli.commands.bench; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert find_spec("torch")
