"""A contest says of everyone how it went: a time, or why there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench.nets import UNEVEN_BINS, graph

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.bench.contest import OURS, Contest, Reference
from cnnspec.bench.job import job_of, our_run
from cnnspec.bench.peers.preparing import PEERS
from cnnspec.bench.peers.remote import PeerError, RemotePeer
from cnnspec.bench.timing import LEAST_SAMPLES

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

WITH_DROPOUT = """
    net with_dropout():
        input image: [2, 6, 6]
        conv(4, 3) -> relu -> dropout(0.5) -> flatten
        output linear(3)
"""


def quiet(text: str) -> None:
    del text


def contest(text: str, *, training: bool = False) -> Contest:
    net = graph(text)
    executable = Executable(make_plan(net, batch=2, training=training), threads=1, math="fast")
    return Contest(executable, job_of(executable, net))


def test_everyone_is_timed_and_agrees() -> None:
    said: list[str] = []
    of = contest("several")
    of.run([PEERS["torch"], PEERS["onnxruntime"]], 0.01, said.append)
    ours, *theirs = of.results
    assert [result.name for result in of.results] == [OURS, "torch", "onnxruntime"]
    assert all(result.timing and result.timing.least > 0 for result in of.results)
    assert ours.difference is None
    assert all(result.difference is not None and result.difference < 1e-4 for result in theirs)
    assert said == ["compiling several", "preparing torch", "preparing onnxruntime", "timing several"]


def test_who_is_not_installed_does_not_train_or_cannot_run_the_net_is_told() -> None:
    absent = replace(PEERS["openvino"], needs=("no_such_framework",))
    of = contest(UNEVEN_BINS)
    of.run([absent, PEERS["onnxruntime"]], 0.01, quiet)
    ours, openvino, onnxruntime = of.results
    assert openvino.problem == "no_such_framework is not installed; `pip install no_such_framework` brings it"
    assert onnxruntime.problem is not None
    assert "adaptive_avg_pool" in onnxruntime.problem
    assert "\n" not in onnxruntime.problem
    assert openvino.timing is onnxruntime.timing is None
    assert ours.timing

    of = contest("sound", training=True)
    of.run([PEERS["onnxruntime"]], 0.01, quiet)
    assert of.results[1].problem == "onnxruntime does not train"


def test_losses_are_compared() -> None:
    of = contest("sound", training=True)
    assert Reference(of.executable, of.job, 2.0).difference(2.5) == pytest.approx(0.25)


def test_losses_are_not_compared_where_masks_differ() -> None:
    of = contest(WITH_DROPOUT, training=True)
    assert Reference(of.executable, of.job, 1.0).difference(2.0) is None


def test_a_difference_is_a_share_of_what_depends_on_the_input() -> None:
    of = contest("sound")
    (outputs,) = our_run(of.executable, of.job)()
    of.executable.forward(np.zeros_like(of.job.inputs[0]))
    (nothing,) = of.executable.outputs.values()
    reference = Reference(of.executable, of.job, [outputs])
    assert reference.difference([outputs]) == 0
    moved = outputs.copy()
    moved.flat[3] += 0.5 * np.abs(outputs - nothing).max()
    assert reference.difference([moved]) == pytest.approx(0.5)
    assert reference.difference([outputs[:, :-1]]) == np.inf
    moved.flat[3] = np.nan
    assert np.isnan(reference.difference([moved]))


def test_a_difference_of_one_output_is_not_lost_behind_those_of_others() -> None:
    of = contest("net n:\n    input x: [1, 4]\n    output a = x -> relu\n    output b = x -> tanh\n")
    outputs = [np.array(array) for array in of.executable.forward(of.job.inputs[0]).values()]
    reference = Reference(of.executable, of.job, outputs)
    assert np.isnan(reference.difference([outputs[0] + 1, np.full_like(outputs[1], np.nan)]))
    assert reference.difference([outputs[0], np.zeros_like(outputs[1])]) > 0


class Lost:
    """A peer whose process ends after its first samples."""

    result = 0.0

    def __init__(self, name: str) -> None:
        self.name = name
        self.samples = 0

    def sample(self) -> float:
        self.samples += 1
        if self.samples > LEAST_SAMPLES:
            raise PeerError(self.name, "it is gone")
        return 1.0

    def close(self) -> None:
        pass


def test_the_others_go_on_when_one_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contest, "_opened", lambda self, peer: Lost(peer.name))
    of = contest("sound", training=True)
    of.run([PEERS["torch"]], 0.01, quiet)
    ours, torch = of.results
    assert ours.timing
    assert ours.timing.samples > LEAST_SAMPLES
    assert torch.timing is None
    assert torch.problem == "it is gone"


def test_what_was_measured_stays_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Contest, peer: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Contest, "_opened", stop)
    of = contest("sound")
    assert of.results == []
    with pytest.raises(KeyboardInterrupt):
        of.run([PEERS["torch"]], 60, quiet)
    (ours,) = of.results
    assert ours.timing
    assert ours.timing.samples >= 4


def test_a_process_answers_until_it_ends() -> None:
    of = contest("sound")
    remote = RemotePeer(PEERS["torch"], of.job)
    try:
        (output,) = remote.result
        assert np.isfinite(output).all()
        assert remote.sample() > 0
        remote.process.kill()
        with pytest.raises(PeerError, match=r"ended by SIGKILL \(out of memory\?\)"):
            remote.sample()
    finally:
        remote.close()
    assert remote.process.exitcode is not None
