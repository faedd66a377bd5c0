"""The hub itself: people and their sessions, groups and their feeds, and what happens when a commit comes in.

`publish` is the only way in which something new becomes visible. It runs in one step per commit, in commit order:
who is in which group changes first, the persons' own logs next, then the groups go to fan-out.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from chatd.core.refusal import Refused
from chatd.core.values import Mine
from chatd.hub import endings
from chatd.hub.catchup import CatchUps, Pages
from chatd.hub.devices import Devices
from chatd.hub.drafts import Drafts
from chatd.hub.erasing import EVERY_S, Erasing
from chatd.hub.erasing import JOB as ERASURES
from chatd.hub.fanout import Fanout
from chatd.hub.feed import Feed, State
from chatd.hub.jobs import Jobs
from chatd.hub.people import People, Person
from chatd.hub.ports import Socket
from chatd.hub.presence import Presence
from chatd.hub.rates import Rates
from chatd.hub.reads import Reads
from chatd.hub.receipts import Receipts
from chatd.hub.recovery import catch_up_with_store
from chatd.hub.session import Session
from chatd.hub.settings import HubSettings
from chatd.hub.shelf import Shelf
from chatd.hub.signals import clear_mark
from chatd.hub.traffic import WATCHED_S, Traffic
from chatd.search.link import SearchLink
from chatd.service.author import Digester
from chatd.service.secrets import Secrets
from chatd.service.tokens import Tokens
from chatd.service.words import Words
from chatd.store.chats import Place
from chatd.store.link import WriterLink
from chatd.store.migrate import Life
from chatd.store.outcome import GroupChange, Outcome
from chatd.store.readers import Readers

RETURN_PER_S: Final = 1000
"""So many clients may come back in a second to a server that begins."""
RETURN_S: Final = 1.0
"""Over so long the return of even a few is spread."""
SAVE_S: Final = 5.0
"""How long a hub that stops waits for what it hands over to be stored."""


def spread_of(sessions: int, within_s: float) -> float:
    """Seconds over which so many are told to come back: few need not wait for long, many do not come as one."""
    return min(within_s, max(RETURN_S, sessions / RETURN_PER_S))


class Hub(People):
    """Built once, by `chatd.app`. `link` is set before the first connection."""

    link: WriterLink

    def __init__(
        self,
        settings: HubSettings,
        readers: Readers,
        tokens: Tokens,
        life: Life,
        *,
        words: Words | None = None,
        now_ms: Callable[[], int],
        clock_s: Callable[[], float],
        new_id: Callable[[str], str],
        jitter: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.readers = readers
        self.tokens = tokens
        self.life = life
        self.now_ms = now_ms
        self.clock_s = clock_s
        self.new_id = new_id
        self.jitter = jitter
        self.digester = Digester(life.key)
        self.secrets = Secrets(life.key)
        self.words = words or Words()
        self.rates = Rates(settings.rates, settings.rate_keys_max, clock_s)
        self.log = structlog.get_logger("chatd.hub")
        self.n = 0
        """The last commit that was published."""
        self.people: dict[str, Person] = {}
        self.bots: set[str] = set()
        self.feeds: dict[str, Feed] = {}
        self.fanout, self.catch_ups = self._lines(settings, clock_s)
        self.traffic = Traffic(self.feeds, clock_s)
        self.entries = self.entries_gone = 0
        """Published since the start, and gone since then because their time was over."""
        self.on_fatal: Callable[[str], None] | None = None
        """Told, once, that this hub can no longer show exactly what was committed."""
        self.shelf = Shelf()
        self.pages = Pages(readers, self.shelf, settings, self.caught_up)
        self.reads = Reads(settings.read_marks_max)
        self.devices = Devices(settings.read_marks_max)
        self.drafts = Drafts(settings.drafts_unsaved_max)
        self.refusals: Counter[str] = Counter()
        self.fell_behind = 0
        self.sessions_open = 0
        self.draining = False
        self._watching = 0
        self._moved: dict[str, tuple[int, int, int, int, int]] = {}
        """(head, at, seq, members, floor) of groups that moved while somebody opens a session."""
        self._redacted: dict[str, int] = {}
        self._waiting_for_n: list[tuple[int, asyncio.Future[None]]] = []
        self.search: SearchLink | None = None
        """Set before `start`, unless search is switched off."""
        self.jobs = Jobs()
        self.jobs.add("read positions", settings.read_flush_s, self._save_reads)
        self.receipts = Receipts(self)
        self.jobs.add("receipts", settings.receipt_interval_s, self.receipts.tell)
        self.presence = Presence(self)
        self.jobs.add("presence", settings.presence_interval_s, self.presence.tell)
        self.erasing = Erasing(self)
        self.jobs.add(ERASURES, EVERY_S, self.erasing.step)
        self.jobs.add("traffic", WATCHED_S, self._look_away)
        self.jobs.add(endings.JOB, endings.EVERY_S, partial(endings.end_dissolved, self))

    def _lines(self, settings: HubSettings, clock_s: Callable[[], float]) -> tuple[Fanout, CatchUps]:
        def hand_over() -> None:
            self.link.hand_over()

        failed = self._fan_out_failed
        fanout = Fanout(settings.slice_deliveries, clock_s=clock_s, before_large=hand_over, failed=failed)
        return fanout, CatchUps(clock_s)

    # -- life

    def start(self, n: int) -> None:
        """Begin behind commit `n`."""
        self.n = n
        self.jobs.start()

    async def stop(self) -> None:
        """Hand over what is only in memory."""
        await self.jobs.stop()
        await self._save_reads()
        # What moved while a portion was on its way, or did not fit into it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAVE_S):
                while len(self.reads):
                    await self.link.settled()
                    await self._save_reads()
                    await asyncio.sleep(0.01)  # the way to the writer may be full for now

    def make_session(self, socket: Socket) -> Session:
        """A session for a new connection."""
        self.sessions_open += 1
        return Session(self, socket)

    def announce_end(self, within_s: float) -> None:
        """Tell everybody that the server goes, and when each should come back: not all at once."""
        self.draining = True
        spread_s = spread_of(self.sessions_open, within_s)
        for person in list(self.people.values()):
            for session in person.sessions:
                session.signal("going_away", {"delay_ms": int(spread_s * 1000 * self.jitter())})

    async def _look_away(self) -> None:
        self.traffic.look_away()

    async def _save_reads(self) -> None:
        self.reads.save(self.link)
        self.devices.save(self.link)
        self.drafts.save(self.link)

    # -- feeds

    def ensure_feed(self, place: Place) -> Feed:
        """The feed of a group, made from what the store said and what was published since."""
        feed = self.feeds.get(place.group)
        if feed is None:
            feed = self.feeds[place.group] = Feed(
                place.group, place.head, place.at, place.seq, place.members, place.cut
            )
            feed.read_only = bool(place.read_only)
            moved = self._moved.get(place.group)
            if moved is not None and (moved[0] > feed.head or moved[4] > feed.floor):
                feed.jump(*moved)
        return feed

    def drop_if_idle(self, feed: Feed) -> None:
        """Nobody connected is in this group any more."""
        if not feed.follows:
            self.feeds.pop(feed.group, None)

    def watch_heads(self) -> None:
        """While somebody opens a session, remember where groups without a feed move."""
        self._watching += 1

    def unwatch_heads(self) -> None:
        """The counterpart of `watch_heads`."""
        self._watching -= 1
        if not self._watching:
            self._moved.clear()
            self._redacted.clear()

    def redacted_since(self, group: str, n: int) -> bool:
        """Whether something was recalled or edited after commit `n`; only while heads are watched."""
        return self._redacted.get(group, 0) > n

    async def caught_up(self, n: int, timeout_s: float = 10.0) -> None:
        """Wait until commit `n` is published. Raises `unavailable` if that takes too long."""
        if self.n >= n:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting_for_n.append((n, future))
        try:
            await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise Refused("unavailable") from None

    # -- what was committed

    def publish(self, outcome: Outcome) -> None:
        """Make one commit visible."""
        if outcome.n == 0:
            return
        if outcome.n != self.n + 1:
            raise RuntimeError(f"commit {outcome.n} came after commit {self.n}")
        self.n = outcome.n
        self.entries += outcome.entries
        for item in outcome.items:
            self.shelf.put(item)
        if outcome.groups or outcome.mine:
            for change in outcome.groups:
                self._publish_group(change)
            for entry in outcome.mine:
                self._publish_mine(entry)
        self._wake()

    def _publish_group(self, change: GroupChange) -> None:
        for user, _ in change.leaves:
            self.drafts.forget(user, change.group)
        if self._watching:
            self._moved[change.group] = (change.head, change.at, change.seq, change.members, change.floor)
            if change.redacts:
                self._redacted[change.group] = self.n
        feed = self.feeds.get(change.group)
        joining = any(user in self.people for user, *_ in change.joins)
        if feed is None:
            if not joining:
                return
            feed = Feed(change.group, change.after, change.at, change.seq, change.members, change.floor)
            self.feeds[change.group] = feed
        # The entries are in the ring first: who leaves still gets those before, who joins those from there on.
        self.shelf.watch(feed, (*change.entries, *change.targets))
        listened = feed.take(change, joining, self.settings.ring_entries, self.settings.ring_bytes)
        if change.joins or change.leaves:
            self._move_members(feed, change)
        self._move_own_reads(feed, change)
        if listened:
            self.fanout.add(feed)
        self.drop_if_idle(feed)

    def _move_members(self, feed: Feed, change: GroupChange) -> None:
        """Joins and leaves of people who are connected, in the order of their entries."""
        moves = [(pos, 0, user, 0, 0) for user, pos in change.leaves]
        moves += [(pos, 1, user, floor, read) for user, pos, floor, read in change.joins]
        fresh: set[str] = set()  # their own logs do not say yet that they are in: nothing of the group may come before
        for pos, joins, user, floor, read in sorted(moves):
            person = self.people.get(user)
            for session in person.sessions if person is not None else ():
                missed = session.missed
                if missed is not None:
                    missed.moves.append((self.n, change.group, pos, (floor, read) if joins else None))
                elif joins:
                    self.feeds[change.group] = feed  # again, if the last one who followed it has just gone
                    self.join_session(session, change.group, pos, floor, read)
                else:
                    session.unfollow(change.group, None if user in fresh else pos - 1)
            fresh |= {user} if joins else set()

    def join_session(self, session: Session, group: str, pos: int, floor: int, read: int) -> None:
        """The session's person is in the group from the entry `pos` on."""
        feed = self.feeds.get(group)
        if feed is None:
            feed = self.feeds[group] = Feed(group, *self._moved[group])
        follow = session.follow(group, floor, read)
        session.go_live_from(follow, pos - 1)

    def _move_own_reads(self, feed: Feed, change: GroupChange) -> None:
        """Whoever writes has read what was there before. Sessions that get the entry know it from the entry."""
        group, people, tells = change.group, self.people, self.receipts.concern(feed)
        for entry in change.entries:
            user, seq, section = entry.actor, entry.seq, entry.section
            if seq is None or user is None or "operator" in entry.body:
                continue  # what the operator posts in somebody's name is not theirs: they may not even be in the group
            self.reads.move(group, user, seq, section)
            if tells:
                self.receipts.note(feed, user, seq, section)
            person = people.get(user)
            for session in person.sessions if person is not None else ():
                follow = session.follows.get(group)
                if follow is None:
                    continue
                if not section and follow.read < seq:
                    follow.read = seq
                if follow.marked:
                    clear_mark(self, follow)
                if follow.state is State.SUMMARY:
                    session.signal("read", {"group": group, "read": seq} | ({"section": section} if section else {}))

    def _publish_mine(self, entry: Mine) -> None:
        chat = self.feeds.get(entry.group or "") if entry.kind == "direct" else None
        if chat is not None:
            chat.read_only = entry.body["read_only"]
        person = self.people.get(entry.user)
        if person is None:
            return
        if entry.kind == "profile":
            person.tags = entry.body["tags"]
        for session in person.sessions:
            if session.missed is not None:
                session.missed.mine.append((self.n, entry))
            else:
                session.take_mark(entry)
                session.push_mine(entry)

    def _fan_out_failed(self, error: Exception) -> None:
        where = traceback.format_tb(error.__traceback__)
        self.log.error("fan-out failed", error=type(error).__name__, where=where)
        if self.on_fatal is not None:
            self.on_fatal("fan-out failed")

    def _wake(self) -> None:
        if self._waiting_for_n:
            ready = [future for n, future in self._waiting_for_n if n <= self.n]
            self._waiting_for_n = [(n, future) for n, future in self._waiting_for_n if n > self.n]
            for future in ready:
                if not future.done():
                    future.set_result(None)

    async def restarted(self, n: int) -> None:
        """A new writer holds the store, whose last commit is `n`: take note of what we were not told."""
        await catch_up_with_store(self, n)
        self.n = max(self.n, n)
        self._wake()

    # -- figures

    def count_refusal(self, code: str) -> None:
        """For the metrics."""
        self.refusals[code] += 1

    def figures(self) -> dict[str, int]:
        """What is going on, as numbers."""
        return {
            "sessions": self.sessions_open,
            "people": len(self.people) - len(self.bots),
            "bots": len(self.bots),
            "groups": len(self.feeds),
            "commits": self.n,
            "deliveries": self.fanout.deliveries,
            "entries": self.entries,
            "entries_gone": self.entries_gone,
            "batches": self.link.batches,
            "proposals": self.link.answered,
            "batch_ms": int(self.link.batches_s * 1000),
            "fell_behind": self.fell_behind,
            "pages_read": self.pages.reads,
            "proposals_waiting": self.link.waiting,
            "reads_unsaved": len(self.reads),
            "drafts_unsaved": len(self.drafts),
            "writer_restarts": self.link.restarts,
            "words": len(self.words.words),
            "words_blocked": self.words.done["blocked"],
            "words_masked": self.words.done["masked"],
        } | (self.search.figures() if self.search is not None else {})
