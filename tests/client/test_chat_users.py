"""Finding people, handles and devices: through the client, and as the terminal chat shows them."""

from __future__ import annotations

import pytest

from chatd.testing import running_server
from chatd_client import ChatdError, Client
from tests.client.peer import in_loop
from tests.client.scene import Person


@in_loop
async def test_people_are_found_and_devices_signed_out_by_typing(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, eve = Person(server, "ann", "Ann"), Person(server, "eve", "伊芙", "zh")
        await ann.scene.sees("connected as Ann")
        await eve.scene.sees("已登录")
        ann.scene.type("/handle @Ann.B", "/name Ann 石榴", "/devices")
        await ann.scene.sees("you are @Ann.B now")
        await ann.scene.sees("you are called Ann 石榴 now")
        await ann.scene.sees("scene", "this one")
        eve.scene.type("/find 石榴", "/find @ANN.B", "/find nobody at all", "/handle ann.b")
        await eve.scene.sees("Ann 石榴", "@Ann.B")
        await eve.scene.sees("Ann 石榴", "@Ann.B")
        await eve.scene.sees("没有找到")
        await eve.scene.sees("已被占用（taken）")
        ann.scene.type("/hide on", "/revoke tablet")
        await ann.scene.sees("nobody finds you now")
        await ann.scene.sees("tablet is signed out")
        eve.scene.type("/find 石榴")
        await eve.scene.sees("没有找到")
        ann.scene.type("/revoke scene")
        assert await ann.talking == 1
        await eve.leave()


@in_loop
async def test_every_method_of_the_client_about_oneself(sqlite_url: str) -> None:
    fields = ("company=Company/公司",)
    async with (
        running_server(sqlite_url, profile={"fields": fields}) as server,
        Client(server.ws_url, token=server.token("ann", "Ann"), device="phone") as ann,
    ):
        assert ann.hello is not None
        assert [field.name for field in ann.hello.profile_fields] == ["company"]
        done = await ann.update_profile(name="Ann B.", avatar="a.png", bio="hi", fields={"company": "P"})
        assert (done.name, done.avatar, done.bio, done.fields) == ("Ann B.", "a.png", "hi", {"company": "P"})
        assert (await ann.set_handle("ann_b")).handle == "ann_b"
        found = (await ann.find_users("@ANN_B")).users
        assert [(user.name, user.handle, user.fields) for user in found] == [("Ann B.", "ann_b", {"company": "P"})]
        assert (await ann.set_privacy(findable=False)).findable is False
        assert (await ann.get_privacy()).last_seen == "mutual"
        assert [line.device for line in (await ann.list_devices()).devices] == ["phone"]
        assert (await ann.revoke_device("tablet")).before > 0
        with pytest.raises(ChatdError) as refusal:
            await ann.set_handle("x")
        assert refusal.value.code == "invalid"
