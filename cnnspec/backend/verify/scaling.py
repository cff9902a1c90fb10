"""The same net on smaller inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnspec.analysis.facts import Analysis, analyse
from cnnspec.language.elaborate import Binding, elaborate
from cnnspec.language.spec import Spec

_DIVISORS = (2, 3, 4, 6, 8, 12, 16)


def smaller_inputs(
    spec: Spec, net: str | None = None, bindings: Mapping[str, Binding] | None = None
) -> Iterator[Analysis]:
    """The net with the symbols of its inputs bound to halves, thirds, … of what they are, where legal.

    Nothing for a net whose inputs have no symbols: its sizes are not to be changed.
    """
    bindings = dict(bindings or {})
    free = elaborate(spec, net, symbolic=True).graph
    bound = elaborate(spec, net, bindings).graph
    if free is None or bound is None:
        return
    sizes = {name: size for name in free.symbols if isinstance(size := bound.bindings.get(name), int)}
    for divisor in _DIVISORS if sizes else ():
        smaller = {name: max(1, size // divisor) for name, size in sizes.items()}
        made = elaborate(spec, net, {**bindings, **smaller})
        if made.graph is not None:
            yield analyse(made.graph)
