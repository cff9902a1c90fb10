"""A rule, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from cnnspec.diagnostics.codes import CODES
from cnnspec.lint.finding import Finding
from cnnspec.lint.linted import Linted, LintedNet

NetRule = Callable[[LintedNet], Iterator[Finding]]
SpecRule = Callable[[Linted], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What looks for one kind of finding."""

    code: str
    check: SpecRule


_RULES: dict[str, Rule] = {}


def rule(code: str) -> Callable[[NetRule], NetRule]:
    """Register a function of a net as the rule of a code."""

    def register(check: NetRule) -> NetRule:
        def all_nets(linted: Linted) -> Iterator[Finding]:
            for net in linted.nets:
                yield from check(net)

        spec_rule(code)(all_nets)
        return check

    return register


def spec_rule(code: str) -> Callable[[SpecRule], SpecRule]:
    """Register a function of the whole spec, which need not have nets, as the rule of a code."""
    if code not in CODES:
        raise KeyError(f"the rule {code!r} has no row in cnnspec/diagnostics/codes.py")
    if code in _RULES:
        raise ValueError(f"two rules are called {code!r}")

    def register(check: SpecRule) -> SpecRule:
        _RULES[code] = Rule(code, check)
        return check

    return register


@cache
def rules() -> dict[str, Rule]:
    """All rules by their codes: those of the modules of `cnnspec.lint.rules`."""
    package = import_module("cnnspec.lint.rules")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return _RULES
