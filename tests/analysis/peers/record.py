"""What other tools count for the same nets, written to `counts.json`.

Run in an environment with the `test` group, which has the other tools, from the project's folder:

    python -m pip install --no-deps calflops==0.3.2
    PYTHONPATH=tests python tests/analysis/peers/record.py

What calflops counts for the nets with `hypot`, `atan2` and `pixel_unshuffle` was read off its source, which
patches none of the three; the package was not there when they were added.
"""

from __future__ import annotations

import importlib.machinery
import io
import json
import sys
import types
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from analysis.peers.modules import Net
from analysis.peers.nets import NAMES, graph_of
from torch import nn

Example = torch.Tensor


def fvcore(net: nn.Module, x: Example) -> int:
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(net, x).unsupported_ops_warnings(False).tracer_warnings("none").total())


def ptflops(net: nn.Module, x: Example) -> int | None:
    from ptflops import get_model_complexity_info

    count, _ = get_model_complexity_info(
        net, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, backend="pytorch"
    )
    return None if count is None else int(count)


def thop(net: nn.Module, x: Example) -> int:
    from thop import profile

    return int(profile(net, inputs=(x,), verbose=False)[0])


def torchinfo(net: nn.Module, x: Example) -> int:
    from torchinfo import summary

    return int(summary(net, input_data=x, verbose=0).total_mult_adds)


def calflops(net: nn.Module, x: Example) -> int:
    # It imports these for language models only.
    for name, wanted in {
        "transformers": ["AutoTokenizer"],
        "accelerate": ["init_empty_weights"],
        "accelerate.utils": ["is_timm_available", "is_transformers_available"],
        "huggingface_hub": ["model_info"],
        "huggingface_hub.utils": ["GatedRepoError", "RepositoryNotFoundError"],
    }.items():
        if name not in sys.modules:
            stub = types.ModuleType(name)
            stub.__spec__ = importlib.machinery.ModuleSpec(name, None)
            for attribute in wanted:
                setattr(stub, attribute, lambda *_: False)
            sys.modules[name] = stub
    from calflops import calculate_flops

    count, _, _ = calculate_flops(
        net, input_shape=tuple(x.shape), output_as_string=False, print_results=False
    )
    return int(count)


def onnx_tool(net: nn.Module, x: Example) -> int:
    import numpy as np
    from onnx_tool import Model

    file = io.BytesIO()
    torch.onnx.export(net, (x,), file, dynamo=False, opset_version=17, input_names=["x"])
    path = Path("/tmp") / "cnnspec-peer.onnx"  # noqa: S108
    path.write_bytes(file.getvalue())
    graph = Model(str(path)).graph
    graph.shape_infer({"x": np.zeros(x.shape, np.float32)})
    graph.profile()
    return int(sum(graph.macs) if isinstance(graph.macs, list | tuple) else graph.macs)


TOOLS: dict[str, Callable[[nn.Module, Example], int | None]] = {
    "fvcore": fvcore,
    "ptflops": ptflops,
    "thop": thop,
    "torchinfo": torchinfo,
    "calflops": calflops,
    "onnx-tool": onnx_tool,
}


def count(tool: str, name: str) -> int | None:
    """What a tool counts; None where it gives up."""
    graph = graph_of(name)
    torch.manual_seed(0)
    net = Net(graph).eval()
    x = torch.zeros(1, *graph.inputs[0].tensor.shape)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return TOOLS[tool](net, x)
    except Exception as problem:
        print(f"{tool} on {name}: {type(problem).__name__}: {str(problem)[:100]}", file=sys.stderr)
        return None


def main() -> None:
    counts = {name: {tool: count(tool, name) for tool in TOOLS} for name in NAMES}
    target = Path(__file__).with_name("counts.json")
    target.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
