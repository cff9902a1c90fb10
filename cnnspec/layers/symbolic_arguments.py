"""Arguments that depend on symbols: what numbers are refused for at once, becomes a requirement."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from cnnspec.dims import Relation, Symbolic, render
from cnnspec.layers.arguments import entries, signature
from cnnspec.layers.base import Layer, Requirement


def argument_requirements(layer: Layer) -> Iterator[Requirement]:
    """Every symbolic argument is as great as a number in its place would have to be."""
    for name, least in _bounded(type(layer)):
        for size in _symbolic(getattr(layer, name)):
            yield Requirement(
                "bad-argument",
                size,
                Relation.AT_LEAST,
                least,
                lambda name=name, least=least, size=size: (
                    f"`{name}` of `{layer.word}` must be at least {least}, which {render(size)} is not"
                ),
                argument=name,
            )


@lru_cache(maxsize=256)
def _bounded(layer: type[Layer]) -> tuple[tuple[str, int], ...]:
    """The parameters that have a least value, and that value."""
    parameters = [(parameter.name, parameter.kind.least) for parameter in signature(layer)]
    return tuple((name, least) for name, least in parameters if least is not None)


def _symbolic(value: object) -> Iterator[Symbolic]:
    """The symbolic sizes in an argument."""
    if isinstance(value, Symbolic):
        yield value
    for entry in entries(value) or ():
        yield from _symbolic(entry)
