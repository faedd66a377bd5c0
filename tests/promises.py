"""What the server promises, and for each promise the paths that it must hold on in this version.

A test that proves a promise says so: `@pytest.mark.promise("P4", "resume.store")`. `tests/test_promises.py` fails when
a path here has no test, and when a test names a path that is not here. A new way for an entry to reach somebody, or
for a command to come in, is a new path: it is written down here before it is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Promise(NamedTuple):
    """One promise; `paths` says in a few words what each path is."""

    says: str
    paths: Mapping[str, str]


MODEL: Final = {"model": "people, groups, reconnects and restarts at random, compared with a small model"}
KILLS: Final = {
    "kill-hub": "the hub is killed under load, again and again",
    "kill-writer": "the writer is killed under load, again and again",
    "kill-both": "both processes are killed at once, again and again",
}

PROMISES: Final[Mapping[str, Promise]] = {
    "P1": Promise(
        "An acknowledged command survives `kill -9` and power loss.",
        KILLS
        | {
            "commit": "a verdict is only given once the commit is durable",
            "commit.failed": "a failed COMMIT: nothing is acknowledged before its outcome is known",
            "demo.killed": "a kill between two people who chat by hand",
            "disk.floor": "free disk below the floor: writes are refused before the wall",
            "disk.full": "no room: the whole batch is rolled back and refused",
            "drain": "a server that is told to go answers what is in flight",
            "fenced": "a writer whose database was taken over commits no more",
            "orphan": "a writer whose hub is gone keeps the database locked until it has ended",
            "restart": "everything acknowledged is there after a restart",
            "writer.close": "closing the way to the writer lets everything finish",
            "writer.killed": "a batch that was in flight when the writer was killed",
            "writer.poison": "a proposal that ends the writer harms no other one",
        },
    ),
    "P2": Promise(
        "A command with a `cid` happens once; a repetition gets the first answer, another request is `conflict`.",
        KILLS
        | MODEL
        | {
            "cid.batch": "twice in one batch of the engine",
            "cid.conflict": "the engine refuses another request under a known cid",
            "cid.refused": "the engine does not remember a refusal",
            "cid.restart": "the engine knows it after the writer was killed at any step",
            "cid.retry": "the engine answers a repetition with the first answer",
            "conflict": "another request, of any op, under a cid that was used",
            "order.one_cid": "one cid twice, in every order of commits",
            "race.one_cid": "one cid twice at once, from two connections",
            "refusal": "a refused command may be tried again under its cid",
            "retry.after_change": "the first answer stands when the message was edited or recalled since",
            "retry.encodings": "sent in one encoding and repeated in the other",
            "retry.every_op": "every command, repeated on the same connection",
            "retry.reconnect": "every command, repeated on another connection",
            "retry.restart": "repeated after a restart of the server",
            "retry.writer_died": "proposed anew by the hub after the writer died behind its commit",
            "twice_at_once": "from two connections in one commit",
        },
    ),
    "P3": Promise(
        "The entries of a group are numbered 1, 2, 3, … without a hole, the same for everyone.",
        KILLS
        | MODEL
        | {
            "commits": "each commit is numbered and names what it touched",
            "encodings": "JSON and MessagePack tell the same",
            "history": "pages in both directions are the log that was pushed",
            "live": "everybody who is connected gets the same numbers in the same order",
            "numbering": "the numbers of entries and of messages are given inside the commit",
            "time.never.back": "the time of an entry is never before that of the one before it",
            "verify": "a database that is not dense is found out",
        },
    ),
    "P4": Promise(
        "Who says where they were gets exactly what they missed, then live; or `truncated` or `reset`, never silence.",
        KILLS
        | MODEL
        | {
            "behind.own_log": "who fell behind gets all of their own log before the groups' entries",
            "behind.ring": "who fell behind reads on from the ring",
            "behind.store": "who fell behind reads on from pages of the store",
            "commits": "what the store says was touched since a commit",
            "epoch": "cursors of another life of the database",
            "heads": "what is not live is told by its head, as a pair that can be resumed from",
            "hello.pipelined": "requests behind hello are done after it and in their order",
            "hello.seam": "what is published while hello is answered",
            "hello.writer_died": "the writer dies while hello is answered",
            "live.joined": "people come and go in the middle of one commit",
            "live.slice": "people come between two slices of a fan-out",
            "open": "opening a group, with and without a cursor",
            "open.seam": "opening a group while a page of it is being read",
            "own_log.first": "nothing of a group comes before the own log says that one is in it",
            "own_log.head": "hello says where the own log stands",
            "own_log.truncated": "an own log that was cut says so",
            "pages": "pages of the store, in both directions",
            "race": "coming back again and again while everything moves",
            "reader.stalls": "many stalled readers under load lose nothing",
            "reader.stalls_too_long": "many readers that are closed for stalling resume exactly",
            "readers.lost": "the store's readers are cut off and replaced",
            "reset": "a cursor beyond the head, or whose entry has another time",
            "resume.mine": "the own log after a reconnect",
            "resume.restart": "after a restart of the server",
            "resume.ring": "after a reconnect, a few entries",
            "resume.store": "after a reconnect, more than the ring holds",
            "resume.unchanged": "after a reconnect when nothing was missed",
            "snapshot": "what is read together is of one moment",
            "truncated": "a cursor of an earlier stay in the group",
            "writer_died": "the hub was not told of a commit: it reads on",
            "writer_died.own_log": "the same for what concerns a person",
        },
    ),
    "P5": Promise(
        "A reader that stalls costs bounded memory, loses nothing, and does not delay others.",
        {
            "constant.rows": "a message costs the same rows whatever the size of the group",
            "reader.stalls": "many stalled readers under load: memory, and the others' delays",
            "reader.stalls_too_long": "many readers that stall beyond the timeout",
            "shared_page": "who waits for the same page shares one read",
            "snapshot": "a read that takes long holds up no commit",
            "stall.loses_nothing": "one who stalls gets everything once they read on",
            "stall.memory": "one who stalls costs a full buffer and a page, however many groups",
            "stall.others": "the others go on meanwhile",
            "stall.timeout": "who takes no byte for too long is closed, or dropped",
        },
    ),
    "P6": Promise(
        "There is no way into a group but those of the gate, judged inside the commit.",
        MODEL
        | {
            "direct": "the two of a direct chat",
            "direct.read_only": "a direct chat whose two are no longer mutual",
            "gate.create": "the rules: creating the group",
            "gate.direct": "the rules: a direct chat",
            "gate.kicked": "the rules: who was put out",
            "gate.limit": "the rules: places",
            "gate.pull": "the rules: pulling in",
            "kicked": "who was put out comes back through an admin only",
            "suggest": "whom one could pull in, and nobody else, is suggested",
            "order.block": "pull and block, in every order of commits",
            "order.demotion": "an act and the demotion of its author, in every order of commits",
            "order.direct": "a direct chat made by both at once",
            "order.last_place": "the last place, in every order of commits",
            "order.promotion": "an act and the promotion of its target, in every order of commits",
            "order.unfollow": "pull and unfollow, in every order of commits",
            "pull": "pulling in needs both to follow",
            "pull.block": "a block in either direction looks like not being mutual",
            "pull.members": "members pull in their own friends only",
            "pull.unknown": "nobody, oneself and strangers look alike",
            "race.block": "pull against block, at once",
            "race.demotion": "an act against the demotion of its author, at once",
            "race.last_place": "ten for one place, at once",
            "race.promotion": "an act against the promotion of its target, at once",
            "race.unfollow": "pull against unfollow, at once",
        },
    ),
    "P7": Promise(
        "Nobody sees anything of a group they are not in, nor from outside their visible period, nor by reference.",
        MODEL
        | {
            "awaited": "put out while the answer to a read is awaited",
            "behind": "put out while behind, or while a page is being read for them",
            "block": "who is blocked cannot notice",
            "edit_entry": "an edit of what lies before one's time",
            "floor": "what newcomers see of the past",
            "group.get": "asking for the group",
            "group.list": "the chat list",
            "heads": "the heads of groups",
            "history": "pages of the log",
            "live": "pushed entries",
            "live.joined": "put out, or coming in, in the middle of one commit",
            "live.other_group": "the entries of another group",
            "live.slice": "put out between two slices of a fan-out",
            "members": "the list of members",
            "outsider": "every op, by somebody who was never in",
            "own_log": "the own log says that one is out, and nothing else",
            "quote": "the quote of what lies before one's time",
            "race.kick": "a kick against sends, at once",
            "race.leave": "leaving against sends, at once",
            "reaction_entry": "a reaction to what lies before one's time",
            "reactions": "the list of reactions",
            "read": "read positions of others",
            "recall_entry": "a recall of what lies before one's time",
            "rejoin": "coming back hides the earlier stay",
            "resume": "coming back with a cursor after one was put out",
            "resume.floor": "coming back with a cursor from before one's time",
            "revoked": "tokens and connections that were revoked",
            "send.outsider": "the rules: who is not in sends nothing",
            "token": "tokens that are not right",
            "typing": "who is typing",
            "visibility.change": "the rules: changing what one does not see",
            "visibility.floor": "the rules: floors by history rule",
            "visibility.quote": "the rules: quotes",
            "visibility.reply": "the rules: answering what one does not see",
            "visibility.view": "the rules: what goes on the wire",
            "writer_died": "put out by a commit that the hub was not told of",
        },
    ),
    "P8": Promise(
        "Sizes, rates, queues, counts and times are bounded; what exceeds a bound gets an error that names it.",
        {
            "batch_max": "proposals of one commit",
            "budget": "the rules: a budget's burst and rate",
            "connections": "connections of one person",
            "counts": "counts that commits are judged by, over the wire",
            "fields": "every mistake in every field of every op",
            "frame_max": "frames between hub and writer",
            "housekeeping": "rows that have outlived their use",
            "in_flight": "requests of one connection without an answer",
            "limits.edits_per_message": "the rules: edits",
            "limits.device_revocations": "the rules: revoking single devices",
            "limits.devices_per_user": "the rules: devices that are remembered",
            "limits.following_max": "the rules: people one follows",
            "limits.group_limit_max": "the rules: members of a group",
            "limits.groups_per_user": "the rules: groups of one person",
            "limits.reactions_per_message": "the rules: signs on a message",
            "limits.recall_window": "the rules: the time for taking back",
            "limits.tags_per_user": "the rules: verified tags",
            "limits.user_log_keep": "the length of a person's own log",
            "malformed": "what is no request at all",
            "message_size": "the size of a message",
            "mutants": "requests changed at random",
            "outbound": "answers of other servers: their size and their time",
            "places": "places in a group, over the wire",
            "queue": "commands that wait for the writer, over the wire",
            "queue_max": "commands that wait for the writer",
            "rates": "requests per second, of a connection and of a person",
            "rates.keyed": "the rules: budgets of many people and addresses, and how many are kept",
            "readers": "reads of the store at once",
            "sizes": "texts, lists and pages",
            "slow_mode": "the rules: how often one may write in a group with slow mode",
            "slow_mode.rows": "what is kept for slow mode",
            "slow_mode.wire": "the same over the wire, with the time to wait",
            "state": "requests that do not fit the state of the session",
            "writer.give_up": "the time that a command waits for a writer",
        },
    ),
    "P9": Promise(
        "What is recalled is gone from every path once that is published; its number stays.",
        MODEL
        | {
            "acts": "nothing can be done to it any more",
            "behind.page": "recalled while a page with it is being read",
            "behind.ring": "recalled while somebody is behind: the ring",
            "behind.store": "recalled while somebody is behind: pages of the store",
            "edit_entry": "edits of it show nothing",
            "hello.line": "recalled while hello is answered",
            "history": "pages of the log",
            "line": "the last line of the chat list",
            "live": "pushed entries",
            "pages": "pages of the store bring the live rows of what they refer to",
            "quote": "quotes of it",
            "race.recall": "a recall against what refers to it, at once",
            "reaction_entry": "reactions to it show nothing",
            "reactions": "the list of reactions",
            "recall.quote": "the rules: its quote",
            "recall.row": "the rules: what is left of it",
            "recall.view": "the rules: what goes on the wire",
            "resume": "coming back with a cursor before it",
            "slice": "recalled between two slices of a fan-out",
            "writer_died": "recalled by a commit that the hub was not told of",
        },
    ),
}
