"""Who is notified of a message, and why."""

from __future__ import annotations

import itertools

import pytest

from chatd.core.notifications import Arrival, Reason, level_at, reason_to_notify

NOW = 1000


@pytest.mark.parametrize(
    ("arrival", "of_all", "of_mentions"),
    [
        (Arrival(), "message", None),
        (Arrival(mentions_me=True), "mention", "mention"),
        (Arrival(mentions_all=True), "mention_all", "mention_all"),
        (Arrival(replies_to_me=True), "reply", "reply"),
        (Arrival(direct=True), "direct", "direct"),
        (Arrival(mentions_me=True, replies_to_me=True, mentions_all=True), "mention", "mention"),
        (Arrival(replies_to_me=True, mentions_all=True), "reply", "reply"),
        (Arrival(direct=True, mentions_me=True), "direct", "direct"),
    ],
)
def test_the_strongest_reason_is_told(arrival: Arrival, of_all: Reason, of_mentions: Reason | None) -> None:
    assert reason_to_notify(arrival, "all", 0, NOW) == of_all
    assert reason_to_notify(arrival, "mentions", 0, NOW) == of_mentions
    assert reason_to_notify(arrival, "none", 0, NOW) is None


@pytest.mark.parametrize("level", ["all", "mentions", "none"])
def test_nobody_is_notified_of_themselves_nor_over_a_block(level: str) -> None:
    for signs in itertools.product([False, True], repeat=4):
        direct, me, everybody, reply = signs
        arrival = {"direct": direct, "mentions_me": me, "mentions_all": everybody, "replies_to_me": reply}
        assert reason_to_notify(Arrival(own=True, **arrival), level, 0, NOW) is None
        assert reason_to_notify(Arrival(blocked=True, **arrival), level, 0, NOW) is None


def test_a_level_with_an_end_is_over_then() -> None:
    assert level_at("none", NOW + 1, NOW) == "none"
    assert level_at("none", NOW, NOW) == "all"
    assert level_at("mentions", 0, NOW) == "mentions"
    assert reason_to_notify(Arrival(), "none", NOW, NOW) == "message"
    assert reason_to_notify(Arrival(mentions_me=True), "none", NOW + 1, NOW) is None
