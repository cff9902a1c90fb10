"""How a net runs: the plan (pure data), the kernels (Numba), the executable, training, verification."""
