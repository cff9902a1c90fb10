"""A plan as a Python program of its own: to read, to change, to import."""

from cnnspec.backend.emit.module import Emission, emit

__all__ = ["Emission", "emit"]
