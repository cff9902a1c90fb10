"""A peer by its name, made ready to run a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from cnnspec.bench.job import Job


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to run a net in another framework. `needs` are the modules it takes."""

    name: str
    needs: tuple[str, ...]
    trains: bool = True
    channels_last: bool = False
    compiled: bool = False

    def missing(self) -> str | None:
        """The first module it needs that is not installed."""
        return next((module for module in self.needs if find_spec(module) is None), None)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("torch", ("torch",)),
        Peer("torch-channels-last", ("torch",), channels_last=True),
        Peer("torch-compile", ("torch",), channels_last=True, compiled=True),
        Peer("onnxruntime", ("onnxruntime", "torch"), trains=False),
        Peer("openvino", ("openvino", "torch"), trains=False),
    )
}
"""By name. PyTorch writes the ONNX that ONNX Runtime and OpenVINO read."""


def prepare(peer: Peer, job: Job) -> Callable[[], Any]:
    """Load a net into a peer; what is returned runs it once, and returns the outputs or the loss.

    Raises whatever the framework does where it cannot run the net.
    """
    import torch  # noqa: PLC0415 - only what is asked for is loaded

    from cnnspec.bench.peers import onnx_runs, torch_runs  # noqa: PLC0415
    from cnnspec.bench.peers.torch_net import TorchNet  # noqa: PLC0415

    torch.set_num_threads(job.threads)
    net = TorchNet(job.graph, job.state, for_training=job.training)
    if job.labels is not None:
        return torch_runs.training(
            net, job.inputs, job.labels, channels_last=peer.channels_last, compiled=peer.compiled
        )
    if peer.trains:
        return torch_runs.inference(net, job.inputs, channels_last=peer.channels_last, compiled=peer.compiled)
    model = onnx_runs.onnx_model(net, job.inputs)
    read = onnx_runs.onnxruntime_inference if peer.name == "onnxruntime" else onnx_runs.openvino_inference
    return read(model, job.inputs, job.threads)
