"""One thing that a contract asks for: a word, and of what."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.analysis.costs import Setting
from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.analysis.measures import ALL_SUMS, MEMORY, OF_TENSOR, TOGETHER
from cnnspec.graph import Tensor
from cnnspec.language.attributes import SIZES
from cnnspec.language.values import Value


@dataclass(frozen=True, slots=True)
class Asked:
    """A measure of some layers (all of a net, a block, what a label names) or of a tensor."""

    word: str
    analysis: Analysis
    setting: Setting
    layers: tuple[LayerFacts, ...] = ()
    tensor: Tensor | None = None

    @property
    def value(self) -> Value | None:
        """The number; None where it is not known."""
        if self.word in ALL_SUMS:
            return ALL_SUMS[self.word].over(self.layers, self.analysis, self.setting)
        if self.word in TOGETHER:
            return TOGETHER[self.word].measure(self.layers, self.setting)
        if self.word in MEMORY:
            return MEMORY[self.word].measure(self.analysis, self.setting)
        if self.tensor is None:
            return None
        if self.word in OF_TENSOR:
            return OF_TENSOR[self.word](self.analysis, self.tensor)
        return SIZES[self.word](self.tensor.shape)

    @property
    def shares(self) -> list[tuple[Value | None, str]]:
        """What each layer has to do with the number, where one can say so, and its path."""
        table = ALL_SUMS.get(self.word) or TOGETHER.get(self.word)
        if table is None or table.shares is None:
            return []
        share = table.shares(self.analysis, self.setting)
        return [(share(facts), facts.path) for facts in self.layers]

    @property
    def of_what(self) -> str:
        """What the shares are shares of."""
        return f"`{TOGETHER[self.word].sum_of}`" if self.word in TOGETHER else f"`{self.word}`"


def takes(word: str) -> tuple[str, ...]:
    """The circumstances under which a word can be asked for, by the names of their arguments."""
    for table in (ALL_SUMS, TOGETHER, MEMORY):
        if word in table:
            return table[word].takes
    return ()


def why_unknown(word: str) -> str:
    """Why a measure is not known, where it is not."""
    if word == "seconds":
        return "say on which device, `seconds(peak=4T, bw=50G)`; sizes must be numbers"
    if word in TOGETHER:
        return "it is known for numbers only, not for formulas"
    if word in OF_TENSOR:
        return "what the units see has no short formula"
    return "a window is a formula, or very large"
