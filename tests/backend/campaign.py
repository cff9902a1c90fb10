"""Random trainable nets by the fast backend against PyTorch: outputs, statistics, and every gradient.

    make fuzz-backend
    PYTHONPATH=tests python -m backend.campaign --nets 5000 --log build/campaign.jsonl

The first is the second, after other tests at full size. It runs those that the log does not have yet, so a
campaign may be ended and taken up again, and divided among processes by `--first`. The last line says what
was found; exit code 1 where a net disagrees.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from backend.agreement import without_dropout
from backend.fast.fences import TARGETS, fenced, library
from backend.nets import graph
from backend.trainable_nets import TrainableNet, trainable_net
from torch_nets import TorchNet

from cnnspec.backend.executable import Executable
from cnnspec.backend.fast import net as fast_net
from cnnspec.backend.fast.cache import sources_digest
from cnnspec.backend.fast.library import host_library
from cnnspec.backend.plan import make_plan
from cnnspec.graph import Graph
from cnnspec.layers.activation import Softmax

Array = np.ndarray
Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Way:
    """How a net is run, and how near it must come: errors are relative to the largest number of a tensor.

    `shake` is a relative change of all inputs and weights that rounding errors in between amount to.
    """

    dtype: str
    math: str
    tolerance: float
    shake: float


EXACT, FAST = Way("float64", "exact", 1e-10, 1e-13), Way("float64", "fast", 1e-10, 1e-12)
SINGLE, SINGLE_FAST = Way("float32", "exact", 2e-5, 1e-6), Way("float32", "fast", 2e-4, 1e-5)
WAYS = (EXACT, FAST, EXACT, FAST, SINGLE, EXACT, FAST, EXACT, FAST, SINGLE_FAST)


@dataclass
class Verdict:
    """What a net gave. `ill` are tensors for which PyTorch is no nearer to itself than we are to it."""

    seed: int
    way: str
    code: str = ""
    """Which kernels: a digest of their sources."""
    tensors: int = 0
    worst: float = 0.0
    wrong: list[str] = field(default_factory=list)
    ill: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """A net with all that goes in: weights, inputs, and what the backward pass starts from."""

    net: TrainableNet
    graph: Graph
    way: Way
    state: Arrays
    inputs: Arrays
    labels: Array | None
    weighing: Arrays
    """A gradient of every output, where there are no labels."""
    used: frozenset[str]
    """The weights and statistics of layers that an output depends on: we run no others."""

    def shaken(self, seed: int) -> Trial:
        """With every input and weight changed a little."""
        random = np.random.default_rng(seed)

        def change(arrays: Arrays) -> dict[str, Array]:
            return {
                name: array * (1 + self.way.shake * random.choice((-1, 1), array.shape))
                if array.dtype.kind == "f"
                else array
                for name, array in arrays.items()
            }

        return replace(self, state=change(self.state), inputs=change(self.inputs))


def run(seed: int, way: Way | None = None) -> Verdict:
    """The net of a seed, forward and backward; for one in four also at inference and on two threads."""
    way = way or WAYS[seed % len(WAYS)]
    verdict = Verdict(seed, f"{way.dtype} {way.math}", code=sources_digest()[:8])
    trial, ours = _prepared(seed, way)
    found = _ours(trial, ours)
    wanted, tied = _by_torch(trial, training=True)
    _compare(trial, found, wanted, tied, verdict)
    if seed % 4 == 0:
        _compare_inference(trial, ours, verdict)
    if seed % 4 == 1:
        _compare_threads(seed, trial, found, verdict)
    if seed % 4 == 2:
        _compare_fenced(seed, trial, found, verdict)
    if seed % 4 == 3:
        _compare_target(seed, trial, wanted, tied, verdict)
    return verdict


# --- ours -------------------------------------------------------------------------------------------------


def _prepared(
    seed: int, way: Way, make: Callable[..., Executable] = Executable, threads: int = 1
) -> tuple[Trial, Executable]:
    net = trainable_net(seed)
    net_graph = without_dropout(graph(net.text))
    plan = make_plan(
        net_graph,
        batch=net.batch,
        training=True,
        dtype=way.dtype,
        input_gradients=True,
        recompute=seed % 3 == 0,
    )
    ours = make(plan, seed=seed, threads=threads, math=way.math)
    random = np.random.default_rng(seed)
    with ours.writing() as weights:
        for name, array in weights.items():
            if array.ndim == 1 and array.dtype.kind == "f":
                array[...] += 0.3 * random.standard_normal(array.shape)
            if name.endswith("running_var"):
                array[...] = random.uniform(0.5, 1.5, array.shape)
    inputs = {port.name: random.standard_normal((net.batch, *port.shape)) for port in plan.inputs}
    inputs = {name: array.astype(way.dtype) for name, array in inputs.items()}
    heads = {head.output: plan.buffers[head.logits].shape for head in plan.heads}
    labels = weighing = None
    if net.classes:
        shape = next(iter(heads.values()))
        labels = random.integers(0, net.classes, (net.batch, *(shape[2:] if len(shape) == 5 else ())))
    else:
        weighing = {
            port.name: random.standard_normal((net.batch, *port.shape)).astype(way.dtype)
            for port in plan.outputs
        }
    state = {name: array.copy() for name, array in ours.state.items()}
    used = frozenset(use.slot for step in plan.forward for use in step.call.weights)
    return Trial(net, net_graph, way, state, inputs, labels, weighing or {}, used), ours


def _ours(trial: Trial, ours: Executable) -> dict[str, Array]:
    ours.forward(trial.inputs)
    found = {f"output {name}": array for name, array in ours.outputs.items()}
    if trial.labels is None:
        ours.backward(trial.weighing)
    else:
        found["loss"] = np.array(ours.loss(trial.labels))
        ours.backward()
    found |= {f"gradient {name}": array.copy() for name, array in ours.gradients.items()}
    found |= {f"gradient of input {name}": array for name, array in ours.input_gradients.items()}
    return found | {f"statistic {name}": a.copy() for name, a in ours.buffers.items() if "running" in name}


# --- theirs -----------------------------------------------------------------------------------------------


def _hardsigmoid(x: torch.Tensor) -> torch.Tensor:
    """PyTorch's own has a sixth in single precision in its gradient."""
    return torch.nn.functional.relu6(x + 3) / 6


def _batch_norm(  # noqa: PLR0917 - as PyTorch's
    x: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """The definition, of which PyTorch keeps every step as it keeps tensors. Moves no statistics."""
    del momentum
    axes, shape = [0, *range(2, x.dim())], [1, -1, *[1] * (x.dim() - 2)]
    if training:
        mean = x.mean(axes, keepdim=True)
        variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    else:
        assert running_mean is not None
        assert running_var is not None
        mean, variance = running_mean.view(shape), running_var.view(shape)
    normed = (x - mean) / torch.sqrt(variance + eps)
    if weight is None or bias is None:
        return normed
    return normed * weight.view(shape) + bias.view(shape)


@mock.patch.object(torch.nn.functional, "hardsigmoid", _hardsigmoid)
def _by_torch(trial: Trial, *, training: bool, dtype: str = "float64") -> tuple[dict[str, Array], bool]:
    """All that ours gives, by PyTorch in a precision, and whether some maximum had equals."""
    theirs = TorchNet(trial.graph, _cast(trial.state, dtype))
    outputs = theirs(_cast(trial.inputs, dtype), training=training)
    found = {f"output {name}": output.detach().numpy() for name, output in outputs.items()}
    if not training:
        return found, False
    if trial.labels is None:
        weighing = _cast(trial.weighing, dtype)
        total = sum((torch.tensor(weighing[name]) * output).sum() for name, output in outputs.items())
    else:
        total = found["loss"] = sum(_losses(trial, outputs))
        found["loss"] = np.array(float(total.detach()))
    if total.requires_grad:
        total.backward()
    trained = {name: weight for name, weight in theirs.weights.items() if weight.requires_grad}
    found |= {f"gradient {name}": _gradient(weight) for name, weight in trained.items()}
    found |= {f"gradient of input {name}": _gradient(leaf) for name, leaf in theirs.inputs.items()}
    running = {name: theirs.weights[name] for name in trial.used if "running" in name}
    return found | {f"statistic {name}": weight.numpy() for name, weight in running.items()}, theirs.tied


def _losses(trial: Trial, outputs: Mapping[str, torch.Tensor]) -> Iterator[torch.Tensor]:
    """The cross-entropy of each output times its weight; under a softmax, of what the softmax reads."""
    for output in trial.graph.outputs:
        scores = outputs[output.name]
        if isinstance(trial.graph.node(output.tensor.node).layer, Softmax):
            scores = torch.log(scores)
        labels = torch.tensor(trial.labels).reshape(-1, *scores.shape[2:])
        yield output.loss_weight * torch.nn.functional.cross_entropy(scores, labels)


def _gradient(tensor: torch.Tensor) -> Array:
    return (torch.zeros_like(tensor) if tensor.grad is None else tensor.grad).detach().numpy()


def _cast(arrays: Arrays, dtype: str) -> dict[str, Array]:
    return {name: array.astype(dtype) if array.dtype.kind == "f" else array for name, array in arrays.items()}


# --- the comparison ---------------------------------------------------------------------------------------


def _compare(
    trial: Trial, found: Arrays, wanted: Arrays, tied: bool, verdict: Verdict, *, where: str = ""
) -> None:
    scales = _scales(wanted)
    wrong: list[str] = []
    for name, expected in wanted.items():
        error = _error(found[name], expected, scales[name])
        verdict.tensors += 1
        if error <= trial.way.tolerance:
            verdict.worst = max(verdict.worst, error / trial.way.tolerance)
        else:
            wrong.append(name)
    if wrong:
        unsteady = _unsteady(trial, wanted, scales)
        for name in wrong:
            error = _error(found[name], wanted[name], scales[name])
            excused = (tied and "gradient" in name) or error <= 10 * unsteady[name]
            (verdict.ill if excused else verdict.wrong).append(f"{name}{where}: {error:.2g}")


def _scales(arrays: Arrays) -> dict[str, float]:
    """The largest number of each tensor; for gradients no less than a hundredth of the largest of all."""
    largest = {name: float(np.abs(array).max(initial=0.0)) for name, array in arrays.items()}
    steepest = max((size for name, size in largest.items() if "gradient" in name), default=0.0)
    return {
        name: max(size, 1e-2 * steepest if "gradient" in name else 0.0, 1e-30)
        for name, size in largest.items()
    }


def _error(found: Array, expected: Array, scale: float) -> float:
    """The largest difference as a share of the scale; infinite where there is NaN."""
    if found.shape != expected.shape:
        return np.inf
    error = float(np.abs(found - expected).max(initial=0.0)) / scale
    return np.inf if np.isnan(error) else error


def _unsteady(trial: Trial, wanted: Arrays, scales: Mapping[str, float]) -> dict[str, float]:
    """How much PyTorch's own answers change when all that goes in changes by a rounding error.

    And, where we were held to single precision, how far it is from double precision itself: as it is, and
    with normalisations written out, for its own keep their sums in double precision. The gradient of a bias
    before a normalisation is 0; what is found instead is what the sums were rounded by.
    """
    training = any("gradient" in name for name in wanted)
    others = [_by_torch(trial.shaken(seed), training=training)[0] for seed in range(4)]
    if trial.way.dtype == "float32":
        others.append(_by_torch(trial, training=training, dtype="float32")[0])
        with mock.patch.object(torch.nn.functional, "batch_norm", _batch_norm):
            others.append(_by_torch(trial, training=training, dtype="float32")[0])
    return {
        name: max(_error(other[name], expected, scales[name]) for other in others)
        for name, expected in wanted.items()
    }


def _compare_inference(trial: Trial, ours: Executable, verdict: Verdict) -> None:
    with ours.writing() as weights:
        for name, array in trial.state.items():
            weights[name][...] = array
    ours.forward(trial.inputs, training=False)
    found = {f"output {name}": array for name, array in ours.outputs.items()}
    wanted, _ = _by_torch(trial, training=False)
    _compare(trial, found, wanted, False, verdict)


def _compare_threads(seed: int, trial: Trial, found: Arrays, verdict: Verdict) -> None:
    """Two threads, even where the net is too small to be worth them, give the same bytes."""
    with mock.patch.object(fast_net, "threads_worth", lambda _plan, _count, wanted: wanted):
        again = _ours(*_prepared(seed, trial.way, threads=2))
    verdict.wrong += [f"{name}: other bytes on two threads" for name in _different(found, again)]


def _compare_fenced(seed: int, trial: Trial, found: Arrays, verdict: Verdict) -> None:
    """With every buffer between bands of NaN, the bytes are those of one shared arena."""
    with fenced() as fences:
        again = _ours(*_prepared(seed, trial.way, fences.executable))
        fences.check()
    verdict.wrong += [f"{name}: other bytes between fences" for name in _different(found, again)]


def _different(found: Arrays, again: Arrays) -> list[str]:
    return [name for name, array in found.items() if array.tobytes() != again[name].tobytes()]


def _compare_target(seed: int, trial: Trial, wanted: Arrays, tied: bool, verdict: Verdict) -> None:
    """On the vectors of another processor."""
    others = [name for name in TARGETS if name != "this processor"]
    target = others[seed // 4 % len(others)]
    with fenced(target) as fences:
        _, ours = _prepared(seed, trial.way, fences.executable)
        _compare(trial, _ours(trial, ours), wanted, tied, verdict, where=f" ({target})")
        fences.check()


# --- a campaign -------------------------------------------------------------------------------------------


def summary(verdicts: list[Verdict]) -> str:
    """One line about all nets."""
    wrong = [verdict for verdict in verdicts if verdict.wrong]
    ill = sum(bool(verdict.ill) for verdict in verdicts)
    worst = {way: max(v.worst for v in verdicts if v.way == way) for way in sorted({v.way for v in verdicts})}
    shares = ", ".join(f"{share:.2g} ({way})" for way, share in worst.items())
    return (
        f"{len(verdicts)} nets, {sum(v.tensors for v in verdicts)} tensors compared with PyTorch; "
        f"largest error as a share of what is allowed: {shares}; {ill} nets with tensors that have "
        f"no definite value (ties, cancellation); {len(wrong)} mismatches"
    )


def main() -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--nets", type=int, default=5000)
    parser.add_argument("--log", type=Path, required=True, help="one line of JSON a net")
    options = parser.parse_args()
    options.log.parent.mkdir(parents=True, exist_ok=True)
    options.log.touch()
    verdicts = [Verdict(**json.loads(line)) for line in options.log.read_text().splitlines()]
    done = {verdict.seed for verdict in verdicts}
    torch.set_num_threads(1)
    with options.log.open("a") as log:
        for seed in range(options.first, options.first + options.nets):
            if seed in done:
                continue
            verdicts.append(run(seed))
            log.write(json.dumps(asdict(verdicts[-1])) + "\n")
            log.flush()
            if verdicts[-1].wrong:
                print(f"seed {seed}:", *verdicts[-1].wrong, sep="\n  ", flush=True)
            if seed % 100 == 0:
                host_library.cache_clear()
                library.cache_clear()
                gc.collect()
    print(summary(verdicts))
    return int(any(verdict.wrong for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
