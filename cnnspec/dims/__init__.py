"""The exact algebra of sizes: integers where sizes are known, normal forms in symbols where they are not."""

from cnnspec.dims.aggregates import ceil_div, product, sum_of
from cnnspec.dims.bounds import INDEX, bounds
from cnnspec.dims.decide import Relation, decide
from cnnspec.dims.equality import equal_everywhere
from cnnspec.dims.extremes import maximum, minimum
from cnnspec.dims.index_map import UNIT, IndexMap
from cnnspec.dims.opaque import evaluate, symbols_of
from cnnspec.dims.quasi import MAX_PERIOD, Quasi
from cnnspec.dims.rendering import digits, render
from cnnspec.dims.substitution import substitute
from cnnspec.dims.symbolic import Dim, OneSymbol, Polynomial, SizeLimitError, Symbolic, one_symbol, symbol

__all__ = [
    "INDEX",
    "MAX_PERIOD",
    "UNIT",
    "Dim",
    "IndexMap",
    "OneSymbol",
    "Polynomial",
    "Quasi",
    "Relation",
    "SizeLimitError",
    "Symbolic",
    "bounds",
    "ceil_div",
    "decide",
    "digits",
    "equal_everywhere",
    "evaluate",
    "maximum",
    "minimum",
    "one_symbol",
    "product",
    "render",
    "substitute",
    "sum_of",
    "symbol",
    "symbols_of",
]
