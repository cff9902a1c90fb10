"""Which argument of a call is which parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cnnspec.diagnostics import Edit, Help, Label
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language import ast
from cnnspec.language.scope import Scope
from cnnspec.language.vocabulary import arguments_in_our_words

Bound = dict[str, ast.Argument]
"""The arguments by the names of their parameters."""


@dataclass(frozen=True, slots=True)
class Formals:
    """The parameters of what is called.

    `positional` are in order, `flags` are set by a bare word, and `keyword` can be given by name only.
    """

    callee: str
    positional: tuple[str, ...]
    required: tuple[str, ...]
    flags: frozenset[str]
    keyword: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every name that can be given."""
        return self.positional + self.keyword


def bind(
    scope: Scope,
    node: ast.Name | ast.Call,
    arguments: tuple[ast.Argument, ...],
    formals: Formals,
    is_flag: Callable[[str], bool] = lambda _: True,
) -> Bound | None:
    """Arguments of a call by parameter, or None (and reported) where they do not fit.

    `is_flag` says whether a bare word that is the name of a flag stands for the flag, and not for a value
    that was bound to the name.
    """
    bound: Bound = {}
    sound = True
    spare: list[ast.Argument] = []
    places = iter(formals.positional)
    for argument in arguments:
        name = argument.name or _flag(argument, formals, is_flag) or next(places, None)
        if name is None:
            spare.append(argument)
        elif _is_wrong(scope, argument, name, bound, formals):
            sound = False
        else:
            bound[name] = argument
    if spare:
        sound = False
        takes = f"takes {len(formals.positional)} value{'s' * (len(formals.positional) != 1)}"
        place = spare[0].span.to(spare[-1].span)
        scope.report("too-many-arguments", f"`{formals.callee}` {takes}{_named(formals)}", place)
    missing = [name for name in formals.required if name not in bound]
    if missing and sound:
        _report_missing(scope, node, missing, formals)
    return bound if sound and not missing else None


def _flag(argument: ast.Argument, formals: Formals, is_flag: Callable[[str], bool]) -> str | None:
    value = argument.value
    if isinstance(value, ast.Name) and value.name in formals.flags and is_flag(value.name):
        return value.name
    return None


def _is_wrong(scope: Scope, argument: ast.Argument, name: str, bound: Bound, formals: Formals) -> bool:
    """Whether an argument cannot stand for a parameter, which is reported."""
    if name not in formals.all:
        _report_unknown(scope, argument, name, formals)
    elif name in bound:
        labels = (Label(bound[name].span, "given here first"),)
        message = f"`{name}` of `{formals.callee}` is given twice"
        scope.report("duplicate-argument", message, argument.span, labels=labels)
    else:
        return False
    return True


def _report_unknown(scope: Scope, argument: ast.Argument, name: str, formals: Formals) -> None:
    span = argument.name_span or argument.span
    scope.report(
        "unknown-argument",
        f"`{formals.callee}` has no parameter `{name}`",
        span,
        notes=(f"its parameters are {_listed(formals)}",) if formals.all else ("it takes no arguments",),
        help=next(_suggestions(argument, name, formals), None),
    )


def _suggestions(argument: ast.Argument, name: str, formals: Formals) -> Iterator[Help]:
    span = argument.name_span or argument.span
    for ours in arguments_in_our_words(name):
        if ours.word in formals.all:
            yield Help(f"here it is called `{ours.word}`", (Edit(span, ours.word),), safe=True)
        if not ours.word:
            yield Help(ours.words)
    close = nearest(name, formals.all)
    if close:
        yield Help(f"did you mean `{close}`?", (Edit(span, close),))


def _report_missing(scope: Scope, node: ast.Name | ast.Call, missing: list[str], formals: Formals) -> None:
    what = " and ".join(f"`{name}`" for name in missing)
    span = node.callee.span if isinstance(node, ast.Call) else node.span
    message = f"`{formals.callee}` needs {what}"
    scope.report("missing-argument", message, span, notes=(f"its parameters are {_listed(formals)}",))


def _named(formals: Formals) -> str:
    return ": " + ", ".join(f"`{name}`" for name in formals.positional) if formals.positional else ""


def _listed(formals: Formals) -> str:
    return ", ".join(f"`{name}`" for name in formals.all) or "none"
