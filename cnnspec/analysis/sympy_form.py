"""Formulas as SymPy expressions, for people who solve, differentiate or typeset them.

Built node by node from our own normal form, never from text, and never simplified: the floor of an affine
function stays what it is. Every symbol is a positive integer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import sympy
from sympy.printing.latex import LatexPrinter

from cnnspec.dims import Dim, OneSymbol, Quasi
from cnnspec.dims.floor_form import floor_form
from cnnspec.dims.substitution import sum_of_floors
from cnnspec.dims.symbolic import Atom, Floor, terms_of

if TYPE_CHECKING:
    from sympy import Expr


def to_sympy(dim: Dim) -> Expr:
    """A size or cost as a SymPy expression in positive integer symbols."""
    if isinstance(dim, int):
        return sympy.Integer(dim)
    if isinstance(dim, OneSymbol):
        return _function(dim.symbol, dim.function)
    return _sum(
        _product([sympy.Integer(factor), *(_atom(atom) for atom in monomial)])
        for monomial, factor in terms_of(dim).items()
    )


def to_latex(dim: Dim) -> str:
    """A size or cost as LaTeX."""
    return LatexPrinter().doprint(to_sympy(dim))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def symbol_of(name: str) -> sympy.Symbol:
    """The SymPy symbol of a size."""
    return sympy.Symbol(name, integer=True, positive=True)


def _atom(atom: Atom) -> Expr:
    if isinstance(atom, OneSymbol):
        return _function(atom.symbol, atom.function)
    if isinstance(atom, Floor):
        return _floor(to_sympy(atom.numerator), to_sympy(atom.divisor))
    return cast("Expr", sympy.Max(*(to_sympy(size) for size in atom.sizes)))


def _function(name: str, function: Quasi) -> Expr:
    n = symbol_of(name)
    form = floor_form(function)
    if form is not None:
        floor = _floor(_sum([form.step * n, sympy.Integer(form.shift)]), sympy.Integer(form.period))
        return _sum([_product([sympy.Integer(form.factor), floor]), sympy.Integer(form.constant)])
    floors, constant = sum_of_floors(function)
    period = sympy.Integer(function.period)
    return _sum(
        [factor * _floor(n + offset, period) for offset, factor in floors] + [sympy.Integer(constant)]
    )


def _floor(numerator: Expr, divisor: Expr) -> Expr:
    """The floor of a quotient that stays one: spread over a sum, floats would round its parts one by one."""
    if divisor == 1:
        return numerator
    quotient = sympy.Mul(sympy.Pow(divisor, -1), numerator, evaluate=False)
    return sympy.floor(quotient, evaluate=False)


def _sum(parts: Iterable[Expr]) -> Expr:
    return sympy.Add(*parts)


def _product(parts: Iterable[Expr]) -> Expr:
    return sympy.Mul(*parts)
