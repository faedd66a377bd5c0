"""Which of several acts is done now and then, by their shares."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Actor = TypeVar("Actor")


def act_of(
    rng: random.Random, acts: Sequence[tuple[float, Callable[[Actor, str], None]]], actor: Actor, group: str
) -> None:
    """Do one of the acts in a group, or none: each has its share of 1."""
    dice = rng.random()
    for share, act in acts:
        if dice < share:
            act(actor, group)
            return
        dice -= share
