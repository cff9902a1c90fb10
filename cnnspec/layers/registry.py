"""Every word of the language that names a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cnnspec.layers.base import Layer

LAYERS: dict[str, type[Layer]] = {}

LayerClass = TypeVar("LayerClass", bound=type[Layer])


def layer(*words: str) -> Callable[[LayerClass], LayerClass]:
    """Register a layer class under the words of the language that name it (the first is its own name)."""

    def register(cls: LayerClass) -> LayerClass:
        cls.word = words[0]
        for word in words:
            if word in LAYERS:
                raise ValueError(f"two layers are called {word!r}")
            LAYERS[word] = cls
        return cls

    return register
