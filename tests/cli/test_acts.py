"""Every act of the operator: it leaves a row in the audit log, or only reads, and takes a person however named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop

from chatd.admin.acts import ACTS
from chatd.admin.socket import AdminError, call
from tests.cli.program import Program
from tests.e2e.phone import Phone

READS: Final = frozenset(
    {
        *("audit", "ban.list", "bot.list", "bot.show", "broadcast.list", "broadcast.results", "broadcast.show"),
        *("erase.status", "follow.check", "follow.list", "group.list", "group.show", "invite.list", "member.list"),
        *("retention.plan", "retention.show", "retention.status"),
        *("request.list", "search.status", "stats", "top", "user.list", "user.show"),
    }
)
"""Acts that change nothing."""
UNTOLD: Final = {
    "broadcast.aim": "portions of one broadcast, whose start says how many groups there are",
}
"""Acts that change something and leave no row, each with its reason."""
PRODUCT: Final = {"kind": "product", "id": "p", "rev": 1, "title": "Pot", "price": 1, "currency": "CNY"}
STEP: Final = ["name:x", 0, 1, 0, [1], True]

Act = tuple[str, dict[str, Any], str]


def acts_of(group: str, invite: str) -> list[Act]:
    """Every act that changes something: its name, what it is asked with, and what the audit log calls it; in an order
    in which each has something to change."""
    of, content = {"group": group}, {"kind": "notice", "body": {"text": "Hello 你好"}}
    return [
        ("user", {"sub": "gil", "name": "Gil"}, "user.add"),
        ("user", {"sub": "gil", "name": "Gil G."}, "user.add"),
        ("user.tag", {"sub": "ben", "tag": "staff", "on": True}, "user.tag"),
        ("user.disable", {"sub": "cat", "on": True}, "user.disable"),
        ("user.disable", {"sub": "cat", "on": False}, "user.enable"),
        ("revoke", {"sub": "ben"}, "user.revoke"),
        ("account.add", {"login": "hal@example.com"}, "account.add"),
        ("account.code", {}, "signup_code.make"),
        ("follow.add", {"sub": "ann", "target": "ben"}, "follow.add"),
        ("follow.remove", {"sub": "ann", "target": "ben"}, "follow.remove"),
        ("follow.import", {"edges": [["ann", "cat"]], "step": STEP, "make": False}, "follow.import"),
        ("follow.progress", {"import_id": "name:x", "again": True}, "follow.forget"),
        ("group.create", {"sub": "ann", "title": "Coffee"}, "group.create"),
        ("group.update", of | {"title": "Tea"}, "group.update"),
        ("group.restrict", of | {"on": True}, "group.restrict"),
        ("group.restrict", of | {"on": False}, "group.unrestrict"),
        ("group.notice", of | content, "group.notice"),
        ("member.add", of | {"sub": "ben"}, "member.add"),
        ("member.role", of | {"sub": "ben", "role": "admin"}, "member.role"),
        ("member.restrict", of | {"sub": "ben", "on": True}, "member.restrict"),
        ("member.restrict", of | {"sub": "ben", "on": False}, "member.unrestrict"),
        ("group.transfer", of | {"sub": "ben"}, "group.transfer"),
        ("member.kick", of | {"sub": "ann"}, "member.kick"),
        ("member.kick", of | {"sub": "ann", "ban": True}, "member.ban"),
        ("member.unban", of | {"sub": "ann"}, "member.unban"),
        ("request.approve", of | {"sub": "cat"}, "request.approve"),
        ("request.decline", of | {"sub": "dan"}, "request.refuse"),
        ("invite.create", of, "invite.create"),
        ("invite.revoke", {"invite": invite}, "invite.revoke"),
        ("bot.create", {"bot": "helper"}, "bot.create"),
        ("bot.token", {"bot": "helper"}, "bot.token"),
        ("bot.scopes", {"bot": "helper", "scopes": ["read"]}, "bot.scopes"),
        ("bot.disable", {"bot": "helper", "on": True}, "user.disable"),
        ("catalogue", {"items": [PRODUCT | {"shop_url": "https://shop.example/p"}]}, "catalogue.change"),
        ("broadcast.plan", {"broadcast": "spring"} | content, "broadcast.plan"),
        ("broadcast.start", {"broadcast": "spring"}, "broadcast.start"),
        ("broadcast.plan", {"broadcast": "summer"} | content, "broadcast.plan"),
        ("broadcast.cancel", {"broadcast": "summer"}, "broadcast.cancel"),
        ("retention.set", of | {"days": 30}, "retention.set"),
        ("retention.run", of, "retention.run"),
        ("group.dissolve", of, "group.dissolve"),
        ("erase", {"user": "dan", "yes": True}, "user.erase"),
        ("backup", {"n": 1, "bytes": 1}, "backup"),
        ("words.reload", {}, "words.reload"),
        ("search.rebuild", {}, "search.rebuild"),
    ]


@pytest.fixture
def asked(tmp_path: Path) -> Any:
    """A server with a few people and a group, and a way to ask it."""
    (tmp_path / "chatd.toml").write_text('[accounts]\nsignup = "invite"\nhash_memory_kib = 8\nhash_passes = 1\n')
    program = Program(tmp_path)
    with program.serving() as served:

        def ask(act: str, **fields: Any) -> dict[str, Any]:
            return call(tmp_path / "chatd.sock", act, **fields)

        for sub in ("ann", "ben", "cat", "dan"):
            ask("user", sub=sub, name=sub.title())
        group = ask("group.create", sub="ann", title="Tea 茶", kind="public")["group"]
        tokens = {name: program.run("token", name).stdout.strip() for name in ("ann", "cat", "dan")}
        uvloop.run(_asking(served.url, tokens, group))
        yield ask, group


async def _asking(url: str, tokens: dict[str, str], group: str) -> None:
    """Ann has a handle and a door that asks; cat and dan ask to come in."""
    phones = {name: await Phone.dial(url) for name in tokens}
    for name, phone in phones.items():
        await phone.say_hello(tokens[name])
        if name == "ann":
            await phone.do("group.entry", group=group, entry="approval")
            await phone.do("user.handle", handle="Ann_1")
        else:
            await phone.do("request.create", group=group)
    for phone in phones.values():
        await phone.cut_off()


def test_every_act_that_changes_something_leaves_a_row_in_the_audit_log(asked: Any) -> None:
    ask, group = asked
    invite = ask("invite.create", group=group)["invite"]
    known = ask("audit", limit=1)["rows"][0]["number"]
    tried = set()
    for act, fields, name in acts_of(group, invite):
        ask(act, **fields)
        tried.add(act)
        rows = ask("audit", limit=10, filters={"by": "operator"})["rows"]
        fresh = [row for row in rows if row["number"] > known]
        assert [row["act"] for row in fresh if row["act"] == name] == [name], (act, fresh)
        known = fresh[0]["number"]
    assert tried | READS | set(UNTOLD) == set(ACTS), "a new act: say what the audit log calls it, or why it has no row"
    assert not tried & (READS | set(UNTOLD))


def test_what_only_reads_leaves_none(asked: Any) -> None:
    ask, group = asked
    before = ask("audit", limit=1)["rows"][0]["number"]
    fields = {"group": group, "sub": "ann", "target": "ben", "user": "ann", "bot": "none", "broadcast": "none"}
    codes = {}
    for act in sorted(READS):
        try:
            ask(act, **fields)
        except AdminError as error:
            codes[act] = error.code
    assert codes == dict.fromkeys(("bot.show", "broadcast.results", "broadcast.show", "erase.status"), "not_found")
    assert ask("audit", limit=1)["rows"][0]["number"] == before


def test_a_person_is_named_by_sub_id_or_handle_alike(asked: Any) -> None:
    ask, group = asked
    ann = ask("user.show", sub="ann")["user"]
    asks: list[Callable[[str], Any]] = [
        lambda who: ask("user.show", sub=who),
        lambda who: ask("follow.list", sub=who),
        lambda who: ask("follow.check", sub=who, target="ben"),
        lambda who: ask("follow.check", sub="ben", target=who),
        lambda who: ask("ban.list", sub=who),
        lambda who: ask("member.add", group=group, sub=who),
        lambda who: ask("erase", user=who),
        lambda who: ask("audit", filters={"user": who})["rows"],
        lambda who: ask("audit", filters={"by": who})["rows"],
    ]
    for one in asks:
        answers = [json.dumps(one(name)) for name in ("ann", ann, "@Ann_1", "@ann_1")]
        assert len(set(answers)) == 1, answers
        for nobody in ("@ann", "Ann_1", base64.urlsafe_b64encode(b"x" * 16).decode()):
            with pytest.raises(AdminError, match="not_found"):
                one(nobody)
    ask("user", sub="@ann_1", name="Somebody else")
    assert ask("user.show", sub="@ann_1")["name"] == "Somebody else", "a sub comes before a handle"
