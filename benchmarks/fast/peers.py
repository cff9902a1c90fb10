"""The nets of a plan in PyTorch, ONNX Runtime and OpenVINO, with the weights of an executable."""

from __future__ import annotations

import io
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from cnnspec.backend.kernels import operations as ops
from cnnspec.backend.plan.model import Forward, Plan
from cnnspec.backend.storage import Storage

Run = Callable[[], Any]


class TorchNet(torch.nn.Module):
    """The forward steps of a plan on 2-D maps, as PyTorch runs them."""

    def __init__(self, plan: Plan, storage: Storage) -> None:
        super().__init__()
        self.plan = plan
        self.names: dict[str, str] = {}
        for step in plan.forward:
            for use in step.call.weights:
                self._register(use.slot, use.shape, storage)

    def _register(self, slot: str, shape: tuple[int, ...], storage: Storage) -> None:
        name = slot.replace(".", "_")
        if slot in self.names:
            return
        self.names[slot] = name
        start = self.plan.slot[slot].offset
        values = storage.weights[start : start + prod(shape)].reshape(shape)
        tensor = torch.from_numpy(values.copy())
        tensor = tensor.squeeze(2) if tensor.ndim == 5 else tensor
        if self.plan.slot[slot].trainable:
            self.register_parameter(name, torch.nn.Parameter(tensor))
        else:
            self.register_buffer(name, tensor)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        values = {self.plan.inputs[0].buffer: x}
        for step in self.plan.forward:
            inputs = [values[buffer] for buffer in step.inputs]
            weights = [getattr(self, self.names[use.slot]) for use in step.call.weights]
            values[step.outputs[0]] = self._run(step, inputs, weights)
        outputs = tuple(values[port.buffer] for port in self.plan.outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def _run(  # noqa: PLR0911 - one an operation
        self, step: Forward, x: list[torch.Tensor], w: list[torch.Tensor]
    ) -> torch.Tensor:
        match step.call.operation:
            case ops.Convolution(window=k, groups=groups, bias=bias):
                return F.conv2d(
                    x[0], w[0], w[1] if bias else None, k.stride[1:], k.before[1:], k.dilation[1:], groups
                )
            case ops.Linear(bias=bias):
                return F.linear(x[0], w[0], w[1] if bias else None)
            case ops.BatchNorm(epsilon=epsilon, momentum=momentum):
                return F.batch_norm(x[0], w[2], w[3], w[0], w[1], self.training, momentum, epsilon)
            case ops.Activation(function=function):
                return {"relu": F.relu, "relu6": F.relu6, "tanh": torch.tanh}[function](x[0])
            case ops.Add():
                return x[0] + x[1]
            case ops.MaxPool(window=k):
                narrow = F.max_pool2d(x[0], k.size[1:], k.stride[1:], k.before[1:])
                wide = narrow.shape[2:] != tuple(step.call.output_shapes[0][3:])
                return F.max_pool2d(x[0], k.size[1:], k.stride[1:], k.before[1:], ceil_mode=wide)
            case ops.AveragePool(window=k, count_pad=count_pad):
                return F.avg_pool2d(x[0], k.size[1:], k.stride[1:], k.before[1:], count_include_pad=count_pad)
            case ops.AdaptiveAveragePool():
                return F.adaptive_avg_pool2d(x[0], step.call.output_shapes[0][3:])
            case ops.Reshape():
                return x[0].flatten(1)
            case ops.Concat():
                return torch.cat(x, 1)
            case ops.Dropout(rate=rate):
                return F.dropout(x[0], rate, self.training)
            case other:
                raise TypeError(f"no peer for {type(other).__name__}")


def torch_inference(net: TorchNet, x: np.ndarray, *, channels_last: bool, compiled: bool) -> Run:
    """PyTorch, eager or compiled by inductor."""
    net.eval()
    image = torch.from_numpy(x)
    if channels_last:
        net, image = net.to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)
    call = torch.compile(net) if compiled else net

    def run() -> Any:
        with torch.inference_mode():
            return call(image)

    return run


def onnx_model(net: TorchNet, x: np.ndarray) -> bytes:
    """The net as ONNX."""
    target = io.BytesIO()
    net.eval()
    torch.onnx.export(net, (torch.from_numpy(x),), target, dynamo=False)
    return target.getvalue()


def onnxruntime_inference(model: bytes, x: np.ndarray, threads: int) -> Run:
    """ONNX Runtime, every optimisation on."""
    import onnxruntime as ort  # noqa: PLC0415

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})


def openvino_inference(model: bytes, x: np.ndarray, threads: int) -> Run:
    """OpenVINO in float32, tuned for latency."""
    import openvino as ov  # noqa: PLC0415

    core = ov.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(core.read_model(model, b""), "CPU", settings).create_infer_request()
    tensor = ov.Tensor(x)
    return lambda: request.infer({0: tensor})


def torch_training(
    net: TorchNet, x: np.ndarray, labels: np.ndarray, *, channels_last: bool, compiled: bool
) -> Run:
    """One step: forward, loss (auxiliary heads at their weights), backward, SGD with momentum."""
    net.train()
    image, goal = torch.from_numpy(x), torch.from_numpy(labels)
    if channels_last:
        net, image = net.to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)
    call = torch.compile(net) if compiled else net
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    weights = [head.weight for head in net.plan.heads]

    def run() -> float:
        optimiser.zero_grad(set_to_none=True)
        outputs = call(image)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        loss = sum(w * F.cross_entropy(y, goal) for w, y in zip(weights, outputs, strict=True))
        loss.backward()
        optimiser.step()
        return float(loss)

    return run
