"""The two loops over members: from a group to the outboxes of its sessions, and from there to their sockets.

Everything that is done once per delivery is here, and nothing else: what is nearly always so is asked first and in
place. `_delivery.c` does the same in C, and is used wherever it was built; `CHATD_PURE=1` in the environment says not
to. Tests hold the two against each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from chatd.hub.feed import Follow, State
from chatd.hub.ring import Segment

if TYPE_CHECKING:
    from chatd.hub.receiver import Receiver


class Run(Protocol):
    """One pass over the live sessions of a group. `left`: those it has still to come to."""

    upto: int
    left: Iterator[Follow]

    def segment_after(self, cursor: int) -> Segment | None: ...


def hand_out_in_python(run: Run, touched: list[Receiver], most: int, live: State) -> int:
    """Put what is new, up to `run.upto`, into the outboxes of the next sessions whose state is `live`. Returns how many
    got it: less than `most` when none are left. Outboxes that were empty are added to `touched`."""
    upto = run.upto
    shared_after, shared = -1, None
    done = 0
    for follow in run.left:
        cursor = follow.cursor
        if follow.state is not live or cursor >= upto:
            continue
        session = follow.session
        if cursor != shared_after:
            shared_after, shared = cursor, run.segment_after(cursor)
        if shared is None or not session.socket.writable or session.mine_cursor != session.mine_head:
            session.fall_behind(follow)
            continue
        follow.cursor = follow.told = upto
        frame = shared.full.get(session.format) if follow.floor < shared.lowest_target else None
        if frame is None:
            frame = shared.frame(session.format, follow.floor)
        if session.outbox:
            session.outbox += frame
        else:
            session.outbox = frame
            touched.append(session)
        done += 1
        if done >= most:
            break
    return done


def flush_in_python(sessions: list[Receiver]) -> None:
    """Write what is in the outbox of each of these, in order."""
    for session in sessions:
        session.flush()


hand_out, flush = hand_out_in_python, flush_in_python
NATIVE = False
"""Whether the loops are those in C."""
if not os.environ.get("CHATD_PURE"):
    try:
        from chatd.hub._delivery import flush, hand_out  # noqa: F401 - what others import from here

        NATIVE = True
    except ImportError:
        pass
