"""The graph of a net: a `networkx.MultiDiGraph` behind typed access."""

from cnnspec.graph.graph import Condition, Graph, InputSpec, Output
from cnnspec.graph.node import Node, Origin, Tensor

__all__ = ["Condition", "Graph", "InputSpec", "Node", "Origin", "Output", "Tensor"]
