"""What is true of a graph: numbers for bound nets, formulas for symbolic ones."""

from cnnspec.analysis.facts import Analysis, LayerFacts, Totals, analyse

__all__ = ["Analysis", "LayerFacts", "Totals", "analyse"]
