"""Real numbers on the command line: finite and within bounds."""

from __future__ import annotations

import math

import click


class Real(click.ParamType):  # pyright: ignore[reportMissingTypeArgument] - generic from click 8.2 on
    """A finite number from `least` on (above it where `above`) and below `below`."""

    name = "number"

    def __init__(self, least: float = 0.0, *, above: bool = False, below: float = math.inf) -> None:
        self.least, self.above, self.below = least, above, below

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number, or fail with what it must be."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not (self.least < number < self.below or (number == self.least and not self.above)):
            self.fail(f"{str(value)[:40]!r} is not a number {self._bounds()}", param, ctx)
        return number

    def _bounds(self) -> str:
        low = f"above {self.least:g}" if self.above else f"of at least {self.least:g}"
        return low if math.isinf(self.below) else f"{low} and below {self.below:g}"
