"""The graph of a net: a `networkx.MultiDiGraph` behind typed access."""

from cnnspec.graph.graph import Condition, Expectation, Graph, InputSpec, Output
from cnnspec.graph.node import InputLayer, Node, Origin, Tensor

__all__ = [
    "Condition",
    "Expectation",
    "Graph",
    "InputLayer",
    "InputSpec",
    "Node",
    "Origin",
    "Output",
    "Tensor",
]
