"""Mentions: whom a message calls, and whether it may call everybody. Judged inside the commit.

A mention of somebody who is not in the group, or with whom there is a block in either direction, stays what was
written and does nothing: neither side can tell from the message. Nobody mentions themselves.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from chatd.core.board import Board, Mention, board_of, drop_mentions, mentioned_in, without_call
from chatd.core.facts import Facts
from chatd.core.kinds import TEXT
from chatd.core.needs import Needs
from chatd.core.refusal import Refused
from chatd.core.rights import require
from chatd.core.values import Entry, Group, Member

DAY_MS: Final = 86_400_000
CALLS_KEPT: Final = 20
"""So many calls to everybody are found again later, however many the budget allows."""


def need_mentions(need: Needs, group: str, author: str, body: dict[str, Any]) -> None:
    """What `check_mentions` and `mention` have to know, for a text with parts."""
    for user in mentioned_in(TEXT, body):
        need.members.add((group, user))
        need.blocks.update(((author, user), (user, author)))
    if calls_all(body):
        need.record(Board, group)


def calls_all(body: dict[str, Any]) -> bool:
    """Whether a text calls everybody."""
    return any("all" in part for part in body.get("entities", ()))


def check_mentions(facts: Facts, group: Group, author: Member, body: dict[str, Any], called: bool = False) -> None:
    """Raises `limit`, `forbidden`. `called`: the message calls everybody already."""
    most = facts.bounds.mentions_per_message
    if len(mentioned_in(TEXT, body)) > most:
        raise Refused("limit", bound="mentions_per_message", max=most)
    if called or not calls_all(body):
        return
    if group.direct:
        raise Refused("forbidden", right="mention_all")
    require(group, author, "mention_all")
    most, since = facts.bounds.mention_all_per_day, facts.now_ms - DAY_MS
    if sum(call[2] > since for call in board_of(facts, group.id).calls) >= most:
        raise Refused("limit", bound="mention_all_per_day", max=most)


def mention(facts: Facts, entry: Entry, body: dict[str, Any]) -> None:
    """Note whom a text mentions; one that calls everybody does so without a row for anybody."""
    assert entry.seq is not None
    if calls_all(body):
        return
    for user in mentioned_in(TEXT, body):
        member = facts.members.get((entry.group, user))
        blocked = (entry.actor, user) in facts.blocks or (user, entry.actor) in facts.blocks
        if member is None or not member.present or blocked or user == entry.actor or member.from_pos >= entry.pos:
            continue
        facts.put(Mention(user, entry.group, entry.section, entry.seq, entry.pos, entry.at))


def call_all(facts: Facts, entry: Entry) -> None:
    """Note that a message calls everybody."""
    board = board_of(facts, entry.group)
    calls = [*board.calls, [entry.pos, entry.seq, max(entry.at, facts.now_ms), True, entry.actor, entry.section]]
    since = facts.now_ms - DAY_MS
    kept = [call for call in calls[:-CALLS_KEPT] if call[2] > since] + calls[-CALLS_KEPT:]
    facts.put(replace(board, calls=kept))


def is_called(board: Board | None, pos: int) -> bool:
    """Whether a message calls everybody as things stand."""
    return board is not None and any(call[0] == pos and call[3] for call in board.calls)


def mention_anew(facts: Facts, entry: Entry, body: dict[str, Any]) -> None:
    """A message is about to read `body`: whoever it no longer names is mentioned no more."""
    drop_mentions(facts, entry)
    mention(facts, entry, body)
    board = facts.find(Board, entry.group)
    called = is_called(board, entry.pos)
    if board is not None and called and not calls_all(body):
        facts.put(replace(board, calls=without_call(board, entry.pos)))
    elif calls_all(body) and not called:
        call_all(facts, entry)
