"""What the layers of a net need while they run, worked out once for any number of timelines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from cnnspec.analysis.differentiation import differentiated, needed_nodes
from cnnspec.analysis.retention import Reads, is_view, reads, runs_in_place, saved
from cnnspec.analysis.timeline import Key, Width, key_of
from cnnspec.dims import Dim, evaluate
from cnnspec.graph import Graph, Node, Output, Tensor
from cnnspec.layers import activation


class Needs:
    """Answers about the layers of a graph; sizes are numbers where symbols are given values by `at`."""

    def __init__(self, graph: Graph, width: Width, at: Mapping[str, int] | None = None) -> None:
        self.graph = graph
        self.width = width
        self._at = at
        self._bytes: dict[Key, Dim] = {}
        self._saved: dict[str, Dim] = {}
        self._readers: dict[Key, list[Node]] = {}
        self._read_back: dict[str, tuple[Key, ...]] = {}
        self._frugal: dict[str, tuple[bool, bool]] = {}
        self.ends = frozenset(key_of(t) for output in graph.outputs for t in self.ends_of(output.tensor))
        """The tensors that the caller reads: outputs, and what goes into a final softmax."""

    @cached_property
    def training_outputs(self) -> list[Output]:
        """All outputs, those of training alone last."""
        extra = [output for output in self.graph.outputs if output.training_only]
        return [*self.graph.inference_outputs, *extra]

    @cached_property
    def training_nodes(self) -> list[Node]:
        """The layers of a training step in their order."""
        return needed_nodes(self.graph, self.training_outputs)

    @cached_property
    def differentiated(self) -> set[str]:
        """The layers whose backward pass runs."""
        return differentiated(self.training_nodes)

    def bytes_of(self, tensor: Tensor) -> Dim:
        """What a tensor takes."""
        key = key_of(tensor)
        if key not in self._bytes:
            self._bytes[key] = self.sized(self.width.of(tensor))
        return self._bytes[key]

    def saved(self, node: Node) -> Dim:
        """The bytes that a layer writes in its forward pass for its backward pass, beside its outputs."""
        if node.path not in self._saved:
            found = saved(node.layer, node.input_shapes[0], node.output_shapes[0])
            self._saved[node.path] = self.sized(found.bytes(self.width.batch, self.width.bytes))
        return self._saved[node.path]

    def readers(self, tensor: Tensor) -> list[Node]:
        """The layers that read a tensor, each as often as it does."""
        key = key_of(tensor)
        if key not in self._readers:
            self._readers[key] = [node for node, _ in self.graph.consumers(tensor)]
        return self._readers[key]

    def read_back(self, node: Node) -> tuple[Key, ...]:
        """The tensors of its forward pass that a layer's backward pass reads."""
        if node.path not in self._read_back:
            wanted = reads(node.layer)
            inputs = node.inputs if Reads.INPUTS in wanted else ()
            outputs = node.outputs if Reads.OUTPUTS in wanted else ()
            self._read_back[node.path] = tuple(map(key_of, (*inputs, *outputs)))
        return self._read_back[node.path]

    def frugal(self, node: Node) -> tuple[bool, bool]:
        """Whether the result of a layer is a view of its input, and whether it may be written over it."""
        if node.path not in self._frugal:
            self._frugal[node.path] = is_view(node), runs_in_place(node.layer)
        return self._frugal[node.path]

    def ends_of(self, tensor: Tensor) -> list[Tensor]:
        """An output, and what goes into it where it is a softmax: a loss reads that."""
        logits = self.logits(tensor)
        return [tensor] if logits == tensor else [tensor, logits]

    def logits(self, tensor: Tensor) -> Tensor:
        """What goes into a final softmax; any other tensor itself."""
        node = self.graph.node(tensor.node)
        is_softmax = isinstance(node.layer, activation.Softmax | activation.LogSoftmax)
        return node.inputs[0] if is_softmax else tensor

    def sized(self, size: Dim) -> Dim:
        """A size, or its value where symbols have values."""
        return size if self._at is None else evaluate(size, self._at)
