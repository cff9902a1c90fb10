"""What a word means where it stands: a name, a block, a layer, a function, or a choice such as `same`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Edit, Help
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language import ast
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.tensors import entry_line, main_line
from cnnspec.language.values import UNKNOWN, Block, Callable, Function, LayerWord, Transformation, Value
from cnnspec.language.vocabulary import layer_in_our_words
from cnnspec.layers import LAYERS, signature
from cnnspec.layers.classic_kernels import KERNELS

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope

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
        value = callable_named(scope, word)
    if value is None:
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
    if isinstance(value, Callable):
        return value
    if word in scope.unit.blocks:
        return Block(*scope.unit.blocks[word])
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
    while True:
        match node:
            case ast.Name(name=word) | ast.Call(callee=ast.Name(name=word)):
                found = bound(scope, word) if isinstance(node, ast.Name) else None
                found = callable_named(scope, word) if found is None else found
                return isinstance(found, LayerWord | Block | Transformation)
            case ast.Pipeline():
                node = node.stages[0].value
            case ast.Binary():
                if is_transformation(scope, node.right):
                    return True
                node = node.left
            case ast.Conditional():
                if is_transformation(scope, node.then):
                    return True
                node = node.otherwise
            case _:
                return False


def unknown(scope: BodyScope, node: ast.Name, words: Iterable[str] = ()) -> Value:
    """Report a word that means nothing here, as a name or as a layer, whichever was more likely meant.

    `words` are those that would stand for themselves here.
    """
    close = nearest(node.name, [*scope.values, *scope.constants, *words])
    if close is None or layer_in_our_words(node.name):
        return unknown_callable(scope, node, f"nothing is called `{node.name}` here", "unknown-name")
    if scope.unit.complete:
        way_out = Help(f"did you mean `{close}`?", (Edit(node.span, close),))
        scope.report("unknown-name", f"nothing is called `{node.name}` here", node.span, help=way_out)
    return UNKNOWN


def unknown_callable(
    scope: BodyScope, node: ast.Name, message: str = "", code: str = "unknown-layer"
) -> Value:
    """Report a word that is no layer, block or function.

    Nothing is said in a file that could not be read in full: the missing part may define it.
    """
    if not scope.unit.complete:
        return UNKNOWN
    message = message or f"no layer or block is called `{node.name}`"
    ours = layer_in_our_words(node.name)
    close = nearest(node.name, [*scope.unit.blocks, *LAYERS, *FUNCTIONS])
    if ours is not None:
        way_out = Help(f"here it is called {ours.words}", (Edit(node.span, ours.word),) if ours.word else ())
        scope.report("unknown-layer", f"no layer is called `{node.name}`", node.span, help=way_out)
    elif close is not None:
        way_out = Help(f"did you mean `{close}`?", (Edit(node.span, close),))
        scope.report("unknown-layer", f"no layer or block is called `{node.name}`", node.span, help=way_out)
    elif node.name in scope.unit.nets:
        scope.report(code, f"`{node.name}` is a net: only blocks can stand inside a net", node.span)
    else:
        scope.report(code, message, node.span)
    return UNKNOWN
