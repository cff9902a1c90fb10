"""Which layer of one net is which layer of another: by the structure around them, not by name or place.

Every layer gets a colour from what it is and the colours of its neighbours, as Weisfeiler and Leman did to
tell graphs apart. Layers with one colour in both nets are matched, beginning with the colours that see most:
everything before and behind a layer, everything on one side of it, neighbourhoods of falling radius; first
with the arguments of layers, then by their words alone. What is left over is matched where the same kind of
layer stands between matched neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from cnnspec.graph import Graph, Node

Colour = int
Colours = dict[str, Colour]
Own = Callable[[Node], Colour]
"""What a layer is, its neighbours aside."""

RADII = (4, 2, 1, 0)


@dataclass(frozen=True)
class Matching:
    """Pairs of paths, and the paths of each net without a partner, in the order of the nets."""

    pairs: dict[str, str]
    removed: tuple[str, ...]
    added: tuple[str, ...]


def match(before: Graph, after: Graph) -> Matching:
    """Match the layers of two nets one to one."""
    open_pairs = _Open(list(before), list(after))
    for colouring in _colourings():
        open_pairs.pair_equal(colouring(before), colouring(after))
    open_pairs.pair_between(before, after)
    return Matching(
        open_pairs.pairs,
        tuple(node.path for node in open_pairs.left),
        tuple(node.path for node in open_pairs.right),
    )


@dataclass
class _Open:
    """What is matched so far and what is not."""

    left: list[Node]
    right: list[Node]
    pairs: dict[str, str] = field(default_factory=dict[str, str])

    def pair_equal(self, before: Colours, after: Colours) -> None:
        """Pair layers of one colour in the order of the nets."""
        waiting: dict[Colour, list[Node]] = {}
        for node in reversed(self.right):
            waiting.setdefault(after[node.path], []).append(node)
        for node in self.left:
            partners = waiting.get(before[node.path])
            if partners:
                self.pairs[node.path] = partners.pop().path
        self._forget_paired()

    def pair_between(self, before: Graph, after: Graph) -> None:
        """Pair layers of one word of which neighbours are paired, as long as there are any."""
        found = True
        while found:
            found = False
            for node in self.left:
                partner = next(
                    (other for other in self.right if self._stand_alike(before, after, node, other)), None
                )
                if partner is not None:
                    self.pairs[node.path] = partner.path
                    self._forget_paired()
                    found = True
                    break

    def _stand_alike(self, before: Graph, after: Graph, node: Node, other: Node) -> bool:
        if node.word != other.word:
            return False
        sources = {self.pairs.get(tensor.node) for tensor in node.inputs}
        readers = {self.pairs.get(path) for path in before.nx.successors(node.path)}
        return bool(sources & {tensor.node for tensor in other.inputs}) or bool(
            readers & set(after.nx.successors(other.path))
        )

    def _forget_paired(self) -> None:
        taken = set(self.pairs.values())
        self.left = [node for node in self.left if node.path not in self.pairs]
        self.right = [node for node in self.right if node.path not in taken]


def _colourings() -> Iterator[Callable[[Graph], Colours]]:
    yield lambda graph: _both_ways(graph, _exactly)
    yield lambda graph: _both_ways(graph, _by_word)
    for own in (_exactly, _by_word):
        yield partial(_upwards, own=own)
        yield partial(_downwards, own=own)
        for radius in RADII:
            yield partial(_around, own=own, radius=radius)


def _exactly(node: Node) -> Colour:
    """What a layer is by itself: its word and arguments."""
    return hash((node.word, repr(node.layer), node.frozen))


def _by_word(node: Node) -> Colour:
    """What kind of layer it is."""
    return hash(node.word)


def _both_ways(graph: Graph, own: Own) -> Colours:
    """Colours that tell everything before and behind a layer apart."""
    behind = _downwards(graph, own)
    return {path: hash((colour, behind[path])) for path, colour in _upwards(graph, own).items()}


def _upwards(graph: Graph, own: Own) -> Colours:
    """Colours that tell everything before a layer apart."""
    colours: Colours = {}
    for node in graph:
        sources = tuple((colours[tensor.node], tensor.port) for tensor in node.inputs)
        colours[node.path] = hash((own(node), sources))
    return colours


def _downwards(graph: Graph, own: Own) -> Colours:
    """Colours that tell everything behind a layer apart."""
    colours: Colours = {}
    outputs = {output.tensor.node for output in graph.outputs}
    for node in reversed(list(graph)):
        readers = sorted(colours[path] for path in graph.nx.successors(node.path))
        colours[node.path] = hash((own(node), tuple(readers), node.path in outputs))
    return colours


def _around(graph: Graph, own: Own, radius: int) -> Colours:
    """Colours that tell the neighbourhood of a radius apart."""
    colours = {node.path: own(node) for node in graph}
    for _ in range(radius):
        colours = {node.path: _with_neighbours(graph, node, colours) for node in graph}
    return colours


def _with_neighbours(graph: Graph, node: Node, colours: Colours) -> Colour:
    sources = tuple(colours[tensor.node] for tensor in node.inputs)
    readers = sorted(colours[path] for path in graph.nx.successors(node.path))
    return hash((colours[node.path], sources, tuple(readers)))
