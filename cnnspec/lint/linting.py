"""Lint a spec: run the chosen rules, sum up what they find, leave out what comments say is meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from cnnspec.analysis.facts import Analysis
from cnnspec.diagnostics import Diagnostic
from cnnspec.language.spec import Spec
from cnnspec.lint.config import Settings
from cnnspec.lint.finding import summed
from cnnspec.lint.linted import Linted, LintedNet
from cnnspec.lint.places import Places, units
from cnnspec.lint.rule import rules
from cnnspec.lint.suppressions import Suppressions, suppressions_in, unused, without_suppressed


def lint(spec: Spec, analyses: Sequence[Analysis], settings: Settings) -> tuple[Diagnostic, ...]:
    """What is found in a spec without errors, given the analyses of all its nets, and not meant to be so."""
    return _as_suppressed(spec, found_by_rules(spec, analyses, settings), settings)


def found_by_rules(spec: Spec, analyses: Sequence[Analysis], settings: Settings) -> list[Diagnostic]:
    """The same, whatever comments say."""
    places = Places(spec)
    nets = tuple(LintedNet(analysis, places, settings.activation_budget) for analysis in analyses)
    linted = Linted(spec, nets)
    chosen = [rule for code, rule in rules().items() if code in settings.codes]
    found = list(chain.from_iterable(rule.check(linted) for rule in chosen))
    return summed(found, linted.written if found else {})


def _as_suppressed(spec: Spec, found: list[Diagnostic], settings: Settings) -> tuple[Diagnostic, ...]:
    """Comments hold in every file; what is wrong with them is said of the main file only."""
    sources = [unit.file.source for unit in units(spec.main)]
    of_source = {source: suppressions_in(source) for source in sources}
    each = [suppression for one in of_source.values() for suppression in one.each]
    kept, needed = without_suppressed(found, each)
    own: Suppressions = of_source[spec.source]
    about_comments = [*own.diagnostics]
    if spec.nets:
        about_comments += unused((s for s in own.each if s not in needed), settings.looked_for)
    return (*kept, *(d for d in about_comments if d.code in settings.codes))
