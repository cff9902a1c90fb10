# pyright: basic, reportMissingImports=false
# The frameworks need not be installed; where they are, not all of them bring types.
"""PyTorch at work: eager, with channels last, or compiled by inductor; inference, or a training step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from cnnspec.bench.job import MOMENTUM, RATE
from cnnspec.bench.peers.torch_net import TorchNet

Arrays = Sequence[np.ndarray]


def inference(
    net: TorchNet, inputs: Arrays, *, channels_last: bool = False, compiled: bool = False
) -> Callable[[], list[np.ndarray]]:
    """One pass over the inputs."""
    call, tensors = _prepared(net.eval(), inputs, channels_last=channels_last, compiled=compiled)

    def run() -> list[np.ndarray]:
        with torch.inference_mode():
            return [output.numpy() for output in call(*tensors)]

    return run


def training(
    net: TorchNet,
    inputs: Arrays,
    labels: np.ndarray,
    *,
    channels_last: bool = False,
    compiled: bool = False,
) -> Callable[[], float]:
    """One step: forward, the heads' losses at their weights, backward, SGD with momentum; the loss."""
    call, tensors = _prepared(net.train(), inputs, channels_last=channels_last, compiled=compiled)
    goals = torch.from_numpy(labels)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=RATE, momentum=MOMENTUM)

    def run() -> float:
        optimiser.zero_grad(set_to_none=True)
        heads = zip(net.loss_weights, call(*tensors), strict=True)
        loss = torch.stack([weight * _cross_entropy(scores, goals) for weight, scores in heads]).sum()
        loss.backward()
        optimiser.step()
        return loss.item()

    return run


def _cross_entropy(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(scores, labels.view(scores.shape[0], *scores.shape[2:]))


def _prepared(
    net: TorchNet, inputs: Arrays, *, channels_last: bool, compiled: bool
) -> tuple[Any, list[torch.Tensor]]:
    tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in inputs]
    if channels_last:
        layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
        for parameter in net.parameters():
            if parameter.ndim in layouts:
                parameter.data = parameter.data.contiguous(memory_format=layouts[parameter.ndim])
        tensors = [
            tensor.contiguous(memory_format=layouts.get(tensor.ndim, torch.contiguous_format))
            for tensor in tensors
        ]
    return (torch.compile(net) if compiled else net), tensors
