"""The language: from source text to the graph of a net."""
