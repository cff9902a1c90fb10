"""Ways out where the operands of a sum or concatenation have different shapes, as text to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnspec.diagnostics import Edit, Help
from cnnspec.graph import Tensor
from cnnspec.language.shortcut import begun_late, shortcut_stride

if TYPE_CHECKING:
    from cnnspec.language.application import Site

MAIN_LINE = ("it", "in")


def way_out_of_clash(site: Site, inputs: tuple[Tensor, ...], ports: tuple[int, int]) -> Help | None:
    """How to make two operands fit: project a skip onto the other's shape, or crop the larger map.

    None where the shapes depend on symbols or nothing simple helps.
    """
    shapes = [inputs[port].shape for port in ports]
    if len({len(shape) for shape in shapes}) != 1:
        return None
    sizes = [tuple(size for size in shape if isinstance(size, int)) for shape in shapes]
    if any(len(known) != len(shape) for known, shape in zip(sizes, shapes, strict=True)):
        return None
    skip, other = _skip_first(site, ports, sizes)
    graph, name = site.scope.expansion.graph, site.operands[ports[skip]].text
    ends = inputs[ports[skip]], inputs[ports[other]]
    if name.isidentifier() and (late := begun_late(graph, site.scope.entry, *ends, name)):
        return late
    if site.word == "add":
        projection = _projection(sizes[skip], sizes[other])
        if projection is not None:
            return shortcut_stride(graph, *ends) or _projected(site, ports[skip], ends[0], projection)
    return _cropping(site, ports, sizes)


def _skip_first(site: Site, ports: tuple[int, int], sizes: list[tuple[int, ...]]) -> tuple[int, int]:
    """Which of two operands is the skip: the one with a name of its own, else the thinner."""
    named = [site.operands[port].text.isidentifier() and site.operands[port].text != "it" for port in ports]
    if named[0] != named[1]:
        return (0, 1) if named[0] else (1, 0)
    return (0, 1) if sizes[0][0] < sizes[1][0] else (1, 0)


def _projection(skip: tuple[int, ...], other: tuple[int, ...]) -> str | None:
    """The 1×1 convolution that takes the shape of a skip to that of the other operand."""
    strides = {-(-a // b) for a, b in zip(skip[1:], other[1:], strict=True)}
    if len(strides) != 1:
        return None
    (stride,) = strides
    if tuple(-(-a // stride) for a in skip[1:]) != other[1:]:
        return None
    step = f", stride={stride}" if stride > 1 else ""
    return f"conv({other[0]}, 1{step}, bias=false) -> bn"


def _projected(site: Site, port: int, tensor: Tensor, projection: str) -> Help:
    """Words for a projection; in a net the edit too, which in a block might break other uses of the block."""
    place = site.operands[port]
    name = place.text
    edits = (Edit(place, f"({name} -> {projection})"),) if site.scope.is_net and name.isidentifier() else ()
    if name.isidentifier() and name not in MAIN_LINE:
        start = "" if tensor == site.scope.entry else f"{name} -> "
        return Help(f"project the skip: `{name} = {start}{projection}`", edits)
    start = "in -> " if name == "in" else ""
    return Help(f"project one operand: `skip = {start}{projection}`, and add `skip`", edits)


def _cropping(site: Site, ports: tuple[int, int], sizes: list[tuple[int, ...]]) -> Help | None:
    """Cut the larger map where it is larger along every axis."""
    excess = [a - b for a, b in zip(sizes[0][1:], sizes[1][1:], strict=True)]
    if not any(excess) or (min(excess) < 0 < max(excess)):
        return None
    large = 0 if max(excess) > 0 else 1
    amounts = [abs(amount) for amount in excess]
    if max(amounts) >= min(sizes[large][1:]):
        return None
    if all(amount % 2 == 0 for amount in amounts) and len(set(amounts)) == 1:
        crop = str(amounts[0] // 2)
    else:
        crop = f"[{', '.join(f'({amount // 2}, {amount - amount // 2})' for amount in amounts)}]"
    text = site.operands[ports[large]].text
    start = text if "\n" not in text and len(text) <= 40 else "…"
    return Help(f"cut the larger map: `{start} -> crop({crop})`; or choose sizes that no layer rounds")
