"""The receiving side of a session: what of the groups and of the person's own log goes to it, in which order.

Whatever is to be written in one turn of the loop is gathered in `outbox` and written once. Nothing here knows requests.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from chatd.core.session import Phase
from chatd.core.values import Mine
from chatd.core.visibility import view_mine
from chatd.hub import catchup
from chatd.hub.feed import Follow, State
from chatd.hub.frames import frame
from chatd.hub.ports import Format, Socket
from chatd.store.readers import ReaderLost
from chatd_protocol import errors
from chatd_protocol.codec import encode

if TYPE_CHECKING:
    from chatd.hub.hub import Hub
    from chatd.hub.people import Person


class Receiver:
    """Base of `Session`. `mine_cursor` and `mine_head` are its place in, and the end of, the person's own log."""

    __slots__ = (
        "_catching_up",
        "_tasks",
        "behind",
        "follows",
        "format",
        "hub",
        "mine_cursor",
        "mine_head",
        "outbox",
        "person",
        "phase",
        "scopes",
        "socket",
    )

    def __init__(self, hub: Hub, socket: Socket) -> None:
        self.hub = hub
        self.socket = socket
        self.format: Format = socket.format
        self.phase = Phase.NEW
        self.person: Person | None = None
        self.outbox: bytes = b""
        self.follows: dict[str, Follow] = {}
        self.behind: dict[Follow, None] = {}
        self.mine_cursor = 0
        self.mine_head = 0
        self.scopes: frozenset[str] | None = None
        """What a bot may do; None for a person."""
        self._tasks: set[asyncio.Task[None]] | None = None
        self._catching_up = False

    # -- writing

    def signal(self, event: str, data: dict[str, Any]) -> None:
        """Say something that may be lost; a socket that is full does not get it."""
        if self.socket.writable:
            self.write({"ev": event, "data": data})

    def write(self, value: dict[str, Any]) -> None:
        """Put a message in the outbox; it goes out in this turn of the loop."""
        if self.phase is not Phase.CLOSED:
            self.put(frame(encode(value, self.format), self.format))

    def put(self, frames: bytes) -> None:
        """Put whole frames in the outbox."""
        if not self.outbox:
            self.hub.fanout.touch(self)
        self.outbox += frames

    def flush(self) -> None:
        """Write what is in the outbox."""
        if self.outbox:
            out, self.outbox = self.outbox, b""
            self.socket.send(out)

    def close(self, code: int, reason: str = "") -> None:
        """Say what is still to be said, then end the connection."""
        self.flush()
        self.socket.close(code, reason)

    # -- following groups and the user's own log

    def follow(self, group: str, floor: int, read: int) -> Follow:
        """Begin to follow a group whose feed exists."""
        feed = self.hub.feeds[group]
        follow = Follow(self, feed, floor, read)
        self.follows[group] = follow
        feed.follows.add(follow)
        return follow

    def stays(self, group: str, floor: int) -> bool:
        """Whether the session follows the group, in the stay that began with this floor."""
        follow = self.follows.get(group)
        return follow is not None and follow.floor == floor

    def own_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those lines of the chat list that are of the stays in which the session follows the groups."""
        return [line for line in lines if self.stays(line["group"], line.pop("stay"))]

    def unfollow(self, group: str, upto: int | None) -> None:
        """Nothing of this group any more. A live session first gets what was committed up to `upto`, as it was then."""
        follow = self.follows.pop(group, None)
        if follow is None:
            return
        live = follow.state is State.LIVE and self.socket.writable and self.mine_cursor == self.mine_head
        if upto is not None and live and follow.cursor < upto:
            rest = follow.feed.rest(follow.cursor, upto)
            if rest is not None:
                self.put(rest.frame(self.format, follow.floor))
        follow.set(State.GONE)
        self.behind.pop(follow, None)
        self.hub.drop_if_idle(follow.feed)

    @property
    def may_read(self) -> bool:
        """Whether what is said in groups is for this session: for people, and for bots with that scope."""
        return self.scopes is None or "read" in self.scopes

    def go_live_from(self, follow: Follow, cursor: int) -> None:
        """Push entries of this group from a cursor on; to a bot that may not read, its head only."""
        follow.cursor = cursor
        if not self.may_read:
            follow.told = cursor
            return
        if cursor >= follow.feed.published:
            follow.told = cursor
            self.behind.pop(follow, None)
            follow.set(State.LIVE)
        else:
            follow.set(State.BEHIND)
            self.behind[follow] = None

    def fall_behind(self, follow: Follow) -> None:
        """The socket is full, or the ring does not reach back: read on at the reader's own pace."""
        follow.set(State.BEHIND)
        self.behind[follow] = None
        self.hub.fell_behind += 1
        self.catch_up()

    def catch_up(self) -> None:
        """Read on where something is behind, if the socket takes it."""
        if self._catching_up or not self.socket.writable or self.phase is not Phase.OPEN:
            return
        if self.mine_cursor != self.mine_head or self.behind:
            self._catching_up = True
            self.hub.catch_ups.add(self)

    def read_on(self) -> None:
        """A portion of what is behind: out of memory here and now, else by a task that reads the store."""
        if self.phase is not Phase.OPEN:
            self._catching_up = False
            return
        try:
            goes_on = catchup.send_at_hand(self)
        except Exception as error:  # noqa: BLE001 - whatever it is: the others go on, and this one comes back
            self._broke_off(error)
            return
        if goes_on is catchup.Next.LINE:
            self.hub.catch_ups.add(self)
        elif goes_on is catchup.Next.MINE:
            self.start(self._read_mine())
        elif goes_on is catchup.Next.DONE:
            self._catching_up = False

    async def _read_mine(self) -> None:
        try:
            await catchup.send_mine(self)
        except Exception as error:  # noqa: BLE001 - whatever it is: the others go on, and this one comes back
            self.page_came(error)
        else:
            self.page_came(None)

    def page_came(self, failure: Exception | None) -> None:
        """What the session waited for is there, or cannot be had."""
        if failure is None:
            self.hub.catch_ups.add(self)
        elif isinstance(failure, ReaderLost):
            # Nothing is lost: the cursors say where to go on. The client comes back to a server that can read.
            self.close(errors.CLOSE_UNAVAILABLE, "the store cannot be read")
        else:
            self._broke_off(failure)

    def _broke_off(self, error: Exception) -> None:
        # Where and of what type, not its text: that may quote a message.
        where = traceback.format_tb(error.__traceback__)
        self.hub.log.error("a session could not read on", error=type(error).__name__, where=where)
        self.close(errors.CLOSE_INTERNAL, "internal")

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task that ends with the session."""
        task = asyncio.get_running_loop().create_task(work)
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def take_mark(self, entry: Mine) -> None:
        """Whether a group is marked as unread, as the person's own log says."""
        follow = self.follows.get(entry.group or "")
        if follow is not None and entry.kind == "chat":
            follow.marked = entry.body["chat"]["marked"]

    def push_mine(self, entry: Mine) -> None:
        """An entry of this person's own log, in order; what the socket cannot take now is read from the store later."""
        in_step = self.mine_cursor == self.mine_head == entry.upos - 1
        self.mine_head = max(self.mine_head, entry.upos)
        if in_step and self.socket.writable:
            self.write({"ev": "mine", "data": {"after": self.mine_cursor, "entries": [view_mine(entry)]}})
            self.mine_cursor = entry.upos
        elif self.mine_cursor != self.mine_head:
            self.catch_up()

    def signal_heads(self) -> None:
        """The groups that moved beyond what this session was told."""
        moved: dict[str, tuple[int, int]] = {}
        for group, follow in self.follows.items():
            feed = follow.feed
            if follow.state is State.SUMMARY and feed.head > follow.told:
                # The head and not `published`: `at` is the time of that entry, and clients resume from the pair.
                moved[group] = (feed.head, feed.at)
                follow.told = feed.head
        self.signal("heads", {"at": self.hub.now_ms(), "heads": moved})
