"""Lines of `explain` that layers share: why the parameters and the MACs are what they are."""

from __future__ import annotations

from cnnspec.dims import Dim, digits, product, render, sum_of
from cnnspec.layers.base import Derivation, Shape, Weight, WeightKind


def factor_text(dim: Dim) -> str:
    """A size as it stands inside a formula, in brackets where it is a sum."""
    text = render(dim)
    return f"({text})" if " " in text and not text.startswith(("⌊", "(")) else text


def grouped(dim: Dim) -> str:
    """A count with its thousands apart: 61,706."""
    return digits(dim, grouped=True) if isinstance(dim, int) else render(dim)


def product_text(shape: Shape) -> str:
    """`96·3·11·11`."""
    return "·".join(map(factor_text, shape))


def count_parameters(formula: str, weights: tuple[Weight, ...]) -> Derivation:
    """Parameters are the elements of the trained weights, one product of sizes each."""
    trained = [weight.shape for weight in weights if weight.kind is WeightKind.PARAMETER]
    total = sum_of(product(shape) for shape in trained)
    return Derivation("parameters", formula, " + ".join(map(product_text, trained)) or "0", grouped(total))


def count_macs(formula: str, *sizes: Dim) -> Derivation:
    """Multiply-accumulates, the product of some sizes."""
    return Derivation("MACs", formula, product_text(sizes), grouped(product(sizes)))
