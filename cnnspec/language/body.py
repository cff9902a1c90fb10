"""The scope of a body: the main line, the names bound so far, and what expressions mean there.

The methods are the seams between the modules of the elaborator, so that none of them needs all the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnspec.diagnostics import Span
from cnnspec.dims import Symbolic
from cnnspec.graph import Tensor
from cnnspec.language import ast, attributes, calls, constants, names, pipelines, tensors, transformations
from cnnspec.language.evaluate import evaluate
from cnnspec.language.expansion import FREE, Expansion
from cnnspec.language.holes import key_of
from cnnspec.language.naming import Namer
from cnnspec.language.scope import Scope
from cnnspec.language.spec import Unit
from cnnspec.language.values import Callable, Unknown, Value


@dataclass(slots=True)
class BodyScope(Scope):
    """A place in the body of a block or net.

    `values` is shared by all places of one body. `entry` is what the body was given (`in`) and `main` what
    flows here (`it`); None where nothing does yet. `outputs` are those that the body named so far; `stage` is
    the step of a pipeline that is being worked out, `shared` the place where a shared layer is applied.
    """

    expansion: Expansion
    unit: Unit
    values: dict[str, Value]
    namer: Namer
    outputs: dict[str, Tensor | Unknown]
    is_net: bool
    entry: Value | None = None
    main: Value | None = None
    stage: ast.Stage | None = None
    shared: Span | None = None

    def at(self, main: Value | None, stage: ast.Stage | None = None, namer: Namer | None = None) -> BodyScope:
        """The same body where something else flows."""
        return BodyScope(
            self.log,
            self.trace,
            self.expansion,
            self.unit,
            self.values,
            namer or self.namer,
            self.outputs,
            self.is_net,
            self.entry,
            main,
            stage,
            self.shared,
        )

    def label(self, node: ast.Expression) -> str | None:
        """The label of what an expression makes, where it is the labelled stage itself."""
        stage = self.stage
        return stage.label if stage is not None and stage.value is node else None

    @property
    def constants(self) -> Mapping[str, Value]:
        """The values that the file gives to names outside of definitions."""
        found = self.expansion.constants.get(self.unit)
        return constants.evaluated(self) if found is None else found

    def hole(self, node: ast.Hole) -> Value:
        """The value that the elaborator was told to put in, or nothing yet."""
        value = self.expansion.bindings.get(key_of(node))
        if value is None or value is FREE:
            return Scope.hole(self, node)
        if not isinstance(value, Symbolic):
            self.expansion.graph.bindings[key_of(node)] = value
        return value

    def name(self, node: ast.Name) -> Value:
        """A number, a tensor, or what a layer makes of the main line."""
        return names.name(self, node)

    def listed(self, node: ast.Name) -> Value:
        """The same in a list, where a layer or block stands for itself."""
        return transformations.value_or_transformation(self, node, node.name)

    def attribute(self, node: ast.Attribute) -> Value:
        """A size of a tensor, or one of several outputs."""
        return attributes.attribute(self, node, evaluate(node.base, self))

    def call(self, node: ast.Call) -> Value:
        """What a function, layer or block gives."""
        return calls.call(self, node)

    def apply(self, target: Callable, node: ast.Name | ast.Call) -> Value:
        """What a layer or block makes of the main line, with the arguments of the call."""
        return calls.apply(self, target, node)

    def pipeline(self, node: ast.Pipeline) -> Value:
        """What comes out of the last stage."""
        return pipelines.pipeline(self, node)

    def combine(self, node: ast.Binary, left: Value, right: Value) -> Value:
        """Sums and products of tensors."""
        return tensors.combine(self, node, left, right)
