"""Ways to spoil the town of `tests.store.town`: a statement, and a part of what `verify` has to say about it."""

from __future__ import annotations

from typing import Final

DAMAGE: Final[dict[str, tuple[str, ...]]] = {
    "a hole in a log": (
        "DELETE FROM entries WHERE group_id = 'tea' AND pos = 11",
        "group tea: entry 12 follows entry 10",
    ),
    "a head too far": ("UPDATE groups SET head = 99 WHERE group_id = 'tea'", "group tea: head is 99"),
    "a head before": ("UPDATE groups SET head = head - 1 WHERE group_id = 'd1'", "group d1: head is"),
    "a seq too far": ("UPDATE groups SET seq = 99 WHERE group_id = 'tea'", "group tea: seq is 99"),
    "a head's time": ("UPDATE groups SET head_at = 1 WHERE group_id = 'tea'", "group tea: head_at is 1"),
    "a hole in seq": (
        "UPDATE entries SET seq = 77 WHERE group_id = 'tea' AND pos = 13",
        "group tea: entry 13 is message 77",
    ),
    "a message without a seq": (
        "UPDATE entries SET seq = NULL WHERE group_id = 'tea' AND pos = 13",
        "group tea: entry 13 has a message number exactly if",
    ),
    "time that goes back": (
        "UPDATE entries SET at = 5 WHERE group_id = 'tea' AND pos = 13",
        "group tea: entry 13 is older",
    ),
    "an unknown kind": (
        "UPDATE entries SET kind = 'odd' WHERE group_id = 'tea' AND pos = 15",
        "group tea: entry 15 is of an unknown kind",
    ),
    "a count of members": ("UPDATE groups SET member_count = 9 WHERE group_id = 'tea'", "group tea: member_count is 9"),
    "a count in an entry": (
        "UPDATE entries SET body = replace(body, '\"count\":4', '\"count\":7') WHERE group_id = 'tea' AND pos = 12",
        "group tea: entry 12 says that 7 are in",
    ),
    "a member nobody brought": (
        (
            "INSERT INTO memberships SELECT group_id, 'eve', 2, role, 13, 5, 14, joined_at, added_by, NULL, NULL, NULL,"
            " archived, 0, NULL, '', 0 FROM memberships WHERE group_id = 'tea' AND user_id = 'cat'"
        ),
        "group tea: no entry says that eve came in for period 2",
    ),
    "a member that is missing": (
        "DELETE FROM memberships WHERE group_id = 'tea' AND user_id = 'cat'",
        "group tea: entry 2 has cat come in, and no membership says so",
    ),
    "brought by somebody else": (
        "UPDATE memberships SET added_by = 'eve' WHERE group_id = 'tea' AND user_id = 'cat'",
        "group tea: entry 2 has cat come in, and no membership says so",
    ),
    "a period that ends late": (
        "UPDATE memberships SET until_pos = 12 WHERE group_id = 'tea' AND user_id = 'dan' AND period = 1",
        "group tea: entry 12 has dan go, and no membership says so",
    ),
    "a period that never ended": (
        "UPDATE memberships SET until_pos = NULL WHERE group_id = 'tea' AND user_id = 'eve'",
        "group tea: period 1 of eve is over exactly if",
    ),
    "a role": (
        "UPDATE memberships SET role = 'admin' WHERE group_id = 'tea' AND user_id = 'cat'",
        "group tea: cat is admin",
    ),
    "a floor too low": (
        "UPDATE memberships SET from_pos = 0, from_seq = 0 WHERE group_id = 'tea' AND user_id = 'dan' AND period = 2",
        "group tea: the floor of dan in period 2 fits no entry",
    ),
    "a floor of another rule": (
        "UPDATE memberships SET from_pos = 2, from_seq = 1 WHERE group_id = 'd1' AND user_id = 'ben'",
        "group d1: the floor of ben in period 1 fits no entry",
    ),
    "a floor that the rule does not give": (
        "UPDATE memberships SET from_pos = 1 WHERE group_id = 'tea' AND user_id = 'cat'",
        "group tea: the floor of cat in period 1 is not what the history rule gives",
    ),
    "a title": ("UPDATE groups SET title = 'x' WHERE group_id = 'tea'", "group tea: title is not"),
    "a limit": ("UPDATE groups SET member_limit = 7 WHERE group_id = 'tea'", "group tea: limit is not"),
    "a history rule": ("UPDATE groups SET history = 'none' WHERE group_id = 'old'", "group old: history is not"),
    "a sender from outside": (
        "UPDATE entries SET actor = 'eve' WHERE group_id = 'd1' AND seq = 1",
        "group d1: entry 2 is by eve, who was not in",
    ),
    "a cid of another length": (
        "UPDATE entries SET cid = 'short' WHERE group_id = 'tea' AND pos = 3",
        "group tea: entry 3 has no cid",
    ),
    "a message without a cid": (
        "UPDATE entries SET cid = NULL WHERE group_id = 'tea' AND pos = 3",
        "group tea: entry 3 has no cid",
    ),
    "a message without a digest": (
        "UPDATE entries SET digest = NULL WHERE group_id = 'tea' AND pos = 3",
        "group tea: entry 3 has no cid",
    ),
    "recalled text that is back": (
        'UPDATE entries SET body = \'{"type":"text","body":{"text":"secret 3"}}\' WHERE group_id = \'tea\' AND pos = 5',
        "group tea: entry 5 is recalled and still holds content",
    ),
    "a recalled message that is back": (
        "UPDATE entries SET recalled = NOT recalled WHERE group_id = 'tea' AND pos = 5",
        "group tea: entry 10 recalls 5, whose row does not say so",
    ),
    "recalled without an entry": (
        "UPDATE entries SET recalled = NOT recalled WHERE group_id = 'tea' AND pos = 6",
        "group tea: entry 6 is not what its recall entries lead to",
    ),
    "a version too many": (
        "UPDATE entries SET version = 2 WHERE group_id = 'tea' AND pos = 4",
        "group tea: entry 4 is not what its edit entries lead to",
    ),
    "an edit of somebody else's": (
        "UPDATE entries SET actor = 'cat' WHERE group_id = 'tea' AND pos = 9",
        "group tea: entry 9 edits 4, which somebody else wrote",
    ),
    "a recall without the right": (
        "UPDATE entries SET actor = 'dan' WHERE group_id = 'tea' AND pos = 10",
        "group tea: entry 10 recalls 5 without the right to",
    ),
    "a role set by a member": (
        "UPDATE entries SET actor = 'cat' WHERE group_id = 'tea' AND pos = 11",
        "group tea: entry 11 sets the role of ben without the right to",
    ),
    "settings by a member": (
        "UPDATE entries SET actor = 'cat' WHERE group_id = 'tea' AND pos = 15",
        "group tea: entry 15 changes settings without the right to",
    ),
    "a kick by a member": (
        'UPDATE entries SET body = replace(body, \'"by":"ben"\', \'"by":"cat"\') WHERE group_id = \'tea\' AND pos = 12',
        "group tea: entry 12 has dan put out by cat, who has no right to",
    ),
    "a reply to nothing": (
        "UPDATE entries SET target = 99 WHERE group_id = 'tea' AND pos = 13",
        "group tea: entry 13 refers to 99, which is no message before it",
    ),
    "a reply to no message": (
        "UPDATE entries SET target = 2 WHERE group_id = 'tea' AND pos = 13",
        "group tea: entry 13 refers to 2, which is no message before it",
    ),
    "a reply to what was not seen": (
        "UPDATE entries SET target = 2 WHERE group_id = 'new' AND seq = 6",
        "UPDATE entries SET actor = 'cat' WHERE group_id = 'new' AND seq = 6",
        "refers to 2, which its author did not see",
    ),
    "a count of reactions": (
        "UPDATE entries SET reactions = '{\"👍\":2}' WHERE group_id = 'tea' AND pos = 3",
        "group tea: entry 3 counts reactions that are not those kept",
    ),
    "a reaction nobody gave": (
        "INSERT INTO reactions (group_id, pos, user_id, emoji) VALUES ('tea', 4, 'ann', 'x')",
        "UPDATE entries SET reactions = '{\"x\":1}' WHERE group_id = 'tea' AND pos = 4",
        "group tea: entry 4 is not what its reaction entries lead to",
    ),
    "a reaction of somebody else": (
        "UPDATE reactions SET user_id = 'cat' WHERE group_id = 'tea' AND pos = 3",
        "group tea: reaction entries do not lead to the messages as they are",
    ),
    "a reaction to a recalled message": (
        "INSERT INTO reactions (group_id, pos, user_id, emoji) VALUES ('tea', 5, 'ann', 'x')",
        "UPDATE entries SET reactions = '{\"x\":1}' WHERE group_id = 'tea' AND pos = 5",
        "group tea: entry 5 is recalled and still has reactions",
    ),
    "a reaction to nothing": (
        "INSERT INTO reactions (group_id, pos, user_id, emoji) VALUES ('tea', 99, 'ann', 'x')",
        "group tea: a reaction is kept for 99, which is no entry",
    ),
    "a group that is not there": (
        "UPDATE entries SET group_id = 'gone' WHERE group_id = 'd2'",
        "entries: gone is no group",
    ),
    "a direct chat that should be closed": (
        "DELETE FROM follows WHERE user_id = 'ann' AND target_id = 'ben'",
        "group d1: read_only is False, mutual is False",
    ),
    "a direct chat that should be open": (
        "DELETE FROM blocks WHERE user_id = 'cat'",
        "group d2: read_only is True, mutual is True",
    ),
    "the key of another pair": (
        "UPDATE groups SET direct_key = 'ann:cat' WHERE group_id = 'd1'",
        "group d1: direct_key does not name the two",
    ),
    "a direct chat without a key": (
        "UPDATE groups SET direct_key = NULL WHERE group_id = 'd1'",
        "groups: d1 is direct exactly if it has no direct_key",
    ),
    "a count of groups": ("UPDATE users SET group_count = 9 WHERE user_id = 'ann'", "user ann: group_count is 9"),
    "a count of follows": (
        "UPDATE users SET following_count = 9 WHERE user_id = 'ann'",
        "user ann: following_count is 9",
    ),
    "a follow of nobody": (
        "INSERT INTO follows (user_id, target_id, at) VALUES ('ann', 'nobody', 1)",
        "follows: nobody is no user",
    ),
    "a follow of oneself": (
        "INSERT INTO follows (user_id, target_id, at) VALUES ('ann', 'ann', 1)",
        "follows: ann follows themselves",
    ),
    "a hole in a user's log": (
        "DELETE FROM mine WHERE user_id = 'dan' AND upos = 2",
        "user dan: entry 3 of their log follows 1",
    ),
    "a user's head": ("UPDATE users SET upos = upos + 1 WHERE user_id = 'dan'", "user dan: upos is"),
    "a user's log that fits no group": (
        "UPDATE mine SET pos = 9 WHERE user_id = 'dan' AND upos = 2",
        "user dan: entry 2 of their log (removed) fits no membership in tea at 9",
    ),
    "reading ahead": ("UPDATE reads SET seq = 99 WHERE user_id = 'ann'", "reads: ann has read 99 of the messages of"),
    "a cid used twice": (
        "INSERT INTO commands SELECT actor, cid, digest, '{}', 1 FROM entries WHERE group_id = 'tea' AND pos = 3",
        "of ann is an entry's as well",
    ),
    "a command without an answer": (
        "UPDATE commands SET answer = 'x' WHERE user_id = 'ann'",
        "of ann is no whole row",
    ),
    "a commit that is missing": ("DELETE FROM commits WHERE n = 7", "commits: 8 follows 6"),
    "the last commit missing": (
        "DELETE FROM commits WHERE n = (SELECT max(n) FROM commits)",
        "commits: the last one is",
    ),
    "a writer that counts differently": ("UPDATE writers SET n = n + 3", "commits: the last one is"),
    "an announcement of another version": (
        "UPDATE entries SET body = replace(body, '\"version\":2', '\"version\":3') WHERE group_id = 'pub' AND pos = 10",
        "group pub: entry 10 is announcement 3, and not the next one",
    ),
    "an announcement that was never made": (
        "UPDATE groups SET settings = replace(settings, 'secret end', 'secret more') WHERE group_id = 'pub'",
        "group pub: its announcement is not what its last entry about it says",
    ),
    "an announcement without the right": (
        "UPDATE entries SET actor = 'ben' WHERE group_id = 'pub' AND pos = 4",
        "group pub: entry 4 announces without the right to",
    ),
    "rights that nobody gave": (
        "UPDATE groups SET settings = replace(settings, '\"admin\"', '\"member\"') WHERE group_id = 'pub'",
        "group pub: rights is not what its last entry about it says",
    ),
    "rights changed by an admin": (
        "UPDATE entries SET actor = 'cat' WHERE group_id = 'pub' AND pos = 11",
        "group pub: entry 11 changes settings without the right to",
    ),
    "a group taken over": (
        "UPDATE entries SET actor = 'cat' WHERE group_id = 'pub' AND kind = 'owner'",
        "group pub: entry 8 gives the group to ben without the right to",
    ),
    "two owners": (
        "UPDATE memberships SET role = 'owner' WHERE group_id = 'pub' AND user_id = 'cat'",
        "group pub: cat is owner, its log says silent",
    ),
    "a silent viewer who silences": (
        "UPDATE entries SET actor = 'dan' WHERE group_id = 'pub' AND pos = 6",
        "group pub: entry 6 sets the role of cat without the right to",
    ),
    "a title that is not found": (
        "DELETE FROM group_terms WHERE group_id = 'pub' AND term = '骑行'",
        "group pub: is not listed under exactly the terms of its title",
    ),
    "a dissolved group that is found": (
        "INSERT INTO group_terms (term, group_id) VALUES ('short', 'end')",
        "group end: is not listed under exactly the terms of its title",
    ),
    "a private group that is found": (
        "INSERT INTO group_terms (term, group_id) VALUES ('tea', 'tea')",
        "group tea: is not listed under exactly the terms of its title",
    ),
    "a count of bans": (
        "DELETE FROM bans WHERE group_id = 'pub' AND user_id = 'eve'",
        "group pub: bans is 2, there are 1",
    ),
    "somebody banned who is in": (
        "UPDATE bans SET user_id = 'cat' WHERE group_id = 'pub' AND user_id = 'eve'",
        "group pub: 1 who are banned are in it",
    ),
    "a ban of no group": ("UPDATE bans SET group_id = 'nowhere' WHERE group_id = 'pub'", "bans: nowhere is no group"),
    "a dissolved group that goes on": (
        "UPDATE groups SET dissolved_at = NULL WHERE group_id = 'end'",
        "group end: dissolved_at is None, its log says",
    ),
    "a group that ends later than it said": (
        "UPDATE groups SET settings = replace(settings, '\"gone_at\":17', '\"gone_at\":18') WHERE group_id = 'end'",
        "says another time for its end than the group",
    ),
    "a group that is gone and has a title": (
        "UPDATE groups SET title = 'secret' WHERE group_id = 'past'",
        "group past: is gone, and still says what it was",
    ),
    "a group that is gone and nobody sweeps": (
        "DELETE FROM gone_groups WHERE group_id = 'past'",
        "group past: is gone, and 9 rows of it are left",
    ),
    "a recall that the ledger does not know": (
        "DELETE FROM ledger WHERE kind = 'recall'",
        "entries: 5 of tea is recalled, and the ledger does not know",
    ),
    "a recalled message that the ledger knows": (
        "UPDATE entries SET recalled = NOT recalled WHERE group_id = 'tea' AND pos = 5",
        "ledger: 5 of tea was recalled, and is there",
    ),
    "a group that was gone": (
        "UPDATE ledger SET group_id = 'tea' WHERE kind = 'gone'",
        "ledger: group tea was gone, and is there",
    ),
    "somebody who was erased": (
        "UPDATE ledger SET kind = 'erase', group_id = '', user_id = 'ann' WHERE kind = 'gone'",
        "ledger: ann was erased, and is there",
    ),
    "a line of the ledger about nothing": (
        "UPDATE ledger SET kind = 'lost' WHERE kind = 'gone'",
        "is of an unknown kind",
    ),
    "a commit of an unknown group": (
        "UPDATE commits SET groups = '[\"nowhere\"]' WHERE n = 7",
        "commits: 7 names group nowhere",
    ),
}
