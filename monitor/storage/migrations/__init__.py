"""How an older store becomes a newer one: a module for each version, `vN.py` makes N of N - 1."""
