"""The page of an invite, over a real port: what a visitor sees, what nobody is told, and what is written nowhere."""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from chatd.http.languages import EN, ZH, words_for
from tests.e2e.phone import Phone
from tests.e2e.town import Town, living_town, on_loop


def kept_in(folder: Path) -> bytes:
    """Everything in the files of a folder."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


UNKNOWN = "/i/" + "A" * 22


@asynccontextmanager
async def visiting(folder: Path, **sections: Any) -> AsyncIterator[tuple[Town, Phone, httpx.AsyncClient]]:
    """A town, somebody in it, and a browser."""
    async with living_town(f"sqlite:///{folder / 'chatd.db'}", folder, **sections) as town:
        ann = await town.person("ann")
        async with httpx.AsyncClient(base_url=town.server.http_url) as browser:
            yield town, ann, browser


async def link(ann: Phone, title: str = "石榴哥粉丝群", **fields: Any) -> dict[str, Any]:
    group = (await ann.do("group.create", kind="private", title=title, intro="每天一条视频"))["group"]
    return await ann.do("invite.create", group=group, kind="link", **fields)


@on_loop
async def test_the_page_speaks_the_visitors_language_and_shows_a_card(tmp_path: Path) -> None:
    app = {"app_url": "myapp://join?invite={token}"}
    async with visiting(tmp_path, invites=app) as (_, ann, browser):
        made = await link(ann)
        for accept, lang, says in (("zh-CN,zh;q=0.9", "zh-CN", "邀请你加入"), ("de, en;q=0.5", "en", "invites you")):
            page = await browser.get(made["link"], headers={"Accept-Language": accept})
            assert page.status_code == 200
            assert page.headers["content-language"] == lang
            assert f'<html lang="{lang}">' in page.text
            assert says in page.text
            whole = f"{browser.base_url}".rstrip("/") + made["link"]
            for card in (
                '<meta property="og:title" content="石榴哥粉丝群">',
                f'<meta property="og:url" content="{whole}">',
                f'<meta property="og:image" content="{whole}.png">',
                '<meta property="og:type" content="website">',
            ):
                assert card in page.text
            assert f'readonly value="{whole}"' in page.text
            assert f'href="myapp://join?invite={made["token"]}"' in page.text


@on_loop
async def test_what_people_wrote_is_text_and_never_a_tag(tmp_path: Path) -> None:
    async with visiting(tmp_path) as (_, ann, browser):
        made = await link(ann, title='"><script>alert(1)</script>')
        page = (await browser.get(made["link"])).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert page.count("<script") == 1
        assert "{{" not in page


@pytest.mark.promise("P7", "invite.page")
@on_loop
async def test_whatever_is_wrong_with_an_invite_the_page_is_the_same(tmp_path: Path) -> None:
    async with visiting(tmp_path) as (town, ann, browser):
        bob = await town.person("bob")
        revoked, used = await link(ann), await link(ann, max_uses=1)
        await ann.do("invite.revoke", invite=revoked["invite"])
        await bob.do("invite.redeem", secret=used["token"])
        code = (await ann.do("invite.create", group=used["group"], kind="code"))["code"]
        paths = (UNKNOWN, revoked["link"], used["link"], "/i/short", f"/i/{code}", f"{revoked['link']}.gif")
        pages = [await browser.get(path) for path in paths]
        assert {page.status_code for page in pages} == {404}
        assert {page.text for page in pages} == {pages[0].text}
        assert len({str(sorted((k, v) for k, v in page.headers.items() if k != "date")) for page in pages}) == 1
        assert "石榴哥" not in pages[1].text


@on_loop
async def test_the_headers_keep_the_address_to_oneself(tmp_path: Path) -> None:
    async with visiting(tmp_path) as (_, ann, browser):
        made = await link(ann)
        for path in (made["link"], UNKNOWN):
            headers = (await browser.get(path)).headers
            assert headers["cache-control"] == "no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-robots-tag"] == "noindex"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["vary"] == "Accept-Language"
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy


@on_loop
async def test_style_and_script_are_exactly_those_that_the_policy_names(tmp_path: Path) -> None:
    import base64
    import hashlib

    async with visiting(tmp_path) as (_, ann, browser):
        page = await browser.get((await link(ann))["link"])
        policy = page.headers["content-security-policy"]
        for tag in ("style", "script"):
            (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert not re.search(r'<[^>]+ (on[a-z]+|style)="', page.text), "nothing that the policy would stop"


@on_loop
async def test_the_qr_code_is_of_the_link_and_says_nothing_about_it(tmp_path: Path) -> None:
    async with visiting(tmp_path) as (_, ann, browser):
        made = await link(ann)
        for path in (made["link"], UNKNOWN):
            vector, pixels = await browser.get(path + ".svg"), await browser.get(path + ".png")
            assert vector.headers["content-type"] == "image/svg+xml"
            assert vector.text.startswith("<?xml")
            assert pixels.headers["content-type"] == "image/png"
            assert pixels.headers["cache-control"] == "private, max-age=86400"
            assert _sides(pixels.content)[0] >= 200
        with_bar = await browser.get(made["link"] + ".png", headers={"Host": "chat.example"})
        assert with_bar.content != (await browser.get(made["link"] + ".png")).content, "it is of the whole address"


def _sides(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert zlib.crc32(png[12:29]) == struct.unpack(">I", png[29:33])[0]
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@on_loop
async def test_an_address_that_only_this_machine_can_open_has_no_qr_code(tmp_path: Path) -> None:
    hosts = {
        "127.0.0.1:1": True,
        "localhost:8080": True,
        "[::1]:8080": True,
        "192.168.1.7:8080": False,
        "a.example": False,
    }
    async with visiting(tmp_path) as (_, ann, browser):
        made = await link(ann)
        for lang, words in (("zh", ZH), ("en", EN)):
            for host, is_here in hosts.items():
                page = (await browser.get(made["link"], headers={"Host": host, "Accept-Language": lang})).text
                assert ("<img" in page, words.scan in page, words.here_only in page) == (
                    not is_here,
                    not is_here,
                    is_here,
                )


@on_loop
async def test_the_configured_address_is_the_one_that_is_shown(tmp_path: Path) -> None:
    async with visiting(tmp_path, invites={"public_url": "https://chat.example.com"}) as (_, ann, browser):
        made = await link(ann)
        assert made["link"] == f"https://chat.example.com/i/{made['token']}"
        page = await browser.get(f"/i/{made['token']}", headers={"Host": "evil.example"})
        assert f'value="{made["link"]}"' in page.text
        assert "evil.example" not in page.text
        odd = await browser.get(UNKNOWN, headers={"Host": "a b"})
        assert odd.status_code in (400, 404)


@pytest.mark.promise("P8", "resolve")
@on_loop
async def test_looking_invites_up_has_a_bound_for_each_address_and_each_person(tmp_path: Path) -> None:
    rates = {"on": True, "resolve": "1/h, burst 3"}
    async with visiting(tmp_path, rates=rates) as (town, ann, browser):
        made = await link(ann)
        pages = [await browser.get(path) for path in (made["link"], UNKNOWN, UNKNOWN, UNKNOWN, made["link"])]
        assert [page.status_code for page in pages] == [200, 404, 404, 429, 429]
        assert int(pages[-1].headers["retry-after"]) > 60
        assert pages[3].text == pages[4].text
        bob = await town.person("bob")
        refusal = await bob.denied("invite.preview", secret=made["token"])
        assert (refusal.code, refusal.details) == ("rate_limited", {"bound": "resolve"})
        assert await bob.cannot("invite.redeem", secret=made["token"]) == "rate_limited"


@pytest.mark.promise("P7", "invite.secret")
@on_loop
async def test_no_secret_gets_into_a_log_or_into_the_files(tmp_path: Path) -> None:
    lines: list[str] = []

    class Ears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.partition(".")[0] not in {"httpx", "httpcore"} and record.name != "websockets.client":
                lines.append(record.getMessage() + repr(record.args))

    ears, root = Ears(0), logging.getLogger()
    level = root.level
    root.addHandler(ears)
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as structured:
            async with visiting(tmp_path) as (town, ann, browser):
                made = await link(ann)
                code = (await ann.do("invite.create", group=made["group"], kind="code"))["code"]
                bob, cat = await town.people("bob", "cat")
                for path in (made["link"], made["link"] + ".svg", made["link"] + "/x", made["link"] + "?a=b"):
                    await browser.get(path)
                await bob.do("invite.redeem", secret=made["token"])
                await cat.do("invite.redeem", secret=code)
    finally:
        root.removeHandler(ears)
        root.setLevel(level)
    kept = kept_in(tmp_path)
    for secret in (made["token"], code):
        assert secret.encode() not in kept
        assert not [line for line in lines if secret in line]
        assert secret not in str(structured)


@on_loop
async def test_inside_an_app_that_opens_no_other_app_the_page_says_what_to_do(tmp_path: Path) -> None:
    app = {"app_url": "myapp://join?invite={token}"}
    inside = ("Mozilla/5.0 (iPhone) MicroMessenger/8.0.49", "Mozilla/5.0 (Linux; Android 14) V1_AND_SQ QQ/9.0.8")
    outside = ("Mozilla/5.0 (iPhone) Safari/604.1", "Mozilla/5.0 (Linux; Android 14) MQQBrowser/14.8", "")
    async with visiting(tmp_path, invites=app) as (_, ann, browser):
        made = await link(ann)
        for agent in (*inside, *outside):
            page = await browser.get(made["link"], headers={"User-Agent": agent, "Accept-Language": "zh"})
            assert (ZH.inside in page.text) is (agent in inside), agent


@on_loop
async def test_a_group_without_a_picture_has_the_first_letter_of_its_title(tmp_path: Path) -> None:
    letters = {"【石榴】群": "石", " «tea»": "T", "🍎 苹果": "苹", "7点": "7", "🍎": "🍎"}
    async with visiting(tmp_path) as (_, ann, browser):
        for title, letter in letters.items():
            page = await browser.get((await link(ann, title=title))["link"])
            assert f'aria-hidden="true">{letter}</div>' in page.text, title


@pytest.mark.parametrize(
    ("accept", "words"),
    [
        ("", EN),
        ("zh", ZH),
        ("zh-TW,en;q=0.9", ZH),
        ("en-US,zh;q=0.9", EN),
        ("en;q=0.2, zh;q=0.8", ZH),
        ("fr", EN),
        ("fr, zh;q=0.1", ZH),
        ("zh;q=0, en;q=0.1", EN),
        ("zh;q=x", EN),
        ("*" * 5000, EN),
    ],
)
def test_the_language_is_what_the_visitor_likes_best(accept: str, words: object) -> None:
    assert words_for(accept) is words


def test_both_languages_have_the_same_places() -> None:
    for one, other in zip(EN, ZH, strict=True):
        assert one
        assert re.findall(r"\{\w+\}", one) == re.findall(r"\{\w+\}", other)
