"""What stands after a dot: the sizes of a tensor, the outputs of a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Edit, Help
from cnnspec.diagnostics.suggest import nearest
from cnnspec.dims import product
from cnnspec.graph import Tensor
from cnnspec.language import ast
from cnnspec.language.values import UNKNOWN, Outputs, Value, describe
from cnnspec.layers.base import Shape
from cnnspec.layers.spatial import shape_text

if TYPE_CHECKING:
    from cnnspec.language.scope import Scope


def _axis(*places: int) -> Callable[[Shape], Value | None]:
    """The size along a spatial axis; its place in shapes of 2, 3 and 4 axes (0: there is none)."""

    def size(shape: Shape) -> Value | None:
        place = places[len(shape) - 2] if 2 <= len(shape) <= 4 else 0
        return shape[place] if place else None

    return size


SIZES: Mapping[str, Callable[[Shape], Value | None]] = {
    "shape": lambda shape: shape,
    "channels": lambda shape: shape[0],
    "length": _axis(1, 0, 0),
    "height": _axis(0, 1, 2),
    "width": _axis(0, 2, 3),
    "depth": _axis(0, 0, 1),
    "rank": len,
    "size": product,
}
"""What a tensor says of its shape; None where its rank has no such axis."""

MEASURED = ("receptive_field", "stride", "params", "macs", "flops")
"""What is only known of a tensor once the whole net is."""


def attribute(scope: Scope, node: ast.Attribute, base: Value, measured: Iterable[str] = ()) -> Value:
    """`base.name`; reported where there is none. What is `measured` could be asked for besides."""
    if isinstance(base, Outputs):
        if node.name in base.named:
            return base.named[node.name]
        if base.main is not None and node.name in SIZES:
            base = base.main
    if isinstance(base, Tensor) and node.name in SIZES:
        value = SIZES[node.name](base.shape)
        if value is None:
            message = f"a tensor {shape_text(base.shape)} has no {node.name}"
            scope.report("unknown-attribute", message, node.name_span)
            return UNKNOWN
        return value
    if base is not UNKNOWN:
        _report_unknown(scope, node, base, measured)
    return UNKNOWN


def _report_unknown(scope: Scope, node: ast.Attribute, base: Value, measured: Iterable[str]) -> None:
    names = [*SIZES, *measured] if isinstance(base, Tensor) else []
    names = list(base.named) if isinstance(base, Outputs) else names
    close = nearest(node.name, names)
    way_out = Help(f"did you mean `{close}`?", (Edit(node.name_span, close),)) if close else None
    if isinstance(base, Tensor) and node.name in MEASURED:
        way_out = Help("it is known when the net is complete: ask in an `expect`")
    notes = (f"there are {', '.join(f'`{name}`' for name in names)}",) if names else ()
    message = f"{describe(base)} {'have' if isinstance(base, Outputs) else 'has'} no `{node.name}`"
    scope.report("unknown-attribute", message, node.name_span, notes=notes, help=way_out)
