"""The automaton of the grammar: it takes tokens, and applies the rules that they complete."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast, get_args

from cnnspec.diagnostics import Diagnostic, Help, Source, Span
from cnnspec.language import ast
from cnnspec.language.limits import MAX_NESTING
from cnnspec.language.table import END, Rule, Table
from cnnspec.language.tokens import Token

Action = Callable[..., object]
_EXPRESSIONS = frozenset(get_args(ast.Expression))


class TooDeep(Exception):  # noqa: N818 - becomes a diagnostic, is not an error of the program
    """An expression nests too deep; `span` is the part that is one too many."""

    def __init__(self, span: Span) -> None:
        message = f"an expression that nests more than {MAX_NESTING} levels deep"
        super().__init__(message)
        help_ = Help("name parts of it: `part = …`")
        self.diagnostic = Diagnostic("limit", message, span, help=help_)


class _Value(NamedTuple):
    """What a symbol on the stack stands for, the characters it covers, and how deep its expressions nest."""

    value: object
    start: int
    end: int
    depth: int


class Automaton:
    """An LALR(1) machine. `builder` has a method for every action that the rules of the table name."""

    def __init__(self, table: Table, builder: object, source: Source) -> None:
        self._table = table
        self._source = source
        self._rules = table.rules
        self._actions = [_method(builder, rule) for rule in table.rules]
        self._shortcuts: dict[tuple[int, int, str], int] = {}
        self._states = [table.start]
        self._values: list[_Value] = []

    @property
    def result(self) -> object:
        """What the start symbol stands for, once `END` was fed."""
        return self._values[0].value

    def feed(self, token: Token) -> bool:
        """Take a token. False: it does not fit here. Raises TooDeep."""
        stack, states, kind = self._states, self._table.states, token.kind
        while (target := states[stack[-1]].get(kind)) is not None:
            if target >= 0:
                stack.append(target)
                self._values.append(_Value(token, token.start, token.end, 0))
                return True
            if self._rules[~target].is_pass_through:
                stack[-1] = self._pass_through(stack[-2], stack[-1], kind)
                continue
            self._reduce(~target)
            if kind == END and stack[-1] == self._table.accept:
                return True
        return False

    def _pass_through(self, below: int, state: int, kind: str) -> int:
        """The state after all rules that only rename the topmost symbol.

        A value goes through a dozen of them on its way to being an expression; where they lead depends on
        nothing but the two topmost states and the token.
        """
        key = below, state, kind
        if key not in self._shortcuts:
            states, rules = self._table.states, self._rules
            while (target := states[state].get(kind, 0)) < 0 and rules[~target].is_pass_through:
                state = states[below][rules[~target].origin]
            self._shortcuts[key] = state
        return self._shortcuts[key]

    def _reduce(self, number: int) -> None:
        rule = self._rules[number]
        first = len(self._values) - rule.size
        self._values[first:] = [self._apply(rule, self._actions[number], self._values[first:])]
        del self._states[len(self._states) - rule.size :]
        self._states.append(self._table.states[self._states[-1]][rule.origin])

    def _apply(self, rule: Rule, action: Action | None, taken: list[_Value]) -> _Value:
        children = _children(rule, taken)
        if taken:
            start, end, depth = taken[0].start, taken[-1].end, max([value.depth for value in taken])
        else:
            start = end = self._values[-1].end if self._values else 0
            depth = 0
        if action is None:
            return _Value(children[0] if rule.collapse else children, start, end, depth)
        value = action(Span(self._source, start, end), *children)
        if type(value) in _EXPRESSIONS:
            depth += 1
            if depth > MAX_NESTING:
                raise TooDeep(Span(self._source, taken[-1].start, end))
        return _Value(value, start, end, depth)

    # --- recovery

    def fits(self, kind: str) -> bool:
        """Whether a token of this kind would be taken, tried out without touching the stack."""
        rules, states = self._rules, self._table.states
        kept, above = len(self._states), list[int]()
        while True:
            state = above[-1] if above else self._states[kept - 1]
            target = states[state].get(kind)
            if target is None or target >= 0:
                return target is not None
            rule = rules[~target]
            kept -= max(0, rule.size - len(above))
            del above[max(0, len(above) - rule.size) :]
            above.append(states[above[-1] if above else self._states[kept - 1]][rule.origin])

    def expected(self) -> frozenset[str]:
        """The terminals that would be taken now."""
        rules = {rule.origin for rule in self._rules}
        known = self._table.states[self._states[-1]].keys() - rules
        return frozenset(kind for kind in known if self.fits(kind))

    def unwind(self, kind: str) -> None:
        """Give up unfinished rules until a token of this kind fits."""
        while not self.fits(kind):
            self._states.pop()
            self._values.pop()


def _method(builder: object, rule: Rule) -> Action | None:
    """The builder's method for a rule; where its name is a keyword of Python, with a `_` behind."""
    if rule.action is None:
        return None
    method: Action = getattr(builder, rule.action + "_" * keyword.iskeyword(rule.action))
    return method


def _children(rule: Rule, taken: Sequence[_Value]) -> list[object]:
    children: list[object] = []
    for slot in rule.children:
        if slot is None:
            children.append(None)
        elif slot >= 0:
            children.append(taken[slot].value)
        else:
            listed = cast(list[object], taken[~slot].value)
            if children:
                children += listed
            else:  # a list that grows to the left is taken over, not copied
                children = listed
    return children
