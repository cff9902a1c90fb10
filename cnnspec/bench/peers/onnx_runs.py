# pyright: basic, reportMissingImports=false
# The frameworks need not be installed; where they are, not all of them bring types.
"""ONNX Runtime and OpenVINO, which read the net as ONNX. PyTorch writes that."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch

from cnnspec.bench.peers.torch_net import TorchNet

Arrays = Sequence[np.ndarray]


def onnx_model(net: TorchNet, inputs: Arrays) -> bytes:
    """The net as ONNX, with constants folded."""
    target = io.BytesIO()
    names = [f"input{index}" for index in range(len(inputs))]
    tensors = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), tensors, cast("Any", target), input_names=names, dynamo=False)
    return target.getvalue()


def onnxruntime_inference(model: bytes, inputs: Arrays, threads: int) -> Callable[[], list[np.ndarray]]:
    """ONNX Runtime, every optimisation on."""
    import onnxruntime as ort  # noqa: PLC0415

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    read = {entry.name for entry in session.get_inputs()}
    feeds = {f"input{index}": array for index, array in enumerate(inputs) if f"input{index}" in read}
    return lambda: cast("list[np.ndarray]", session.run(None, feeds))


def openvino_inference(model: bytes, inputs: Arrays, threads: int) -> Callable[[], list[np.ndarray]]:
    """OpenVINO in float32, tuned for latency."""
    import openvino as ov  # noqa: PLC0415

    core = ov.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = core.compile_model(core.read_model(model, b""), "CPU", settings)
    request = compiled.create_infer_request()
    tensors = {f"input{index}": ov.Tensor(array) for index, array in enumerate(inputs)}
    feeds = {entry: tensors[name] for entry in compiled.inputs for name in entry.names if name in tensors}
    outputs = compiled.outputs

    def run() -> list[np.ndarray]:
        results = request.infer(feeds)
        return [results[output] for output in outputs]

    return run
