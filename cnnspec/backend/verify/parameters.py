"""Parameters: the arrays that were allocated, and that the kernels took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cnnspec.analysis.facts import Analysis
from cnnspec.backend.certificate import Claim, Section, Topic, compared
from cnnspec.backend.executable import Arrays, Executable


def check_parameters(analysis: Analysis, executable: Executable) -> Section:
    """Count the elements of the executable's weights, layer by layer and in total."""
    return Section(
        Topic.PARAMETERS, "the arrays that were allocated were measured", tuple(_claims(analysis, executable))
    )


def _claims(analysis: Analysis, executable: Executable) -> Iterator[Claim]:
    totals = analysis.totals
    kinds = (
        ("parameters", executable.parameters, totals.params),
        ("trained parameters", executable.gradients, totals.trainable),
        ("buffers", executable.buffers, totals.buffers),
    )
    for name, arrays, expected in kinds:
        yield compared(Topic.PARAMETERS, f"all {name}", expected, sum(a.size for a in arrays.values()))
    allocated = _by_layer(executable.state)
    for facts in analysis.layers:
        if facts.node.weights or facts.params or facts.buffers:
            yield compared(Topic.PARAMETERS, facts.path, facts.params + facts.buffers, allocated[facts.path])


def _by_layer(arrays: Arrays) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for name, array in arrays.items():
        sizes[name.rpartition(".")[0]] += array.size
    return sizes
