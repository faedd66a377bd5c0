"""What becomes of a message: its product changes its price while somebody is away; it is taken back, and looked for
wherever it could still be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.client.scene import Person
from tests.e2e.phone import Phone
from tests.e2e.stage import Stage, open_stage, url_of
from tests.e2e.test_cards import PRODUCT, QUICK, change, share
from tests.e2e.test_mentions import calling
from tests.e2e.test_search import QUIET, SEARCHING, indexed
from tests.e2e.town import GENEROUS, Town, a_millisecond_later
from tests.hub.kit import says

TEXT = "秘密计划 secret plan"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that searches and sells."""
    folder = tmp_path_factory.mktemp("stories")
    settings = {"limits": GENEROUS, "catalogue": QUICK} | SEARCHING | QUIET
    with open_stage(url_of(request.param, folder, request), folder, **settings) as stage:
        yield stage


async def in_every_place(phone: Phone, group: str, pos: int) -> dict[str, Any]:
    """What each place shows of a message, None where it is not shown."""
    places: dict[str, Any] = {}
    pages = {"back": {}, "on": {"after": 0}, "around": {"around": pos}}
    for name, page in pages.items():
        shown = await phone.history(group, **page, limit=200)
        places[f"history {name}"] = next(entry for entry in shown if entry["pos"] == pos)
        quoting = [entry for entry in shown if entry.get("reply_to") == pos]
        places[f"quote {name}"] = quoting[0]["quote"] if quoting else None
        for kind in ("edit", "pin", "feature", "reaction", "card"):
            about = [entry for entry in shown if entry["kind"] == kind and entry["target"] == pos]
            places[f"{kind} {name}"] = about[-1] if about else None
    for op, key in (("pin.list", "pins"), ("feature.list", "posts")):
        listed = (await phone.ask(op, group=group))[key]
        places[op] = next((one["entry"] for one in listed if one["entry"]["pos"] == pos), None)
    mentions = (await phone.ask("mention.list"))["mentions"]
    places["mention.list"] = next((one["entry"] for one in mentions if one["entry"]["pos"] == pos), None)
    fresh = await phone.ask("group.get", group=group)
    listed = {line["group"]: line for line in (await phone.ask("group.list"))["groups"]}
    opened = await phone.ask("group.open", group=group)
    for name, line in (("get", fresh["line"]), ("list", listed[group]), ("open", opened)):
        last = line.get("last")
        places[f"last line, {name}"] = last if last is not None and last["pos"] == pos else None
        places[f"mentions, {name}"] = line.get("mention")
    return places


async def test_a_products_price_changes_while_a_member_is_away(town: Town) -> None:
    ann, kai = await town.person("ann"), await town.person("kai", fmt="msgpack")
    mia = await town.person("mia", fmt="msgpack")
    pot, cup = f"pot-{ann.user[1:9]}", f"cup-{ann.user[1:9]}"
    group, other = await town.group_of(ann, kai, mia), await town.group_of(ann, mia)
    assert await change(town, PRODUCT | {"id": pot, "rev": 1}, PRODUCT | {"id": cup, "rev": 1, "title": "Cup"}) == [
        "added",
        "added",
    ]
    shared = await share(ann, group, "product", pot, text="这个好")
    again = await share(kai, group, "product", pot)
    await ann.do("pin.add", group=group, pos=shared)
    await ann.do("feature.add", group=group, pos=shared, note="buy this")
    reply = await kai.say(group, "is it dear?", reply_to=shared)
    elsewhere = await share(ann, other, "product", cup)
    await mia.up_to(group, reply)
    await mia.up_to(other, elsewhere)
    before = await in_every_place(mia, group, shared)
    assert before["history back"]["body"]["card"]["price"] == 12800
    assert before["pin.list"]["body"]["card"] == before["feature.list"]["body"]["card"]
    await mia.cut_off()
    # While she is away it becomes cheaper, and then there is only a rest of it.
    await change(town, PRODUCT | {"id": pot, "rev": 2, "price": 9900})
    await ann.until(lambda: [e for e in ann.entries[group] if e["kind"] == "card" and e["card"]["price"] == 9900])
    await change(town, PRODUCT | {"id": pot, "rev": 3, "price": 8800, "stock": 0})
    changed = (await ann.until(lambda: [e for e in ann.entries[group] if e.get("card", {}).get("rev") == 3]))[0]
    later = await kai.say(group, "sold out now")
    # She comes back and is told what she missed, once, in its place, and as it is now.
    back = await town.back(mia)
    missed = await back.up_to(group, later)
    assert [entry["kind"] for entry in missed] == ["card", "card", "message"]
    assert missed[-2] == changed == (await kai.up_to(group, later))[-2]
    card = missed[-2]["card"]
    assert (card["price"], card["price_then"], card["status"]) == (8800, 12800, "sold_out")
    assert missed[-2]["target"] == again, "the newest message that shows it"
    assert missed[0]["card"]["rev"] == 3, "an entry shows what is true when it is read"
    lines = {line["group"]: line for line in back.hello["groups"]}
    assert other not in lines, "there nothing has changed"
    # Wherever the card is shown, to her, on a fresh device and to the others, it is the same one.
    for phone in (back, await town.phone_of(mia.sub, "fresh", "json"), kai, ann):
        places = await in_every_place(phone, group, shared)
        for place in ("history back", "history on", "history around", "pin.list", "feature.list"):
            assert places[place]["body"] == {"text": "这个好", "card": card}, (phone.sub, place)
            assert places[place]["alt"] == "🛍 Teapot", "no price for what cannot be bought"
        for place in ("back", "on", "around"):
            assert places[f"quote {place}"]["card"] == {"kind": "product", "id": pot}
            assert places[f"quote {place}"]["text"].startswith("Teapot")
        second = await in_every_place(phone, group, again)
        assert second["history back"]["body"]["card"] == second["card back"]["card"] == card
        assert (await phone.line(group))["last"]["pos"] == later
    assert (await back.line(group))["unread"] == 4, "a price is no message"
    # Shared now, it is what it costs now that it was shared for.
    sent = await share(ann, other, "product", pot)
    shown = (await back.up_to(other, sent))[-1]["body"]["card"]
    assert (shown["price"], shown["status"], "price_then" in shown) == (8800, "sold_out", False)


async def test_a_recalled_message_is_looked_for_in_every_place(town: Town) -> None:
    ann, kai = await town.person("ann"), await town.person("kai", fmt="msgpack")
    mia, nils = await town.people("mia", "nils")
    group, other = await town.group_of(ann, kai, mia), await town.group_of(ann, nils)
    a_millisecond_later()
    pos = (await ann.do("message.send", group=group, kind="text", body=calling(f"@ {TEXT}", kai)))["pos"]
    away = mia.cursors()
    await mia.cut_off()
    await ann.do("message.edit", group=group, pos=pos, **calling(f"@ {TEXT}!", kai))
    await ann.do("pin.add", group=group, pos=pos)
    await ann.do("feature.add", group=group, pos=pos, note="how it began")
    await kai.do("reaction.add", group=group, pos=pos, emoji="🙈")
    frozen = await ann.do("message.forward", group=other, source=group, positions=[pos])
    await ann.say(other, "that was it")
    reply = await ann.say(group, "do you know it?", reply_to=pos)
    await kai.up_to(group, reply)
    await indexed(town)
    assert [hit["pos"] for hit in (await kai.ask("message.search", query="秘密", group=group))["hits"]] == [pos]
    before = await in_every_place(kai, group, pos)
    everywhere = {name for name, shown in before.items() if shown is not None}
    assert everywhere == set(before) - {f"card {page}" for page in ("back", "on", "around")} - {
        f"last line, {op}" for op in ("get", "list", "open")
    }
    # She takes it back.
    recalled = (await ann.do("message.recall", group=group, pos=pos))["pos"]
    (entry,) = [entry for entry in await kai.up_to(group, recalled) if entry["kind"] == "recall"]
    assert (entry["target"], entry["by"]) == (pos, ann.user)
    await indexed(town)
    devices = [
        await town.phone_of(kai.sub, "fresh", "json"),
        await town.phone_of(kai.sub, "fresh-2", "msgpack"),
        await town.phone_of(mia.sub, "phone", "msgpack", **away),
        await town.phone_of(mia.sub, "tablet", "json"),
        await town.phone_of(ann.sub, "hers", "msgpack"),
    ]
    for phone in devices:
        if phone.resumed:
            await phone.up_to(group, recalled)
        places = await in_every_place(phone, group, pos)
        for page in ("back", "on", "around"):
            tomb = places[f"history {page}"]
            assert tomb["recalled"]["by"] == ann.user
            assert not {"body", "quote", "reactions", "alt"} & set(tomb)
            assert places[f"quote {page}"].get("recalled") is True
            assert "text" not in places[f"quote {page}"]
            assert "body" not in places[f"edit {page}"]
            assert "reactions" not in places[f"reaction {page}"]
            for kind in ("pin", "feature"):
                assert "text" not in places[f"{kind} {page}"].get("quote", {})
        for place in ("pin.list", "feature.list", "mention.list", "mentions, get", "mentions, list", "mentions, open"):
            assert places[place] is None, (phone.sub, place)
        assert (await phone.ask("message.search", query="秘密", group=group))["hits"] == []
        assert (await phone.denied("reaction.list", group=group, pos=pos)).code == "gone"
        assert (await phone.ask("message.at", group=group, at=places["history on"]["at"]))["pos"] == pos
        await nothing_can_be_done_with_it(phone, group, pos, owner=phone.user == ann.user)
        await phone.settle()
        for word in ("秘密", "secret plan"):
            assert not says(phone, word), phone.sub
    # What was said again elsewhere was said again, and says no more than that.
    (copy,) = [entry for entry in await nils.history(other) if entry["pos"] == frozen["pos"]]
    assert (copy["body"], copy["forwarded"]) == ({"text": f"@ {TEXT}!"}, {})
    # And the terminal shows that there was something, and not what.
    await looked_for_in_the_terminal(town, kai)


async def test_where_nothing_else_was_said_the_chat_list_shows_that_something_was_taken_back(town: Town) -> None:
    ann, kai = await town.person("ann"), await town.person("kai", fmt="msgpack")
    group = await town.group_of(ann, kai)
    only = await ann.say(group, TEXT)
    await kai.up_to(group, only)
    assert ((await kai.line(group))["unread"], (await kai.line(group))["last"]["body"]) == (1, {"text": TEXT})
    await ann.do("message.recall", group=group, pos=only)
    fresh = await town.phone_of(kai.sub, "fresh")
    lines = [fresh.hello["groups"][0], await fresh.line(group), (await fresh.ask("group.list"))["groups"][0]]
    for line in [*lines, await fresh.ask("group.open", group=group)]:
        assert line["unread"] == 0
        assert (line["last"]["pos"], line["last"]["recalled"]["by"], "body" in line["last"]) == (only, ann.user, False)
    assert not says(fresh, "秘密")


async def nothing_can_be_done_with_it(phone: Phone, group: str, pos: int, *, owner: bool) -> None:
    """Whatever somebody tries with a message, it is gone."""
    for op, data in (
        ("message.forward", {"source": group, "positions": [pos]}),
        ("message.send", {"kind": "text", "body": {"text": "?"}, "reply_to": pos}),
        ("reaction.add", {"pos": pos, "emoji": "👍"}),
        ("pin.add", {"pos": pos}),
        ("feature.add", {"pos": pos}),
        ("message.edit", {"pos": pos, "text": "again"}),
    ):
        refused = await phone.cannot(op, group=group, **data)
        assert refused == "gone" or (refused == "forbidden" and not owner), (op, refused)


async def looked_for_in_the_terminal(town: Town, phone: Phone) -> None:
    """What somebody is shown who opens the group there."""
    sitting = Person(town.server, phone.sub, "Kai", "zh")
    async with asyncio.timeout(60):
        await sitting.scene.sees("已登录")
        sitting.scene.type("/groups")
        sitting.scene.type("/open 1", "/pins", "/nothing")
        await sitting.scene.sees("/nothing")
        await sitting.leave()
    assert not [line for line in sitting.scene.shown if "秘密" in line]
    assert sum("撤回" in line for line in sitting.scene.shown) >= 2
