"""Under which circumstances a contract measures: `memory.train(batch=32, bits=16, optimizer=adam)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from cnnspec.analysis.costs import Setting
from cnnspec.analysis.memory import Optimiser
from cnnspec.analysis.roofline import Device
from cnnspec.language.values import Value, describe

WIDTHS = (8, 16, 32, 64)
"""Bits of a number."""

DEVICE = ("peak", "bw")
"""Operations and bytes a second; a device has both."""


class CircumstanceError(ValueError):
    """A circumstance that cannot be; the message says why."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message


def under(setting: Setting, given: Mapping[str, Value]) -> Setting:
    """A setting with some circumstances changed. Raises CircumstanceError."""
    for name, value in given.items():
        if name in _READERS:
            setting = _READERS[name](setting, value)
    rates = {name: _rate(name, given[name]) for name in DEVICE if name in given}
    if not rates:
        return setting
    for name in DEVICE:
        if name not in rates:
            raise CircumstanceError(next(iter(rates)), f"a device has `peak` and `bw`: `{name}` is missing")
    return replace(setting, device=Device(rates["peak"], rates["bw"]))


def _batch(setting: Setting, value: Value) -> Setting:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return replace(setting, batch=value)
    raise CircumstanceError("batch", f"a batch is a whole number, at least 1, not {describe(value)}")


def _bits(setting: Setting, value: Value) -> Setting:
    if isinstance(value, int) and value in WIDTHS:
        return replace(setting, bits=value)
    raise CircumstanceError("bits", f"a number has {_either(map(str, WIDTHS))} bits, not {describe(value)}")


def _optimizer(setting: Setting, value: Value) -> Setting:
    if value in list(Optimiser):
        return replace(setting, optimiser=Optimiser(str(value)))
    raise CircumstanceError("optimizer", f"an optimizer is {_either(Optimiser)}, not {describe(value)}")


_READERS: Mapping[str, Callable[[Setting, Value], Setting]] = {
    "batch": _batch,
    "bits": _bits,
    "optimizer": _optimizer,
}

CIRCUMSTANCES = (*_READERS, *DEVICE)
CHOSEN = ("optimizer",)
"""Those that are words, not numbers."""


def _rate(name: str, value: Value) -> Fraction:
    if isinstance(value, int | Fraction) and not isinstance(value, bool) and value > 0:
        return Fraction(value)
    message = f"`{name}` is above 0, how much a second: `{name}=50G`, not {describe(value)}"
    raise CircumstanceError(name, message)


def _either(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"
