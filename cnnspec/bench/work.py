"""The work of layers as the analysis knows it: floating-point operations, and bytes that must be moved."""

from __future__ import annotations

from cnnspec.analysis.differentiation import needed_nodes
from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.roofline import bytes_of, traffic
from cnnspec.analysis.training_compute import total_training_macs, training_macs
from cnnspec.backend.plan.sizes import whole
from cnnspec.backend.sections import Stage
from cnnspec.dims import product
from cnnspec.graph import Graph, Node


def work_of_run(analysis: Analysis, batch: int, *, training: bool) -> int:
    """FLOPs of a run of a batch: all of an inference, the multiply-adds of a training step."""
    flops = total_training_macs(analysis).flops if training else analysis.totals.flops.total
    return batch * whole(flops)


class Work:
    """The FLOPs and bytes of the layers of a pass, for a batch.

    In inference FLOPs are all that the layers compute; in training those of the multiply-adds of both passes.
    """

    def __init__(self, analysis: Analysis, batch: int, width: int, *, training: bool) -> None:
        graph = analysis.graph
        nodes = needed_nodes(graph, graph.outputs if training else graph.inference_outputs)
        self.paths = [node.path for node in nodes]
        self._nodes = {node.path: node for node in nodes}
        self._analysis, self._batch, self._bits = analysis, batch, 8 * width
        self._trained = training_macs(analysis) if training else None

    def of(self, stage: str, paths: tuple[str, ...]) -> tuple[int, int]:
        """FLOPs and bytes of layers that run together in a stage of a run."""
        match stage:
            case Stage.FORWARD:
                return self._forward(paths)
            case Stage.BACKWARD:
                return self._gradients(paths[0])
            case _:
                return 0, self._weights(paths[0])

    def _forward(self, paths: tuple[str, ...]) -> tuple[int, int]:
        nodes = [self._nodes[path] for path in paths if path in self._nodes]
        counts = [
            2 * self._trained[node.path].forward
            if self._trained is not None
            else self._analysis.by_path[node.path].flops.total
            for node in nodes
        ]
        return self._batch * sum(map(whole, counts)), moved_by(
            nodes, self._analysis.graph, self._batch, self._bits
        )

    def _gradients(self, path: str) -> tuple[int, int]:
        """Each of the two moves what the forward pass does."""
        if path not in self._nodes or self._trained is None:
            return 0, 0
        macs = self._trained[path]
        passes = max(1, (macs.data != 0) + (macs.weights != 0))
        moved = whole(traffic(self._analysis.by_path[path], self._batch, self._bits))
        return 2 * self._batch * (whole(macs.data) + whole(macs.weights)), passes * moved

    def _weights(self, path: str) -> int:
        """Read and written once."""
        node = self._nodes.get(path)
        elements = sum(whole(product(weight.shape)) for weight in node.weights) if node else 0
        return 2 * whole(bytes_of(elements, self._bits))


def moved_by(nodes: list[Node], graph: Graph, batch: int, bits: int) -> int:
    """Bytes that layers which run together read and write for a batch, each tensor and weight once."""
    inside = {node.path for node in nodes}
    seen = {(output.tensor.node, output.tensor.port) for output in graph.outputs}
    read = {tensor for node in nodes for tensor in node.inputs if tensor.node not in inside}
    written = {
        tensor
        for node in nodes
        for tensor in node.outputs
        if (tensor.node, tensor.port) in seen
        or not (readers := graph.consumers(tensor))
        or any(reader.path not in inside for reader, _ in readers)
    }
    weights = {(node.owner, weight.name): weight for node in nodes for weight in node.weights}
    elements = sum(whole(product(tensor.shape)) for tensor in read | written) * batch
    elements += sum(whole(product(weight.shape)) for weight in weights.values())
    return whole(bytes_of(elements, bits))
