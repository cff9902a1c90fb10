"""When each tensor of a run is alive: the steps of inference or of training, in the order of the backend.

Time is counted in steps: the forward steps are 0 … F − 1; at time F the outputs are read and their gradients
written; the backward steps follow. A tensor that several layers read has its gradient in parts, each added in
a step of its own.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from cnnspec.analysis.differentiation import is_trained, needed_nodes
from cnnspec.analysis.needs import Needs
from cnnspec.analysis.retention import Reads, reads
from cnnspec.analysis.timeline import AS_PLANNED, Held, Key, Policy, Role, Timeline, Width, key_of
from cnnspec.dims import product
from cnnspec.graph import Graph, Node, Output, Tensor
from cnnspec.layers.base import WeightKind


def inference_timeline(graph: Graph, width: Width, policy: Policy = AS_PLANNED) -> Timeline:
    """The lives of activations at inference."""
    nodes = needed_nodes(graph, graph.inference_outputs)
    run = _Run(Needs(graph, width), policy, set())
    run.begin()
    run.forward(nodes)
    run.read_outputs(graph.inference_outputs)
    return run.timeline()


def training_timeline(graph: Graph, width: Width, policy: Policy = AS_PLANNED) -> Timeline:
    """The lives of activations, of what is saved and of gradients in one step of training."""
    return timeline_of_training(Needs(graph, width), policy)


def timeline_of_training(needs: Needs, policy: Policy) -> Timeline:
    """The same of a net of which some things are known already."""
    outputs, nodes = needs.training_outputs, needs.training_nodes
    run = _Run(needs, policy, needs.differentiated)
    parts = _cut(nodes, policy.segments)
    run.begin()
    for part in parts[:-1]:
        run.forward_without_keeping(part)
    run.forward(parts[-1])
    run.read_outputs(outputs)
    run.seed(outputs)
    for number, part in reversed(list(enumerate(parts))):
        if number + 1 < len(parts):
            run.again(part)
        for node in reversed(part):
            if node.path in run.differentiated:
                run.backward(node)
    return run.timeline()


def _cut(nodes: Sequence[Node], parts: int) -> list[list[Node]]:
    """The layers in so many parts of about the same length."""
    ends = [len(nodes) * (part + 1) // parts for part in range(parts)]
    return [list(nodes[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


@dataclass
class _Run:
    """A timeline in the making. `values` and `gradients` say where each tensor and its gradient are held."""

    needs: Needs
    policy: Policy
    differentiated: Set[str]
    time: int = 0
    held: list[Held] = field(default_factory=list[Held])
    paths: list[str] = field(default_factory=list[str])
    values: dict[Key, Held] = field(default_factory=dict[Key, Held])
    saves: dict[str, Held] = field(default_factory=dict[str, Held])
    gradients: dict[Key, Held] = field(default_factory=dict[Key, Held])
    part: Set[str] = frozenset()
    """The layers that run together and are not run again: those of the whole net where nothing is."""
    shared: set[str] = field(default_factory=set[str])
    """The owners of weights whose gradient has been written already."""

    def timeline(self) -> Timeline:
        """What was recorded."""
        return Timeline(tuple(self.held), tuple(self.paths))

    def begin(self) -> None:
        """The inputs are there before the first step."""
        for spec in self.needs.graph.inputs:
            self.values[key_of(spec.tensor)] = self._hold(Role.ACTIVATION, spec.tensor)

    def forward(self, part: Sequence[Node]) -> None:
        """Run layers and keep for their backward passes what they save."""
        self.part = {node.path for node in part}
        for node in part:
            self._compute(node)
            self._save(node)
            self._step(node.path)

    def forward_without_keeping(self, part: Sequence[Node]) -> None:
        """Run layers that will run again: only what later ones read stays."""
        self.part = {node.path for node in part}
        for node in part:
            self._compute(node)
            self._step(node.path)
        for node in part:
            for tensor in node.outputs:
                if not self._is_read_later(tensor):
                    del self.values[key_of(tensor)]

    def _is_read_later(self, tensor: Tensor) -> bool:
        readers = self.needs.readers(tensor)
        return key_of(tensor) in self.needs.ends or any(reader.path not in self.part for reader in readers)

    def again(self, part: Sequence[Node]) -> None:
        """Run layers a second time, as far as their backward passes ask for it."""
        self.part = {node.path for node in part}
        for node in self._asked_for(part):
            if any(key_of(tensor) not in self.values for tensor in node.outputs):
                self._compute(node)
            self._save(node)
            self._step(node.path)

    def _asked_for(self, part: Sequence[Node]) -> list[Node]:
        wanted = {
            key for node in part if node.path in self.differentiated for key in self.needs.read_back(node)
        }
        asked: list[Node] = []
        for node in reversed(part):
            missing = any(
                key_of(tensor) in wanted and key_of(tensor) not in self.values for tensor in node.outputs
            )
            if missing or self._saves(node):
                asked.append(node)
                wanted.update(map(key_of, node.inputs))
        return asked[::-1]

    def read_outputs(self, outputs: Sequence[Output]) -> None:
        """At time F the outputs are read, and what goes into a final softmax is."""
        for output in outputs:
            for tensor in self.needs.ends_of(output.tensor):
                self._use(self.values[key_of(tensor)])

    def seed(self, outputs: Sequence[Output]) -> None:
        """At time F the gradients of the outputs are written."""
        ends = [
            t
            for output in outputs
            for t in self.needs.ends_of(output.tensor)
            if t.node in self.differentiated
        ]
        seeds = [(tensor, self._hold(Role.GRADIENT, tensor)) for tensor in ends]
        self._step(outputs[-1].tensor.node if outputs else "")
        for tensor, part in seeds:
            self._contribute(tensor, part)

    def backward(self, node: Node) -> None:
        """Run a layer backwards, then add its parts of gradients to those that are there."""
        results = [self._complete_gradient(tensor) for tensor in node.outputs]
        parts = [(tensor, self._part(node, tensor)) for tensor in node.inputs if self._is_wanted(tensor)]
        self._use(*results, *(self.values[key] for key in self.needs.read_back(node)))
        if node.path in self.saves:
            self._use(self.saves[node.path])
        weights = self._shared_weights(node)
        self._step(node.path)
        for tensor, part in parts:
            self._contribute(tensor, part)
        for part in weights:
            self._use(part)
            self._step(node.path)

    def _is_wanted(self, tensor: Tensor) -> bool:
        return tensor.node in self.differentiated

    def _part(self, node: Node, tensor: Tensor) -> Held:
        """Where a part of a gradient is written: over that of the output, where the policy allows it."""
        if self.policy.in_place and any(self.needs.frugal(node)) and key_of(tensor) not in self.gradients:
            return self.gradients[key_of(node.outputs[0])]
        return self._hold(Role.GRADIENT, tensor)

    def _complete_gradient(self, tensor: Tensor) -> Held:
        """The gradient of an output: zeros, written in a step of their own, where nobody reads it."""
        if key_of(tensor) not in self.gradients:
            self.gradients[key_of(tensor)] = self._hold(Role.GRADIENT, tensor)
            self._step(tensor.node)
        return self.gradients[key_of(tensor)]

    def _shared_weights(self, node: Node) -> list[Held]:
        """The gradients of weights that another application of them has written to already."""
        if not is_trained(node):
            return []
        if node.owner not in self.shared:
            self.shared.add(node.owner)
            return []
        trained = [weight for weight in node.weights if weight.kind is WeightKind.PARAMETER]
        width = self.needs.width.bytes
        sizes = [self.needs.sized(product(weight.shape) * width) for weight in trained]
        return [self._add(Held(Role.GRADIENT, node.path, size, self.time, self.time)) for size in sizes]

    def _contribute(self, tensor: Tensor, part: Held) -> None:
        target = self.gradients.setdefault(key_of(tensor), part)
        if target is not part:
            self._use(target, part)
            self._step(tensor.node)

    # --- single entries -----------------------------------------------------------------------------------

    def _compute(self, node: Node) -> None:
        self._use(*(self.values[key_of(tensor)] for tensor in node.inputs))
        if self.policy.in_place and self._overwrites(node):
            self.values[key_of(node.outputs[0])] = self.values[key_of(node.inputs[0])]
            return
        for tensor in node.outputs:
            if key_of(tensor) not in self.values:
                self.values[key_of(tensor)] = self._hold(Role.ACTIVATION, tensor)

    def _overwrites(self, node: Node) -> bool:
        is_view, in_place = self.needs.frugal(node)
        return is_view or (in_place and self._is_spare(node.inputs[0], node))

    def _is_spare(self, tensor: Tensor, reader: Node) -> bool:
        """Whether nothing reads the tensor besides the layer: no other layer, no caller, no backward pass."""
        graph = self.needs.graph
        maker = graph.node(tensor.node)
        is_output = any(output.tensor == tensor for output in graph.outputs)
        if is_output or maker.path not in self.part or self.needs.readers(tensor) != [reader]:
            return False
        if maker.path in self.differentiated and Reads.OUTPUTS in reads(maker.layer):
            return False
        is_view, _ = self.needs.frugal(maker)
        return not is_view or self._is_spare(maker.inputs[0], maker)

    def _saves(self, node: Node) -> bool:
        return node.path in self.differentiated and self.needs.saved(node) != 0

    def _save(self, node: Node) -> None:
        if self._saves(node):
            entry = Held(Role.SAVED, node.path, self.needs.saved(node), self.time, self.time)
            self.saves[node.path] = self._add(entry)

    def _hold(self, role: Role, tensor: Tensor) -> Held:
        return self._add(Held(role, tensor.node, self.needs.bytes_of(tensor), self.time, self.time))

    def _add(self, entry: Held) -> Held:
        self.held.append(entry)
        return entry

    def _use(self, *entries: Held) -> None:
        for entry in entries:
            entry.last = max(entry.last, self.time)

    def _step(self, path: str) -> None:
        self.paths.append(path)
        self.time += 1
