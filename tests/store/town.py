"""A database in which everything has happened once: what `verify` has to find whole, and tests then break."""

from __future__ import annotations

from chatd.core.bans import Expel
from chatd.core.users import Revoke, SaveReads
from tests.store.kit import (
    START_MS,
    Store,
    add,
    announce,
    ban,
    block,
    create,
    direct,
    dissolve,
    edit,
    follow,
    kick,
    leave,
    react,
    recall,
    send,
    set_role,
    transfer,
    update,
)


def build_town(store: Store) -> None:
    """Groups "tea" (all history), "old" (last:2), "new" (none); direct chats "d1" (open) and "d2" (read-only).

    In "tea": 1 created, 2 members (ben, cat, dan, eve), 3 to 6 messages 1 to 4 ("secret 1"…), 7 and 8 reactions to 3,
    9 an edit of 4, 10 a recall of 5, 11 ben is an admin, 12 dan kicked by ben, 13 a reply to 3, 14 dan is back,
    15 the title changes, 16 a reaction to 3 taken back, 17 eve leaves.
    """
    ann, ben, cat, dan, eve = store.people("ann", "ben", "cat", "dan", "eve")
    store.found("tea", ann, ben, cat, dan, eve, history="all")
    store.make_mutual(ben, cat)
    store.done(*(send(user, "tea", f"secret {number}") for number, user in enumerate((ann, ben, cat, dan), 1)))
    store.now_ms += 1000
    store.done(react(ann, "tea", 3), react(dan, "tea", 3))
    store.done(edit(ben, "tea", 4, "secret two"), recall(cat, "tea", 5))
    store.done(set_role(ann, "tea", ben, "admin"))
    store.done(kick(ben, "tea", dan))
    store.say(cat, "tea", "secret reply", reply_to=3)
    store.done(add(ann, "tea", dan))
    store.done(update(ann, "tea", title="Coffee", limit=50))
    store.done(react(ann, "tea", 3, on=False))
    store.done(leave(eve, "tea"))
    store.now_ms += 1000
    for name, history in (("old", "last:2"), ("new", "none")):
        store.done(create(ann, name, history), *(send(ann, name, f"secret {i}") for i in range(5)))
        store.done(add(ann, name, ben, cat), send(ann, name), add(ann, name, dan))
        store.done(leave(ben, name))
        store.done(update(ann, name, history="all"))
        store.done(send(ann, name), add(ann, name, ben, eve))
    store.done(direct(ann, "d1", ben), send(ann, "d1"), send(ben, "d1"), leave(ann, "d1"))
    store.done(direct(ben, "d2", cat), send(ben, "d2"))
    store.done(block(cat, ben), follow(dan, eve), follow(ann, eve, False), follow(eve, dan))
    build_governed(store)
    store.done(SaveReads([("tea", "ann", 0, 3), ("new", "dan", 0, 1)]), Revoke("eve", "phone", START_MS))


def build_governed(store: Store) -> None:
    """What those who govern groups do: "pub" is public and goes on, "end" is dissolved, "past" is swept but for a rest.

    In "pub": 1 created, 2 members (ben, cat, dan), 3 settings, 4 an announcement, 5 ben is an admin, 6 cat is silent, 7
    dan is banned by ben, 8 and 9 ann leaves to ben, 10 another announcement, 11 settings by ben; eve is banned as well.
    """
    ann, ben, cat, dan, eve = "ann", "ben", "cat", "dan", "eve"
    rights = {"announce": "owner", "edit": "owner"}
    store.done(create(ann, "pub", kind="public", title="周末 Rides"), add(ann, "pub", ben, cat, dan))
    store.done(update(ann, "pub", title="骑行 Rides", rules="no secret", avatar="https://a.example/x", rights=rights))
    store.done(announce(ann, "pub", "secret meeting"), set_role(ann, "pub", ben, "admin"))
    store.done(set_role(ben, "pub", cat, "silent"), ban(ben, "pub", dan, "secret"), ban(ben, "pub", eve))
    store.done(leave(ann, "pub", ben), announce(ben, "pub", "secret end"), update(ben, "pub", rights={"pull": "admin"}))
    store.done(create(ann, "end", kind="public", title="Short"), add(ann, "end", ben, cat), send(ann, "end"))
    store.done(transfer(ann, "end", ben), ban(ben, "end", eve), dissolve(ben, "end"), leave(cat, "end"))
    store.done(create(ann, "past", title="Shorter"), add(ann, "past", ben), send(ben, "past"), react(ann, "past", 3))
    store.done(ban(ann, "past", eve), Expel("past", ann, "", ban=False), Expel("past", ben, "", ban=True))
