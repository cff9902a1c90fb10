"""cnnspec: write a convolutional network as a short text spec; check it, read its numbers, run it."""

__version__ = "0.1.0"
