"""One method per op, by noun: typed arguments in, the typed answer out."""
