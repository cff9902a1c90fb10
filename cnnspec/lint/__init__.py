"""Lint: findings about nets that work. A rule is one function in `rules/` and one row among the codes."""
