"""Peers of the benchmark that are written in Python: programs to run, not to import."""
