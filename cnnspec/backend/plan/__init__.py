"""The plan of a run: pure data, made without numpy or numba."""

from cnnspec.backend.plan.build import make_plan
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.plan.text import describe

__all__ = ["Plan", "describe", "make_plan"]
