"""From a plan to the steps of the fast backend: fusion, layouts, algorithms and memory, all of it plain data."""
