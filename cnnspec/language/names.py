"""What a word means where it stands: a name, a block, a layer, a function, or a choice such as `same`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Edit, Help, Span
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language import ast
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.spec import PRELUDE, STANDARD_LIBRARY, shipped_blocks
from cnnspec.language.tensors import entry_line, main_line
from cnnspec.language.values import UNKNOWN, Block, Callable, Function, LayerWord, Transformation, Value
from cnnspec.language.vocabulary import layer_in_our_words
from cnnspec.layers import LAYERS, signature
from cnnspec.layers.classic_kernels import KERNELS

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope

Applicable = LayerWord | Block | Transformation
TRUTHS = {"true": True, "false": False}


def name(scope: BodyScope, node: ast.Name) -> Value:
    """The value of a word; a layer or block is applied to the main line."""
    word = node.name
    if word == "it":
        return main_line(scope, node.span)
    if word == "in":
        return entry_line(scope, node.span)
    value = bound(scope, word)
    if value is None:
        value = defined(scope, word)
    if value is None and (scope.unit.complete or word in TRUTHS):  # else a block of this name may be missing
        value = choice(word)
    if value is None:
        return unknown(scope, node)
    return scope.apply(value, node) if isinstance(value, Callable) else value


def bound(scope: BodyScope, word: str) -> Value | None:
    """What the body or its file binds a name to."""
    value = scope.values.get(word)
    return scope.constants.get(word) if value is None else value


def callable_named(scope: BodyScope, word: str) -> Callable | None:
    """What can be called by this name: a file's own blocks come before the layers of the language."""
    value = bound(scope, word)
    return value if isinstance(value, Callable) else defined(scope, word)


def defined(scope: BodyScope, word: str) -> Callable | None:
    """The block, layer or function of this name."""
    return scope.unit.blocks.get(word) or _built_in(word) or shipped_blocks(PRELUDE).get(word)


@cache
def _built_in(word: str) -> LayerWord | Function | None:
    if word in LAYERS:
        return LayerWord(word, LAYERS[word])
    return Function(word) if word in FUNCTIONS else None


def choice(word: str) -> bool | str | None:
    """A word that stands for itself: `true`, `same`, `sobel_x`."""
    truth = TRUTHS.get(word)
    return word if truth is None and word in choices() else truth


@cache
def choices() -> frozenset[str]:
    """All words that some argument of some layer takes."""
    words = {word for layer in LAYERS.values() for p in signature(layer) for word in p.kind.choices}
    return frozenset(words | KERNELS.keys())


def is_transformation(scope: BodyScope, node: ast.Expression) -> bool:
    """Whether an expression says what to do to the main line, rather than being a value of its own."""
    waiting: list[ast.Expression] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, ast.Pipeline):
            waiting.append(here.stages[0].value)
        elif isinstance(here, ast.Binary):
            waiting += (here.left, here.right)
        elif isinstance(here, ast.Conditional):
            waiting += (here.then, here.otherwise)
        elif isinstance(_meaning(scope, here), Applicable):
            return True
    return False


def _meaning(scope: BodyScope, node: ast.Expression) -> Value | None:
    """What a name, or what is called, stands for."""
    if isinstance(node, ast.Name):
        value = bound(scope, node.name)
        return defined(scope, node.name) if value is None else value
    if isinstance(node, ast.Call) and isinstance(node.callee, ast.Name):
        return callable_named(scope, node.callee.name)
    return None


def unknown(scope: BodyScope, node: ast.Name, words: Iterable[str] = ()) -> Value:
    """Report a word that means nothing here, as a name or as a layer, whichever was more likely meant.

    `words` are those that would stand for themselves here.
    """
    close = nearest(node.name, [*scope.values, *scope.constants, *words, *TRUTHS])
    if close is None or layer_in_our_words(node.name):
        return unknown_callable(scope, node, f"nothing is called `{node.name}` here", "unknown-name")
    if not _may_be_lost(scope, node):
        way_out = Help(f"did you mean `{close}`?", (Edit(node.span, close),))
        scope.report("unknown-name", f"nothing is called `{node.name}` here", node.span, help=way_out)
    return UNKNOWN


def _may_be_lost(scope: BodyScope, node: ast.Name) -> bool:
    """Whether a part that could not be read may define a word: not where the word stands only here.

    A word that was read as another one than it is written has been reported already.
    """
    unit = scope.unit
    if node.span.text != node.name:
        return True
    if unit.complete:
        return False
    if len(unit.used) < len(unit.file.uses) or not all(used.complete for used in unit.used):
        return True
    code = re.sub(r"#.*", "", node.span.source.text)
    return len(re.findall(rf"\b{node.name}\b", code)) > 1


def unknown_callable(
    scope: BodyScope, node: ast.Name, message: str = "", code: str = "unknown-layer"
) -> Value:
    """Report a word that is no layer, block or function."""
    if _may_be_lost(scope, node):
        return UNKNOWN
    message = message or f"no layer or block is called `{node.name}`"
    ours = layer_in_our_words(node.name)
    close = nearest(node.name, [*scope.unit.blocks, *LAYERS, *FUNCTIONS, *shipped_blocks(PRELUDE)])
    if node.name in shipped_blocks(STANDARD_LIBRARY):
        top = Span(node.span.source, 0, 0)
        way_out = Help(
            "it is in the standard library: begin the file with `use std`", (Edit(top, "use std\n"),)
        )
        scope.report("unknown-layer", f"no layer or block is called `{node.name}`", node.span, help=way_out)
    elif ours is not None:
        way_out = Help(f"here it is called {ours.words}", (Edit(node.span, ours.word),) if ours.word else ())
        notes = _signature_note(ours.word)
        scope.report(
            "unknown-layer", f"no layer is called `{node.name}`", node.span, notes=notes, help=way_out
        )
    elif close is not None:
        way_out = Help(f"did you mean `{close}`?", (Edit(node.span, close),))
        scope.report("unknown-layer", f"no layer or block is called `{node.name}`", node.span, help=way_out)
    elif node.name in scope.unit.nets:
        scope.report(code, f"`{node.name}` is a net: only blocks can stand inside a net", node.span)
    else:
        scope.report(code, message, node.span)
    return UNKNOWN


def _signature_note(word: str) -> tuple[str, ...]:
    """What a layer takes: other tools want the channels that come in first."""
    if word not in LAYERS:
        return ()
    names = ", ".join(parameter.name for parameter in signature(LAYERS[word]))
    return (f"it takes `{word}({names})`; what comes in is inferred",) if names else ()
