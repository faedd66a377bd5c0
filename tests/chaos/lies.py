"""Lies that a history tells, each with the name of the promise that it breaks."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.history import History

Lie = Callable[[History], None]


class Lies:
    """A decorator that keeps what it decorates."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Lie]] = []

    def __call__(self, promise: str) -> Callable[[Lie], Lie]:
        def mark(tell: Lie) -> Lie:
            self.told.append((promise, tell))
            return tell

        return mark

    @property
    def names(self) -> list[str]:
        """For the tests that tell them."""
        return [tell.__name__ for _, tell in self.told]
