"""Did each connection get exactly what it was to get? Its events are followed one by one, as a client follows them.

Per group a cursor says where the next event has to begin; per user's own log another. Whose turn an entry is in is
judged by the stays of the ledger, and what it shows by the states that a message had from `as_of` on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.chaos.history import Attempt, Connection, Entries, Mine, Row, Shown
from tests.chaos.ledger import CHANGES, Ledger, Log, State, Stay, counts_of
from tests.chaos.wording import shown_words

Problem = tuple[str, str]
QUOTE_MAX = 100


class Stream:
    """One connection."""

    def __init__(self, connection: Connection, ledger: Ledger, whole: set[tuple[str, int]]) -> None:
        self._of = connection
        self._ledger = ledger
        self._whole = whole
        """Entries without states that were looked at already, by (group, id of what was shown)."""
        self._cursors: dict[str, int] = {}
        self._mine = 0
        self._cards: dict[tuple[str, int, str], dict[int, int]] = {}
        """(group, where the stay begins, product) -> the revision that each message of the stream shows now."""
        self._name = f"{connection.user}/{connection.device}"

    def check(self) -> Iterator[Problem]:
        """Follow the events from hello to the end."""
        if self._of.early:
            yield "resume", f"{self._name}: {self._of.early} events before the answer to hello"
        if self._of.hello is None:
            return
        yield from self._begin(self._of.hello)
        for event in self._of.events:
            if isinstance(event, Entries):
                yield from self._take_entries(event)
            elif isinstance(event, Mine):
                yield from self._take_mine(event)
            else:
                yield from self._take_answer(event)
        if self._of.open_at_end:
            yield from self._end()

    # -- hello

    def _begin(self, hello: dict[str, Any]) -> Iterator[Problem]:
        asked, truth = self._of.cursors, self._ledger.truth
        if hello["epoch"] != truth.epoch or hello.get("reset"):
            yield "resume", f"{self._name}: reset, although the database is the same"
        yield from self._begin_mine(hello, asked.get("mine"))
        known: dict[str, list[int]] = asked.get("heads") or {}
        self._cursors = {group: cursor[0] for group, cursor in known.items()}
        for line in hello["groups"]:
            yield from self._begin_line(line, known.get(line["group"]))

    def _begin_mine(self, hello: dict[str, Any], asked: list[int] | None) -> Iterator[Problem]:
        self._mine = hello["mine"] if asked is None else asked[0]
        floor = hello.get("mine_truncated")
        if floor is not None:
            if asked is None or asked[0] >= floor or floor > self._ledger.truth.mine_floor[self._of.user]:
                yield "resume", f"{self._name}: own log truncated at {floor}, although {asked} was asked"
            self._mine = floor

    def _begin_line(self, line: dict[str, Any], asked: list[int] | None) -> Iterator[Problem]:
        group = line["group"]
        stay = next(
            (s for g, s in self._ledger.stays_of(self._of.user) if g == group and s.floor == line["floor"]), None
        )
        if stay is None:
            yield "audience", f"{self._name}: a line of {group} above {line['floor']}, where they have no stay"
            return
        if not line.get("live"):
            self._cursors.pop(group, None)
            return
        due = line["head"]
        if asked is not None:
            due = max(asked[0], stay.floor)
            told = line.get("truncated")
            if line.get("reset") or told != (stay.floor if asked[0] < stay.floor else None):
                yield "resume", f"{self._name}: {group} asked {asked} above {stay.floor}: {line}"
        if line["after"] != due:
            yield "resume", f"{self._name}: {group} goes on from {line['after']} instead of {due}, asked {asked}"
        self._cursors[group] = line["after"]

    # -- events

    def _take_mine(self, event: Mine) -> Iterator[Problem]:
        hello = self._of.hello or {}
        if event.after != self._mine or event.truncated is not None:
            yield "mine", f"{self._name}: own log goes on after {event.after} instead of {self._mine}"
        for entry in event.entries:
            if entry["upos"] != self._mine + 1:
                yield "mine", f"{self._name}: own log has {entry['upos']} after {self._mine}"
            self._mine = entry["upos"]
            yield from self._compare_mine(entry)
            group = entry["group"]
            if entry["upos"] <= hello["mine"]:
                continue  # hello's lines knew of it
            if entry["kind"] == "added":
                self._cursors[group] = entry["pos"] - 1
            elif entry["kind"] == "removed":
                self._cursors.pop(group, None)

    def _compare_mine(self, entry: dict[str, Any]) -> Iterator[Problem]:
        user = self._of.user
        rows = self._ledger.truth.mine.get(user, [])
        index = entry["upos"] - self._ledger.truth.mine_floor.get(user, 0) - 1
        if not 0 <= index < len(rows):
            if index >= 0:
                yield "lost", f"{self._name}: own log entry {entry} is not in the database"
            return
        row = rows[index]
        due = {"upos": row.upos, "at": row.at, "kind": row.kind, "group": row.group}
        due |= ({"pos": row.pos} if row.pos is not None else {}) | row.body
        if entry != due:
            yield "order", f"{self._name}: own log entry {entry} is {due} in the database"

    def _take_entries(self, event: Entries) -> Iterator[Problem]:
        group, user = event.group, self._of.user
        if not event.entries:
            yield "resume", f"{self._name}: {group} an event without entries"
            return
        cursor = self._cursors.get(group)
        if event.after != cursor:
            kind = "nothing was due" if cursor is None else f"instead of {cursor}"
            yield "resume", f"{self._name}: {group} goes on after {event.after}, {kind}"
        first, last = event.entries[0].pos, event.entries[-1].upto
        self._cursors[group] = last
        stay = self._ledger.stay_at(user, group, first)
        if stay is None or not stay.sees(last):
            yield "audience", f"{self._name}: {group} {first}…{last} is outside of {stay}"
            return
        pruned = stay.added is None and self._ledger.truth.mine_floor.get(user, 0)  # nobody knows its number any more
        if not pruned and (stay.added is None or stay.added > self._mine):
            yield "mine", f"{self._name}: {group} {first} came before `added` {stay.added}, own log at {self._mine}"
        if stay.removed is not None and stay.removed <= self._mine:
            yield "mine", f"{self._name}: {group} {first} came after `removed` {stay.removed}"
        self._look_at_cards(group, stay, event.entries)
        yield from self._take_run(group, stay, event.after, event.as_of, event.entries)

    def _look_at_cards(self, group: str, stay: Stay, entries: tuple[Shown, ...]) -> None:
        for shown in entries:
            if shown.raw["kind"] == "card" and (card := shown.raw.get("card")) is not None:
                messages = self._cards.get((group, stay.joined, card["id"]), {})
                messages.update(dict.fromkeys(messages, card["rev"]))
            elif shown.raw["kind"] == "message" and (card := (shown.raw.get("body") or {}).get("card")) is not None:
                self._cards.setdefault((group, stay.joined, card["id"]), {})[shown.pos] = card["rev"]

    def _take_run(
        self, group: str, stay: Stay, after: int, as_of: int, entries: tuple[Shown, ...]
    ) -> Iterator[Problem]:
        log, expected = self._ledger.logs[group], after + 1
        if as_of < entries[-1].upto:
            yield "order", f"{self._name}: {group} {entries[-1].upto} is shown as of {as_of}"
        for shown in entries:
            if shown.pos != expected:
                kind = "hole" if shown.pos > expected else "resume"
                yield kind, f"{self._name}: {group} {shown.pos} instead of {expected}"
            expected = shown.upto + 1
            if (group, id(shown)) not in self._whole:
                for problem in check_shown(log, stay, as_of, shown, group, self._whole):
                    yield problem[0], f"{self._name}: {group} {problem[1]}"

    # -- answers

    def _take_answer(self, attempt: Attempt) -> Iterator[Problem]:
        ok = attempt.ok
        if attempt.code == "internal":
            yield "ack", f"{self._name}: {attempt.op} met an internal error"
        if ok is None:
            return
        if attempt.op == "message.history":
            yield from self._check_page(attempt.data, ok)
        elif attempt.op == "group.close":
            self._cursors.pop(attempt.data["group"], None)
        elif attempt.op == "group.open":
            asked = attempt.data.get("after")
            yield from self._begin_line(ok, None if asked is None else [asked])

    def _check_page(self, asked: dict[str, Any], page: dict[str, Any]) -> Iterator[Problem]:
        group, floor, shown = page["group"], page["floor"], page["shown"]
        stay = next((s for g, s in self._ledger.stays_of(self._of.user) if g == group and s.floor == floor), None)
        if stay is None:
            yield "audience", f"{self._name}: a page of {group} above {floor}, where they have no stay"
            return
        if not shown:
            return
        if "section" in asked:
            yield from self._check_section_page(asked["section"], stay, page)
            return
        if not stay.sees(shown[0].pos) or not stay.sees(shown[-1].upto):
            yield "audience", f"{self._name}: a page of {group} {shown[0].pos}…{shown[-1].upto} is outside of {stay}"
            return
        if "after" in asked and shown[0].pos != max(asked["after"], floor) + 1:
            yield "hole", f"{self._name}: a page of {group} after {asked['after']} begins at {shown[0].pos}"
        if "before" in asked and shown[-1].upto != asked["before"] - 1:
            yield "hole", f"{self._name}: a page of {group} before {asked['before']} ends at {shown[-1].upto}"
        if "after" not in asked and page["more"] != (shown[0].pos - 1 > floor):
            yield "hole", f"{self._name}: a page of {group} from {shown[0].pos} above {floor} says more={page['more']}"
        yield from self._take_run(group, stay, shown[0].pos - 1, page["as_of"], shown)

    def _check_section_page(self, section: int, stay: Stay, page: dict[str, Any]) -> Iterator[Problem]:
        """Numbers without a hole, of this section; between them stands what belongs elsewhere."""
        group, shown = page["group"], page["shown"]
        log, numbers = self._ledger.logs[group], [one.raw.get("seq") for one in shown]
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            yield "hole", f"{self._name}: a page of {group} section {section} has the numbers {numbers}"
        for one in shown:
            if one.raw.get("section", 0) != section or not stay.sees(one.pos):
                yield "audience", f"{self._name}: a page of {group} section {section} shows {one.raw} in {stay}"
            elif (group, id(one)) not in self._whole:
                for problem in check_shown(log, stay, page["as_of"], one, group, self._whole):
                    yield problem[0], f"{self._name}: {group} {problem[1]}"

    # -- the end

    def _end(self) -> Iterator[Problem]:
        user = self._of.user
        if self._mine != self._ledger.truth.users.get(user, 0):
            yield "resume", f"{self._name}: own log ends at {self._mine}, not {self._ledger.truth.users.get(user, 0)}"
        for group, log in self._ledger.logs.items():
            cursor = self._cursors.get(group)
            if cursor is not None and log.member_at_end(user) is not None and cursor != log.truth.head:
                yield "resume", f"{self._name}: {group} ends at {cursor}, not {log.truth.head}"
        yield from self._end_cards()

    def _end_cards(self) -> Iterator[Problem]:
        """Who followed to the end has been told how the products are that messages still show."""
        kept = self._ledger.truth.kept
        there = {(place.group, place.pos) for place in kept.places}
        for (group, joined, item), messages in self._cards.items():
            stay = self._ledger.logs[group].member_at_end(self._of.user)
            if group not in self._cursors or stay is None or stay.joined != joined:
                continue
            for pos, rev in messages.items():
                if (group, pos) in there and rev != kept.items[item].version:
                    due = kept.items[item].version
                    yield "card", f"{self._name}: {group} {pos} shows {item} as of {rev}, it is at {due}"


def check_shown(
    log: Log, stay: Stay, as_of: int, shown: Shown, group: str, whole: set[tuple[str, int]]
) -> Iterator[Problem]:
    """Whether an entry is shown as it was at `as_of` or later, to somebody in that stay."""
    raw = shown.raw
    if raw["kind"] == "hidden":
        for pos in range(shown.pos, shown.upto + 1):
            row = log.by_pos.get(pos)
            if row is None or row.kind not in CHANGES or (row.target or 0) > stay.floor:
                yield "audience", f"{pos} is hidden from somebody who may see it"
        return
    row = log.by_pos.get(shown.pos)
    if row is None:
        yield "lost", f"{shown.pos} was shown and is not in the database"
        return
    if row.kind in CHANGES and (row.target or 0) <= stay.floor:
        yield "audience", f"{shown.pos} changes {row.target}, which is below the floor {stay.floor}"
        return
    if (raw["kind"], raw["at"]) != (row.kind, row.at) or not _same_author(raw, row):
        yield "order", f"{shown.pos} was shown as {raw}, and is {row}"
    elif row.kind == "message":
        yield from _check_message(log, stay, as_of, raw, row)
        if len(log.states[row.pos]) == 1 and row.target is None:
            whole.add((group, id(shown)))
    elif row.kind in CHANGES:
        yield from _check_change(log, stay, as_of, raw, row)
    else:
        due = {key: value for key, value in row.body.items() if value not in ([], "")}
        if {key: value for key, value in raw.items() if key not in {"kind", "pos", "at", "by"}} != due:
            yield "order", f"{shown.pos} was shown as {raw}, and is {row}"
        whole.add((group, id(shown)))


def _same_author(raw: dict[str, Any], row: Row) -> bool:
    author = raw.get("sender" if row.kind == "message" else "by")
    return author == row.actor and (raw.get("cid") == row.cid)


def _check_message(log: Log, stay: Stay, as_of: int, raw: dict[str, Any], row: Row) -> Iterator[Problem]:
    if (raw.get("seq"), raw.get("section", 0), raw.get("reply_to")) != (row.seq, row.section, row.target):
        yield "order", f"{row.pos} was shown as {raw}, and is {row}"
    recalled = "recalled" in raw
    told = (
        raw.get("version", 0),
        shown_words(raw["body"]) if not recalled else None,
        counts_of(raw.get("reactions", [])),
    )

    def fits(state: State) -> bool:
        if recalled:
            return state.recalled
        return not state.recalled and (state.version, state.text, state.reactions) == told

    yield from _check_states(log, as_of, row.pos, row.pos, fits)
    if recalled and ("body" in raw or "reactions" in raw or "quote" in raw):
        yield "recalled", f"{row.pos} is recalled and shows what it was"
    if row.target is not None and not recalled:
        yield from _check_quote(log, stay, as_of, raw.get("quote"), row)


def _check_quote(log: Log, stay: Stay, as_of: int, quote: dict[str, Any] | None, row: Row) -> Iterator[Problem]:
    target = row.target or 0
    if target <= stay.floor or quote is None:
        if (target <= stay.floor) != (quote is None):
            yield "audience", f"{row.pos} quotes {target} above the floor {stay.floor}: {quote}"
        return
    of = log.by_pos[target]
    if (quote["pos"], quote["sender"]) != (target, of.actor):
        yield "order", f"{row.pos} quotes {quote}, which is {of}"

    def fits(state: State) -> bool:
        if quote.get("recalled"):
            return state.recalled and "text" not in quote
        return not state.recalled and (state.text or "")[:QUOTE_MAX] == quote["text"]

    yield from _check_states(log, as_of, target, row.pos, fits)


def _check_change(log: Log, stay: Stay, as_of: int, raw: dict[str, Any], row: Row) -> Iterator[Problem]:
    target = row.target or 0
    if raw.get("target") != target:
        yield "order", f"{row.pos} was shown as {raw}, and is {row}"
        return
    if row.kind == "edit":
        told = (raw["version"], raw["body"]["text"] if "body" in raw else None)
        yield from _check_states(log, as_of, target, row.pos, lambda state: (state.version, state.text) == told)
    elif row.kind == "reaction":
        if (raw["emoji"], raw["on"]) != (row.body["emoji"], row.body["on"]):
            yield "order", f"{row.pos} was shown as {raw}, and is {row}"
        counts = counts_of(raw.get("reactions", []))
        yield from _check_states(log, as_of, target, row.pos, lambda state: state.reactions == counts)
    elif row.kind == "card":
        gone = "card" not in raw
        yield from _check_states(log, as_of, target, row.pos, lambda state: state.recalled == gone)
    elif row.kind in {"pin", "feature"}:
        if {key: raw[key] for key in ("above", "note") if key in raw} != {k: v for k, v in row.body.items() if v}:
            yield "order", f"{row.pos} was shown as {raw}, and is {row}"
        yield from _check_quote(log, stay, as_of, raw.get("quote"), row)


def _check_states(log: Log, as_of: int, target: int, at: int, fits: Any) -> Iterator[Problem]:
    """What is shown of `target` is one of its states, and none from before `as_of`."""
    states = log.states.get(target)
    if states is None:
        yield "order", f"{at} shows {target}, which is no message"
        return
    first = log.state(target, as_of)
    if any(fits(state) for state in states[first:]):
        return
    kind = "recalled" if states[first].recalled else "order"
    yield kind, f"{at} as of {as_of} does not show {target} as it was then or later: {states[first:]}"
