"""Reads the figures that a running server of ours gives about itself. It must not know what is measured."""

from __future__ import annotations

from urllib.request import urlopen

TIMEOUT_S = 20.0


def read_metrics(port: int) -> dict[str, float]:
    """By name, those without labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_S) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#") and "{" not in line)
    return {name: float(value) for name, value in pairs}
