"""What names and calls mean in an `expect` line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cnnspec.analysis.facts import Analysis, LayerFacts, analyse
from cnnspec.analysis.measures import (
    MEMORY,
    OF_TENSOR,
    SUMS,
    WHOLE,
    WORDS,
    called,
    inside,
    main_output,
    summed,
)
from cnnspec.diagnostics import Edit, Help
from cnnspec.diagnostics.suggest import nearest
from cnnspec.graph import Graph, Tensor
from cnnspec.language import ast
from cnnspec.language.attributes import attribute
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.calls import apply_function
from cnnspec.language.elaborate import FREE, Binding, elaborate
from cnnspec.language.evaluate import evaluate
from cnnspec.language.names import choice
from cnnspec.language.scope import Scope
from cnnspec.language.spec import Spec
from cnnspec.language.values import UNKNOWN, UNNAMED, Function, Unknown, Value, describe

NetKey = tuple[str, frozenset[tuple[str, Binding]]]


@dataclass(slots=True)
class Nets:
    """The nets of a spec, each analysed when it is asked for."""

    spec: Spec
    made: dict[NetKey, Analysis | str] = field(default_factory=dict[NetKey, Analysis | str])

    def analysed(self, net: str, bindings: Mapping[str, Binding]) -> Analysis | str:
        """A net with values for its symbols and parameters, or why it cannot be made."""
        key = net, frozenset(bindings.items())
        if key not in self.made:
            result = elaborate(self.spec, net, bindings)
            self.made[key] = analyse(result.graph) if result.graph else result.diagnostics[0].message
        return self.made[key]

    def symbolic(self, graph: Graph) -> Graph | str:
        """The same net with all symbols of its inputs free, or why it cannot be made."""
        known = {name: value for name, value in graph.bindings.items() if not name.isidentifier()}
        free = elaborate(self.spec, graph.name, known, symbolic=True)
        if free.graph is None:
            return free.diagnostics[0].message
        given = {name: value for name, value in graph.bindings.items() if name not in free.graph.symbols}
        made = elaborate(self.spec, graph.name, given, symbolic=True)
        return made.graph or made.diagnostics[0].message


@dataclass(slots=True)
class ContractScope(Scope):
    """A place where an `expect` stands.

    `analysis` is of the net it speaks of and `path` the block it stands in ("" in the net itself). `values`
    are the names bound there, with the words for what goes in and comes out.
    """

    nets: Nets
    analysis: Analysis
    path: str
    values: Mapping[str, Value]

    # --- what expressions mean

    def name(self, node: ast.Name) -> Value:
        """A measured number, a tensor, a value of the spec, or a word that stands for itself."""
        if node.name in WORDS:
            return self._measured(node, node.name)
        value = self.values.get(node.name)
        if value is None:
            value = choice(node.name)
        return self._unknown(node, node.name) if value is None else value

    def hole(self, node: ast.Hole) -> Value:
        """What is expected is known; only what the net is made of can be sought."""
        message = "an expectation says what is known: `?` stands in the net itself"
        self.report("unbound-symbol", message, node.span)
        return UNKNOWN

    def attribute(self, node: ast.Attribute) -> Value:
        """A measured number of the net, of another net, or of a tensor or block."""
        elsewhere = self.elsewhere(node)
        if elsewhere is not None:
            return UNKNOWN if isinstance(elsewhere, Unknown) else evaluate(elsewhere.node, elsewhere.scope)
        word = dotted(node)
        if word in WORDS:
            return self._measured(node, word)
        if any(known.startswith(f"{dotted(node.base)}.") for known in WORDS):
            return self._unknown(node, word)
        return self._of_tensor(node)

    def _of_tensor(self, node: ast.Attribute) -> Value:
        """What is measured of a tensor, or of the block or layer that a label names."""
        layers = self.layers_at(node.base) if node.name in SUMS else []
        if layers:
            return summed(layers, node.name)
        base = evaluate(node.base, self)
        if node.name in SUMS and isinstance(base, Tensor):
            return summed([self.analysis.by_path[base.node]], node.name)
        if node.name in OF_TENSOR and isinstance(base, Tensor):
            return OF_TENSOR[node.name](self.analysis, base)
        return attribute(self, node, base, (*OF_TENSOR, *SUMS))

    def call(self, node: ast.Call) -> Value:
        """A function on numbers, or something measured under other circumstances: `macs(H=320)`."""
        elsewhere = self.elsewhere(node.callee)
        if isinstance(elsewhere, Unknown):
            return UNKNOWN
        if elsewhere is not None:
            return elsewhere.scope.call(replace(node, callee=elsewhere.node))
        word = dotted(node.callee)
        if word in FUNCTIONS:
            return apply_function(self, Function(word), node)
        if word in WORDS:
            return self._measured_with(node, word)
        self.report(
            "expect-unknown", f"nothing can be measured by `{node.callee.span.text}`", node.callee.span
        )
        return UNKNOWN

    def pipeline(self, node: ast.Pipeline) -> Value:
        """An expectation asks; it does not build."""
        self.report("type-mismatch", "an expectation compares numbers: it has no pipelines", node.span)
        return UNKNOWN

    def combine(self, node: ast.Binary, left: Value, right: Value) -> Value:
        """There is no arithmetic on tensors here."""
        tensor = left if isinstance(left, Tensor) else right
        message = f"an expectation works with numbers, not with {describe(tensor)}"
        self.report("type-mismatch", message, node.operator_span)
        return UNKNOWN

    # --- what is measured

    def elsewhere(self, node: ast.Expression) -> Elsewhere | Unknown | None:
        """`resnet50.params` is `params` in the scope of that net; None where no net is named."""
        rest = _relative(node, self.nets.spec.nets.keys() - self.values.keys())
        if rest is None:
            return None
        net, inner = rest
        analysis = self.nets.analysed(net, {}) if net != self.analysis.graph.name else self.analysis
        if isinstance(analysis, str):
            self.report("expect-unknown", f"`{net}` cannot be made: {analysis}", node.span)
            return UNKNOWN
        return Elsewhere(of_net(self, analysis), inner)

    def layers_at(self, node: ast.Expression) -> list[LayerFacts]:
        """The layers of the block or layer that a label names."""
        if not isinstance(node, ast.Name) or node.name in ("in", "it", "input", "output"):
            return []
        return list(called(self.analysis, f"{self.path}.{node.name}" if self.path else node.name))

    def _measured(self, node: ast.Expression, word: str, batch: int = 1) -> Value:
        if word in SUMS:
            return summed(inside(self.analysis, self.path), word)
        if self.path:
            self.report("expect-unknown", f"`{word}` is known of a whole net only, not of a block", node.span)
            return UNKNOWN
        return MEMORY[word](self.analysis, batch) if word in MEMORY else WHOLE[word](self.analysis)

    def _measured_with(self, node: ast.Call, word: str) -> Value:
        batch, bindings = 1, dict[str, Binding]()
        for argument in node.arguments:
            value = evaluate(argument.value, self)
            if isinstance(value, Unknown):
                return UNKNOWN
            if argument.name is None or isinstance(value, bool) or not isinstance(value, int | Fraction):
                message = "say what is to have which value: `macs(H=320, W=320)`"
                self.report("expect-unknown", message, argument.span)
                return UNKNOWN
            if argument.name != "batch" or word not in MEMORY:
                bindings[argument.name] = value
            elif isinstance(value, int) and value >= 1:
                batch = value
            else:
                message = f"a batch is a whole number, at least 1, not {describe(value)}"
                self.report("bad-argument", message, argument.value.span)
                return UNKNOWN
        return self._rebound(node, bindings, word, batch)

    def _rebound(self, node: ast.Call, bindings: Mapping[str, Binding], word: str, batch: int) -> Value:
        if not bindings:
            return self._measured(node, word, batch)
        graph = self.analysis.graph
        if self.path:
            self.report(
                "expect-unknown", "only a net can be measured with other sizes, not a block", node.span
            )
            return UNKNOWN
        analysis = self.nets.analysed(
            graph.name, {**dict.fromkeys(graph.symbols, FREE), **graph.bindings, **bindings}
        )
        if isinstance(analysis, str):
            self.report("expect-unknown", f"`{graph.name}` cannot be made so: {analysis}", node.span)
            return UNKNOWN
        return of_net(self, analysis)._measured(node, word, batch)

    def _unknown(self, node: ast.Name | ast.Attribute, word: str) -> Value:
        close = nearest(word, [*WORDS, *self.values])
        help_ = Help(f"did you mean `{close}`?", (Edit(node.span, close),)) if close else None
        notes = (f"what can be asked of a net: {', '.join(WORDS)}",) if close is None else ()
        self.report("expect-unknown", f"nothing is called `{word}`", node.span, notes=notes, help=help_)
        return UNKNOWN


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An expression and the scope in which to evaluate it."""

    scope: ContractScope
    node: ast.Expression


def of_net(scope: ContractScope, analysis: Analysis) -> ContractScope:
    """The scope of a whole net, seen from outside."""
    return replace(scope, analysis=analysis, path="", values=named_in(analysis))


def named_in(analysis: Analysis) -> dict[str, Value]:
    """What can be named of a net: its labels, symbols and parameters, inputs and outputs."""
    graph = analysis.graph
    outputs = {output.name: output.tensor for output in graph.outputs}
    inputs = {given.name: given.tensor for given in graph.inputs}
    words = {"input": graph.inputs[0].tensor, UNNAMED: main_output(analysis)}
    return {**graph.bindings, **graph.labels, **inputs, **words, **outputs}


def dotted(node: ast.Expression) -> str:
    """`memory.train` of an expression that is names with dots between; "" of any other."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.name)
        node = node.base
    return ".".join([node.name, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _relative(node: ast.Expression, nets: set[str]) -> tuple[str, ast.Expression] | None:
    """An expression that begins with a net's name: the net, and the expression without it."""
    if not isinstance(node, ast.Attribute):
        return None
    if isinstance(node.base, ast.Name):
        inner = ast.Name(node.name_span, node.name)
        return (node.base.name, inner) if node.base.name in nets else None
    found = _relative(node.base, nets)
    return found and (found[0], replace(node, base=found[1]))
