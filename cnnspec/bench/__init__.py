"""How fast a net runs: timing, this machine's limits, a profile by layers, and other frameworks beside it."""
