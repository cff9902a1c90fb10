"""Calls of layers: from arguments to a layer value, and on to the tensors it is applied to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Help, Span
from cnnspec.dims import Symbolic, symbols_of
from cnnspec.graph import Tensor
from cnnspec.language import ast
from cnnspec.language.application import Site, apply_layer
from cnnspec.language.binding import Bound, Formals, bind
from cnnspec.language.evaluate import binding_help, evaluate, words
from cnnspec.language.names import TRUTHS, callable_named, is_transformation, unknown
from cnnspec.language.names import bound as value_named
from cnnspec.language.tensors import as_tensor, main_line
from cnnspec.language.values import (
    UNKNOWN,
    LayerWord,
    Quotient,
    Transformation,
    Unknown,
    Value,
    describe,
    is_known,
    is_number,
    show,
)
from cnnspec.layers import ArgumentProblem, Layer, Parameter, signature
from cnnspec.layers.arguments import FLAG
from cnnspec.layers.classic_kernels import KERNELS

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope

WEIGHTS, FROZEN = "weights", "frozen"
VALUES = frozenset({"in", "it", *TRUTHS})
Values = dict[str, Value]


def apply_word(scope: BodyScope, target: LayerWord, node: ast.Name | ast.Call) -> Value:
    """What a layer of the language makes of the main line, or of the tensors given to it."""
    arguments, operands = _parted(target, node)
    if not operands and arguments and _is_functional(scope, target, arguments):
        return UNKNOWN
    bound = bind(scope, node, arguments, formals(target), lambda word: _stands_for_flag(scope, word))
    inputs = _inputs(scope, node, operands)
    if bound is None:
        return UNKNOWN
    values = {name: _value(scope, target.layer, name, argument) for name, argument in bound.items()}
    layer = _layer(scope, target, node, bound, values)
    tensors = tuple(tensor for tensor in inputs if isinstance(tensor, Tensor))
    if isinstance(layer, Unknown) or len(tensors) != len(inputs):
        return UNKNOWN
    places = tuple(operand.value.span for operand in operands)
    frozen = _frozen(scope, bound, values)
    return apply_layer(
        Site(scope, node, target.word, bound, places, values.get(WEIGHTS), frozen), layer, tensors
    )


# --- parameters ---------------------------------------------------------------------------------------------


@cache
def parameters(layer: type[Layer]) -> Mapping[str, Parameter]:
    """The parameters of a layer by name, in order."""
    return {parameter.name: parameter for parameter in signature(layer)}


@cache
def formals(target: LayerWord) -> Formals:
    """The parameters as the binding of arguments needs them. Any layer's weights can be given and frozen."""
    known = parameters(target.layer).values()
    return Formals(
        target.word,
        positional=tuple(p.name for p in known),
        required=tuple(p.name for p in known if p.required),
        flags=_flags(target.layer),
        keyword=(WEIGHTS, FROZEN),
    )


def _stands_for_flag(scope: BodyScope, word: str) -> bool:
    """Whether a bare word sets the flag of its name: not where the body binds it to something else."""
    value = value_named(scope, word)
    return value is None or isinstance(value, bool)


def _parted(
    target: LayerWord, node: ast.Name | ast.Call
) -> tuple[tuple[ast.Argument, ...], tuple[ast.Argument, ...]]:
    """The arguments of a call, and the operands where the layer takes several tensors."""
    arguments = node.arguments if isinstance(node, ast.Call) else ()
    if target.layer.inputs == (1, 1):
        return arguments, ()
    flags = _flags(target.layer)
    options = tuple(
        a for a in arguments if a.name or (isinstance(a.value, ast.Name) and a.value.name in flags)
    )
    return options, tuple(_spread(a for a in arguments if a not in options))


def _spread(operands: Iterable[ast.Argument]) -> Iterator[ast.Argument]:
    """The operands, those of a list that is written out each by itself."""
    for operand in operands:
        if isinstance(operand.value, ast.Sequence) and operand.value.items:
            yield from (replace(operand, span=item.span, value=item) for item in operand.value.items)
        else:
            yield operand


def _is_functional(scope: BodyScope, target: LayerWord, arguments: tuple[ast.Argument, ...]) -> bool:
    """Whether the first argument is a tensor or would become one, as in the `relu(x)` of other tools.

    That is reported; where it cannot be known, as the argument is unknown, nothing more is said of the call.
    """
    first, too_many = arguments[0], len(arguments) > len(formals(target).positional)
    if first.name is not None:
        return False
    if isinstance(first.value, ast.Name):
        value = value_named(scope, first.value.name)
        unknown_value = value is UNKNOWN and too_many
        functional = first.value.name in ("in", "it") or isinstance(value, Tensor)
    else:
        unknown_value = False
        functional = too_many or isinstance(first.value, ast.Call | ast.Pipeline)
    if functional and (isinstance(first.value, ast.Name) or is_transformation(scope, first.value)):
        _report_functional(scope, target, arguments)
        return True
    return unknown_value


def _report_functional(scope: BodyScope, target: LayerWord, arguments: tuple[ast.Argument, ...]) -> None:
    tensor, *others = (argument.span.text for argument in arguments)
    written = f"{target.word}({', '.join(others)})" if others else target.word
    message = f"`{target.word}` works on what flows into it, which is not an argument"
    scope.report("functional-call", message, arguments[0].span, help=Help(f"write `{tensor} -> {written}`"))


def _inputs(
    scope: BodyScope, node: ast.Name | ast.Call, operands: tuple[ast.Argument, ...]
) -> list[Tensor | Unknown]:
    """The operands, of which a list of tensors counts as that many, or else the main line."""
    if not operands:
        return [main_line(scope, node.callee.span if isinstance(node, ast.Call) else node.span)]
    tensors: list[Tensor | Unknown] = []
    for operand in operands:
        value = evaluate(operand.value, scope)
        items = [_made(scope, item) for item in value] if isinstance(value, tuple) else []
        if items and all(isinstance(item, Tensor | Unknown) for item in items):
            tensors += [item for item in items if isinstance(item, Tensor | Unknown)]
        else:
            tensors.append(as_tensor(scope, value, operand.value.span))
    return tensors


def _made(scope: BodyScope, item: Value) -> Value:
    """An item of a list of operands: a layer in it starts from the main line, as among the operands."""
    if not isinstance(item, Transformation):
        return item
    return scope.apply(item, ast.Name(item.expression.span, item.name))


# --- values of arguments ------------------------------------------------------------------------------------


def _value(scope: BodyScope, layer: type[Layer], name: str, argument: ast.Argument) -> Value:
    """The value of one argument. A bare flag is set; a word of the parameter stands for itself."""
    node = argument.value
    if isinstance(node, ast.Name) and value_named(scope, node.name) is None:
        if argument.name is None and node.name in _flags(layer):
            return True
        if node.name in _words(layer, name):
            return node.name
        if node.name not in VALUES and callable_named(scope, node.name) is None:
            return unknown(scope, node, _words(layer, name))
    if (word := _passed_on(scope, node)) in _words(layer, name):
        return word
    if not isinstance(node, ast.Number) and is_transformation(scope, node):
        scope.report("bad-argument", f"`{name}` must be a value, not a layer", node.span)
        return UNKNOWN
    return _in_words(evaluate(node, scope), _words(layer, name))


def _in_words(value: Value, words: frozenset[str]) -> Value:
    """In a list, what is both a layer and a word of the parameter (`identity`, a kernel) is that word."""
    if words and type(value) is tuple:
        return tuple([_in_words(item, words) for item in value])
    return value.name if isinstance(value, Transformation) and value.name in words else value


def _passed_on(scope: BodyScope, node: ast.Expression) -> str:
    """The word that a parameter was given which is also the name of a layer: `identity`, `tanh`; or ""."""
    value = value_named(scope, node.name) if isinstance(node, ast.Name) else None
    given = value.expression if isinstance(value, Transformation) else None
    return given.name if isinstance(given, ast.Name) else ""


@cache
def _flags(layer: type[Layer]) -> frozenset[str]:
    return frozenset({FROZEN, *(p.name for p in parameters(layer).values() if p.kind is FLAG)})


@cache
def _words(layer: type[Layer], name: str) -> frozenset[str]:
    """The words that a parameter takes."""
    known = parameters(layer).get(name)
    return frozenset(known.kind.choices if known else KERNELS if name == WEIGHTS else ())


def _layer(
    scope: BodyScope, target: LayerWord, node: ast.Name | ast.Call, bound: Bound, values: Values
) -> Layer | Unknown:
    """The layer with these arguments; made once for all places that write the same."""
    own = {name: value for name, value in values.items() if name not in (WEIGHTS, FROZEN)}
    key = target.layer, tuple(own.items()), tuple(map(type, own.values()))
    layers = scope.expansion.layers
    if key not in layers:
        known = parameters(target.layer)
        accepted = {name: _accepted(scope, known[name], bound[name], value) for name, value in own.items()}
        if any(isinstance(value, Unknown) for value in accepted.values()):
            return UNKNOWN
        try:
            layers[key] = target.layer(**accepted)
        except ArgumentProblem as problem:
            scope.report("bad-argument", f"`{target.word}` {problem.message}", node.span)
            return UNKNOWN
    return layers[key]


def _frozen(scope: BodyScope, bound: Bound, values: Values) -> bool:
    value = values.get(FROZEN, False)
    if not isinstance(value, bool | Unknown):
        message = f"`{FROZEN}` must be true or false, not {describe(value)}"
        scope.report("bad-argument", message, bound[FROZEN].value.span)
    return value is True


def _accepted(scope: BodyScope, parameter: Parameter, argument: ast.Argument, value: Value) -> object:
    """The value as the layer takes it; `UNKNOWN`, and reported, where it does not."""
    span = argument.value.span
    if not is_known(value):
        return UNKNOWN
    if isinstance(value, Quotient):
        help_ = Help("divide by `//`, which rounds down")
        scope.report(
            "not-whole", f"`{parameter.name}` must be whole, but {show(value)} need not be", span, help=help_
        )
        return UNKNOWN
    if not isinstance(value, bool | str | tuple) and not is_number(value):
        message = f"`{parameter.name}` must be {parameter.kind.words}, not {describe(value)}"
        scope.report("bad-argument", message, span)
        return UNKNOWN
    try:
        return parameter.kind.accept(value)
    except ArgumentProblem as problem:
        _report_unfit(scope, parameter, value, problem, span)
        return UNKNOWN


def _report_unfit(
    scope: BodyScope, parameter: Parameter, value: Value, problem: ArgumentProblem, span: Span
) -> None:
    symbols = symbols_of(value) if isinstance(value, Symbolic) else frozenset[str]()
    if symbols:
        message = f"`{parameter.name}` must be known, but depends on {words(symbols)}"
        scope.report("unbound-symbol", message, span, help=binding_help(symbols))
    elif isinstance(value, Fraction) and value.denominator != 1 and "whole" in problem.message:
        help_ = Help("round it: `divisible(…, 8)`, `round(…)`, or divide by `//`")
        scope.report("not-whole", f"`{parameter.name}` {problem.message}", span, help=help_)
    else:
        scope.report("bad-argument", f"`{parameter.name}` {problem.message}", span)
