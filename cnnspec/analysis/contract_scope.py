"""What names and calls mean in an `expect` line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cnnspec.analysis.asked import Asked, takes, why_unknown
from cnnspec.analysis.circumstances import CHOSEN, CIRCUMSTANCES, CircumstanceError, under
from cnnspec.analysis.costs import Setting
from cnnspec.analysis.facts import Analysis, LayerFacts, analyse
from cnnspec.analysis.measures import (
    ALL_WORDS,
    AS_USUAL,
    CHIEF_WORDS,
    LAYER_COUNTS,
    LEGAL_SIZES,
    MEMORY,
    OF_PARTS,
    OF_TENSOR,
    WORDS,
    called,
    inside,
    main_output,
)
from cnnspec.diagnostics import Edit, Help
from cnnspec.diagnostics.suggest import nearest
from cnnspec.graph import Graph, Tensor
from cnnspec.language import ast
from cnnspec.language.attributes import SIZES, attribute
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.calls import apply_function
from cnnspec.language.elaborate import FREE, Binding, elaborate
from cnnspec.language.evaluate import evaluate
from cnnspec.language.names import choice
from cnnspec.language.scope import Scope
from cnnspec.language.spec import Spec
from cnnspec.language.values import UNKNOWN, UNNAMED, Axes, Function, Outputs, Unknown, Value, describe

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
    are the names bound there, with the words for what goes in and comes out. Everything is measured under
    the circumstances of `setting`.
    """

    nets: Nets
    analysis: Analysis
    path: str
    values: Mapping[str, Value]
    setting: Setting = AS_USUAL

    # --- what expressions mean

    def name(self, node: ast.Name) -> Value:
        """A measured number, a tensor, a value of the spec, or a word that stands for itself."""
        asked = self.asked(node)
        if asked is not None:
            return self._answer(node, asked)
        value = self.values.get(node.name)
        if value is None:
            value = self._layer_output(node)
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
        asked = self.asked(node)
        if asked is not None:
            return self._answer(node, asked)
        output = self._layer_output(node)
        if output is not None:
            return output
        if any(word.startswith(f"{dotted(node.base)}.") for word in ALL_WORDS):
            return self._unknown(node, dotted(node))
        return attribute(self, node, evaluate(node.base, self), sorted(OF_PARTS - LAYER_COUNTS.keys()))

    def call(self, node: ast.Call) -> Value:
        """A function on numbers, or something measured under other circumstances: `macs(H=320)`."""
        elsewhere = self.elsewhere(node.callee)
        if isinstance(elsewhere, Unknown):
            return UNKNOWN
        if elsewhere is not None:
            return elsewhere.scope.call(replace(node, callee=elsewhere.node))
        if dotted(node.callee) in FUNCTIONS:
            return apply_function(self, Function(dotted(node.callee)), node)
        if isinstance(node.callee, ast.Name) and not self._knows(node.callee):
            return self._unknown(node.callee, node.callee.name, "nothing can be measured by")
        there = self.there(node)
        return UNKNOWN if isinstance(there, Unknown) else evaluate(node.callee, there)

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

    def asked(self, node: ast.Expression) -> Asked | Unknown | None:
        """What an expression measures here; None where it is no measure, `UNKNOWN` where of nothing known."""
        word = dotted(node)
        if word in ALL_WORDS:
            output = _main(self.values.get(UNNAMED))
            if isinstance(output, Unknown) or (word in OF_TENSOR and output is None):
                return UNKNOWN
            return Asked(word, self.analysis, self.setting, tuple(inside(self.analysis, self.path)), output)
        for subject, rest in _parted(node):
            if rest not in OF_PARTS:
                continue
            layers = () if rest in OF_TENSOR else self.layers_at(subject)
            if layers:
                return Asked(rest, self.analysis, self.setting, layers)
            return self._asked_of_tensor(subject, rest)
        return None

    def _asked_of_tensor(self, subject: ast.Expression, word: str) -> Asked | Unknown | None:
        tensor = self._layer_output(subject) or _main(evaluate(subject, self))
        if tensor is None or isinstance(tensor, Unknown):
            return tensor
        layers = (self.analysis.by_path[tensor.node],)
        return Asked(word, self.analysis, self.setting, layers, tensor)

    def size_asked(self, node: ast.Attribute) -> Asked | None:
        """The size of a tensor, as something that layers lead to."""
        tensor = _main(evaluate(node.base, self)) if node.name in SIZES else None
        if not isinstance(tensor, Tensor):
            return None
        return Asked(node.name, self.analysis, self.setting, tensor=tensor)

    def layers_at(self, node: ast.Expression) -> tuple[LayerFacts, ...]:
        """The layers of the block or layer that a label or a path names."""
        name = dotted(node)
        if name in ("", "in", "it", "input", "output"):
            return ()
        return tuple(called(self.analysis, f"{self.path}.{name}" if self.path else name))

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

    def there(self, node: ast.Call) -> ContractScope | Unknown:
        """The scope of what a call measures under other circumstances; reported where they cannot be."""
        word = next((rest for _, rest in _parted(node.callee) if rest in OF_PARTS), dotted(node.callee))
        circumstances, bindings = dict[str, Value](), dict[str, Binding]()
        for argument in node.arguments:
            value = self._given(argument)
            if isinstance(value, Unknown):
                return UNKNOWN
            if argument.name in takes(word):
                circumstances[argument.name] = value
            elif self._is_binding(argument, value, word) and isinstance(value, int | Fraction):
                bindings[str(argument.name)] = value
            else:
                return UNKNOWN
        try:
            setting = under(self.setting, circumstances)
        except CircumstanceError as problem:
            wrong = next(argument for argument in node.arguments if argument.name == problem.name)
            self.report("bad-argument", problem.message, wrong.value.span)
            return UNKNOWN
        there = self._rebound(node, bindings) if bindings else self
        return UNKNOWN if isinstance(there, Unknown) else replace(there, setting=setting)

    def _given(self, argument: ast.Argument) -> Value:
        if argument.name in CHOSEN and isinstance(argument.value, ast.Name):
            return argument.value.name
        return evaluate(argument.value, self)

    def _is_binding(self, argument: ast.Argument, value: Value, word: str) -> bool:
        """Whether an argument gives a number to a symbol or parameter of the net; reported where not."""
        graph = self.analysis.graph
        known = {*graph.bindings, *graph.symbols}
        if argument.name is None or isinstance(value, bool) or not isinstance(value, int | Fraction):
            message = "say what is to have which value: `macs(H=320, W=320)`"
            self.report("expect-unknown", message, argument.span)
        elif argument.name in known:
            return True
        else:
            place = argument.name_span or argument.span
            close = nearest(argument.name, [*known, *takes(word)])
            help_ = Help(f"did you mean `{close}`?", (Edit(place, close),)) if close else None
            can = [f"`{name}`" for name in [*takes(word), *sorted(known)]]
            notes = (f"it can be asked for other values of {', '.join(can)}",) if can else ()
            message = (
                f"`{word}` does not depend on `{argument.name}`"
                if argument.name in CIRCUMSTANCES
                else f"`{graph.name}` has no symbol or parameter `{argument.name}`"
            )
            self.report("expect-unknown", message, place, notes=notes, help=help_)
        return False

    def _rebound(self, node: ast.Call, bindings: Mapping[str, Binding]) -> ContractScope | Unknown:
        graph = self.analysis.graph
        analysis = self.nets.analysed(
            graph.name, {**dict.fromkeys(graph.symbols, FREE), **graph.bindings, **bindings}
        )
        if isinstance(analysis, str):
            self.report("expect-unknown", f"`{graph.name}` cannot be made so: {analysis}", node.span)
            return UNKNOWN
        values = {**dict(_moved(self.values, analysis)), **({} if self.path else named_in(analysis))}
        return replace(self, analysis=analysis, values=values)

    def _answer(self, node: ast.Name | ast.Attribute, asked: Asked | Unknown) -> Value:
        if isinstance(asked, Unknown):
            return UNKNOWN
        if asked.word in MEMORY and self.path:
            message = f"`{asked.word}` is known of a whole net only, not of a block"
            self.report("expect-unknown", message, node.span)
            return UNKNOWN
        value = asked.value
        if value is None or (isinstance(value, Axes) and UNKNOWN in value):
            message = f"`{node.span.text}` is not known: {why_unknown(asked.word)}"
            self.report("expect-unknown", message, node.span)
            return UNKNOWN
        return value

    def _layer_output(self, node: ast.Expression) -> Tensor | None:
        """The first output of the layer with this path, as tables show it: `conv_bn1.conv1`."""
        path = dotted(node)
        facts = self.analysis.by_path.get(f"{self.path}.{path}" if self.path else path) if path else None
        return facts.node.outputs[0] if facts else None

    def _knows(self, node: ast.Name) -> bool:
        return node.name in ALL_WORDS or node.name in self.values or bool(self.layers_at(node))

    def _unknown(
        self, node: ast.Name | ast.Attribute, word: str, message: str = "nothing is called"
    ) -> Value:
        if word == LEGAL_SIZES:
            message = "`sizes` are compared, by `==`, with a condition such as `H % 16 == 0`"
            self.report("type-mismatch", message, node.span)
            return UNKNOWN
        close = nearest(word, [*WORDS, LEGAL_SIZES, *LAYER_COUNTS, *self.values])
        help_ = Help(f"did you mean `{close}`?", (Edit(node.span, close),)) if close else None
        notes: tuple[str, ...] = ()
        if self.layers_at(node):
            help_ = Help(f"a label names what a block makes: `… as {word}`")
        elif close is None:
            notes = (f"what can be asked of a net: {', '.join((*CHIEF_WORDS, LEGAL_SIZES))}",)
        self.report("expect-unknown", f"{message} `{word}`", node.span, notes=notes, help=help_)
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
    """`memory.train` of an expression that is names with dots between; "" of any other.

    A position counts as a name, as it does in paths: `stage[0].conv1` is `stage.0.conv1`.
    """
    names: list[str] = []
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(base=base, name=name):
                names.append(name)
            case ast.Index(base=base, index=ast.Number(value=int() as position)):
                names.append(str(position))
            case _:
                return ""
        node = base
    return ".".join([node.name, *reversed(names)])


def _parted(node: ast.Expression) -> list[tuple[ast.Expression, str]]:
    """Every way to take names from the end of an expression: what is left, and they; the most first."""
    found: list[tuple[ast.Expression, str]] = []
    rest = ""
    while isinstance(node, ast.Attribute):
        rest = f"{node.name}.{rest}" if rest else node.name
        node = node.base
        found.append((node, rest))
    return found[::-1]


def _main(value: Value | None) -> Tensor | Unknown | None:
    """The tensor that is meant by a value, if one is."""
    if isinstance(value, Outputs):
        return value.main
    return value if isinstance(value, Tensor | Unknown) else None


def _moved(values: Mapping[str, Value], analysis: Analysis) -> Iterator[tuple[str, Value]]:
    """The tensors among some values, as they are in another analysis of the same net."""
    for name, value in values.items():
        tensor = _main(value)
        facts = analysis.by_path.get(tensor.node) if isinstance(tensor, Tensor) else None
        if facts is not None and isinstance(tensor, Tensor):
            yield name, facts.node.outputs[tensor.port]


def _relative(node: ast.Expression, nets: set[str]) -> tuple[str, ast.Expression] | None:
    """An expression that begins with a net's name: the net, and the expression without it."""
    if not isinstance(node, ast.Attribute | ast.Index):
        return None
    if isinstance(node, ast.Attribute) and isinstance(node.base, ast.Name):
        inner = ast.Name(node.name_span, node.name)
        return (node.base.name, inner) if node.base.name in nets else None
    found = _relative(node.base, nets)
    return found and (found[0], replace(node, base=found[1]))
