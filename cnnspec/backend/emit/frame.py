"""The parts of an emitted program that are the same for every net."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from cnnspec.backend.emit.literals import WIDTH, inert
from cnnspec.backend.plan.model import Plan, Port

_HOW = (
    "Memory comes first, then the kernels, then the steps in their order. The kernels are those of the "
    "installed cnnspec; what is computed when, and where it lies, is written here and may be changed. One "
    "call runs at a time, and the results are the same bytes for any number of THREADS."
)
_ADDRESSES = (
    " The docstring of a kernel says what its places are, in order; one that it has no use for is another of "
    "them once more."
)
_INFERENCE = """
    outputs = forward(inputs)      # arrays of 1 to BATCH samples: {ports}
    load("weights.safetensors")    # or arrays by path, as `parameters` shows them
"""

_TRAINING = """
    loss = train_step(inputs, labels, rate=0.05)    # BATCH samples: {ports}
    save("weights.safetensors")                     # what `load` and `cnnspec run` read
"""

PREPARED = {
    "prepare": "Bring the weights into the order in which the kernels read them.",
    "forward": "The forward pass, layer by layer.",
    "backward": "The backward pass: the gradients of all weights that are trained.",
}
"""What the passes are for."""


def docstring(plan: Plan, math: str) -> list[str]:
    """What the program is, how it is used, and how it may be read."""
    usage = (_TRAINING if plan.training else _INFERENCE).format(ports=_ports(plan.inputs))
    purpose = "for training" if plan.training else "for inference"
    head = f'"""The net {inert(plan.name)} {purpose}, as `cnnspec compile` wrote it (math: {math}).'
    how = _HOW if math == "plain" else _HOW + _ADDRESSES
    return [*_wrapped(head), *usage.splitlines(), "", *_wrapped(how), '"""', ""]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH)


def _ports(ports: Sequence[Port]) -> str:
    shown = ["×".join(map(str, port.shape)) for port in ports]
    return shown[0] if len(shown) == 1 else "by name"


_LOAD = '''
parameters: Mapping[str, Any] = WEIGHTS.by_path(writable={writable})
"""All weights and running statistics by path{note}."""


def load(weights: str | Path | Mapping[str, ArrayLike]) -> None:
    """Take all weights from a safetensors file, or from arrays by path.

    Raises DiagnosticError, with the weights as they were, where they do not fit.
    """
    with LOCK:
        WEIGHTS.load(weights, OMITTED){packed}


def save(path: str | Path) -> None:
    """Write all weights as safetensors."""
    with LOCK:
        WEIGHTS.save(path, NET)

'''

_FORWARD = '''
def forward(inputs: ArrayLike | Mapping[str, ArrayLike]) -> Any:
    """The outputs of 1 to BATCH samples, by name where there are several."""
    with LOCK:
        count = read(inputs, INPUTS, BATCH)
        {forward}(CLOCK.context)
        return results(OUTPUTS, count)

'''

_TRAINING_STEP = '''
def forward(inputs: ArrayLike | Mapping[str, ArrayLike]) -> Any:
    """The outputs of BATCH samples in training: batch statistics, dropout drops."""
    with LOCK:
        read(inputs, INPUTS, BATCH, exactly=True)
        context = CLOCK.tick()
        {forward}(context)
        for counter in COUNTERS:
            np.add(counter, 1, out=counter)
        CLOCK.keep()
        return results(OUTPUTS, BATCH)


def loss(labels: ArrayLike) -> float:
    """The cross-entropy of the last `forward`: `backward` goes back from here."""
    with LOCK:
        return losses(HEADS, SEEDS, labels, CLOCK)


def backward() -> None:
    """The gradients of the last `loss`, written to WEIGHTS.gradients."""
    with LOCK:
        {backward}(CLOCK.spend())


def update(rate: float = RATE) -> None:
    """Gradient descent: v ← momentum·v + g + decay·w, then w ← w − rate·v."""
    with LOCK:
        descend(
            WEIGHTS.trained,
            WEIGHTS.gradients,
            VELOCITY,
            rate=rate,
            momentum=MOMENTUM,
            decay=DECAY,
            nesterov=False,
            threads=THREADS,
        )


def train_step(
    inputs: ArrayLike | Mapping[str, ArrayLike], labels: ArrayLike, rate: float = RATE
) -> float:
    """One step of training on BATCH samples; the loss before it."""
    with LOCK:
        forward(inputs)
        value = loss(labels)
        backward()
        update(rate)
        return value

'''


def functions(plan: Plan, *, is_fast: bool) -> list[str]:
    """`load`, `save`, `forward`, and in training `loss`, `backward`, `update` and `train_step`."""
    runs = {name: f"{name.upper()}.run" if is_fast else f"{name}_steps" for name in ("forward", "backward")}
    packs = is_fast and not plan.training  # in training the passes pack what they use
    text = _LOAD.format(
        writable=plan.training,
        note="" if plan.training else ": to look at; `load` changes them",
        packed="\n        PREPARE.run(CLOCK.context)" if packs else "",
    )
    if plan.training:
        text += _TRAINING_STEP.format(**runs)
    else:
        text += _FORWARD.format(**runs)
    return text.strip("\n").splitlines()


def beginning(plan: Plan, *, is_fast: bool, has_file: bool) -> list[str]:
    """What runs when the program is imported."""
    if has_file:
        return ["load(Path(__file__).with_name(WEIGHTS_FILE))"]
    packs = is_fast and not plan.training
    return ["WEIGHTS.initialise(SEED)", *(["PREPARE.run(CLOCK.context)"] if packs else [])]
