"""From a plan to the steps of the fast backend: fusion, layouts, algorithms and memory, as plain data."""
