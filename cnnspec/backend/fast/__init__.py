"""The fast backend: micro-kernels emitted for the host's vectors, run as one parallel program a net."""
