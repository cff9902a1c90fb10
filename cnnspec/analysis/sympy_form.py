"""Formulas as SymPy expressions, for people who solve, differentiate or typeset them.

Built node by node from our own normal form, never from text, and never simplified: the floor of an affine
function stays what it is. Every symbol is a positive integer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import sympy
from sympy.printing.latex import LatexPrinter

from cnnspec.dims import Dim, OneSymbol, Quasi, symbols_of
from cnnspec.dims.floor_form import FloorForm, few_floors, floor_form
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
    """A size or cost as LaTeX. A symbol of several letters is upright: it is a name, not a product.

    Products have their dots, without which SymPy's reader does not understand all of them.
    """
    names = {symbol_of(name): _latex_name(name) for name in symbols_of(dim)}
    printer = LatexPrinter({"symbol_names": names, "mul_symbol": "dot"})
    return printer.doprint(to_sympy(dim))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _latex_name(name: str) -> str:
    escaped = name.replace("_", r"\_")
    return escaped if len(name) == 1 else rf"\mathrm{{{escaped}}}"


def symbol_of(name: str) -> sympy.Symbol:
    """The SymPy symbol of a size."""
    return sympy.Symbol(name, integer=True, positive=True)


def _atom(atom: Atom) -> Expr:
    if isinstance(atom, OneSymbol):
        return _function(atom.symbol, atom.function)
    if isinstance(atom, Floor):
        return _floor(to_sympy(atom.numerator), to_sympy(atom.divisor))
    return cast("Expr", sympy.Max(*(to_sympy(size) for size in atom.sizes), evaluate=False))


def _function(name: str, function: Quasi) -> Expr:
    form = floor_form(function)
    floors, constant = ((form,), form.constant) if form else (few_floors(function), function.values[0])
    return _sum([*(_one_floor(symbol_of(name), floor) for floor in floors), sympy.Integer(constant)])


def _one_floor(n: sympy.Symbol, form: FloorForm) -> Expr:
    floor = _floor(_sum([form.step * n, sympy.Integer(form.shift)]), sympy.Integer(form.period))
    return _product([sympy.Integer(form.factor), floor])


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
