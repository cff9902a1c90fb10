"""The LALR(1) table of the grammar, as plain numbers and words that JSON can hold.

Lark reads the grammar and works the table out (`compile_grammar`); running it needs no Lark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

START = "file"
END = "$END"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alternative of a rule: how many symbols it takes off the stack and what becomes of their values.

    `action` names the builder's method (None: the values are handed up as a list, or, where there is only
    one and `collapse` is set, as themselves). `children` says which values the action is given: `i` for the
    i-th, `~i` for those of the list that the i-th is, None for an optional part that is absent.
    """

    origin: str
    size: int
    action: str | None
    collapse: bool
    children: tuple[int | None, ...]
    is_pass_through: bool
    """Whether it only renames its one symbol."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A sort of token: its regular expression, or its exact text where it has one."""

    name: str
    pattern: str
    literal: str | None
    priority: int


@dataclass(frozen=True, slots=True)
class Table:
    """The automaton. In a state, a symbol leads to `n >= 0`: go to state n, or to `n < 0`: apply rule ~n."""

    terminals: tuple[Terminal, ...]
    ignored: tuple[str, ...]
    rules: tuple[Rule, ...]
    states: tuple[Mapping[str, int], ...]
    start: int
    accept: int


def to_json(table: Table) -> dict[str, Any]:
    """The table as JSON data."""
    return {**asdict(table), "states": table.states}


def from_json(data: Mapping[str, Any]) -> Table:
    """The table from its JSON data; raises KeyError, TypeError or ValueError where that is damaged."""
    rules: list[dict[str, Any]] = data["rules"]
    return Table(
        terminals=tuple(Terminal(**terminal) for terminal in data["terminals"]),
        ignored=tuple(data["ignored"]),
        rules=tuple(_stored_rule(**rule) for rule in rules),
        states=tuple(data["states"]),
        start=data["start"],
        accept=data["accept"],
    )


def _stored_rule(children: list[int | None], **rest: Any) -> Rule:
    return Rule(children=tuple(children), **rest)


def compile_grammar(grammar: str) -> Table:
    """Work out the table with Lark."""
    from lark import Lark  # noqa: PLC0415 - 25 ms, and only needed when the table is not in the cache
    from lark.grammar import Rule as LarkRule  # noqa: PLC0415
    from lark.lexer import TerminalDef  # noqa: PLC0415

    compiled = Lark(grammar, parser="lalr", start=START, maybe_placeholders=True)
    data, memo = compiled.memo_serialize([TerminalDef, LarkRule])  # pyright: ignore[reportUnknownMemberType]
    parser = data["parser"]["parser"]
    lexer = data["parser"]["lexer_conf"]
    rule_ids = [key for key, value in memo.items() if value["__type__"] == "Rule"]
    rule_numbers = {key: number for number, key in enumerate(rule_ids)}
    return Table(
        terminals=tuple(_terminal(memo[reference["@"]]) for reference in lexer["terminals"]),
        ignored=tuple(lexer["ignore"]),
        rules=tuple(_rule(memo[key]) for key in rule_ids),
        states=_states(parser, rule_numbers),
        start=parser["start_states"][START],
        accept=parser["end_states"][START],
    )


def _terminal(data: Mapping[str, Any]) -> Terminal:
    pattern = data["pattern"]
    literal = pattern["value"] if pattern["__type__"] == "PatternStr" else None
    return Terminal(data["name"], pattern["value"], literal, data["priority"])


def _states(parser: Mapping[str, Any], rule_numbers: Mapping[int, int]) -> tuple[dict[str, int], ...]:
    """Lark's states in order: each symbol to `(0, state)` for a shift, `(1, rule)` for a reduction."""
    tokens = parser["tokens"]
    states = parser["states"]
    return tuple(
        {
            tokens[token]: ~rule_numbers[target["@"]] if is_reduction else target
            for token, (is_reduction, target) in states[number].items()
        }
        for number in range(len(states))
    )


def _rule(data: Mapping[str, Any]) -> Rule:
    """What Lark's tree builder would do for this rule, as data.

    Anonymous tokens are left out, rules whose name begins with `_` hand their children up, and every absent
    optional part leaves a None.
    """
    origin, expansion, options = data["origin"]["name"], data["expansion"], data["options"]
    children: list[int | None] = []
    position = 0
    for is_absent in options["empty_indices"] or [False] * len(expansion):
        if is_absent:
            children.append(None)
            continue
        symbol = expansion[position]
        is_terminal = symbol["__type__"] == "Terminal"
        if not (is_terminal and symbol["filter_out"] and not options["keep_all_tokens"]):
            children.append(~position if symbol["name"].startswith("_") and not is_terminal else position)
        position += 1
    is_single = len(children) == 1 and children[0] is not None and children[0] >= 0
    collapse = bool(options["expand1"]) and data["alias"] is None and is_single
    action = None if origin.startswith("_") or collapse else data["alias"] or origin
    return Rule(origin, len(expansion), action, collapse, tuple(children), collapse and len(expansion) == 1)
