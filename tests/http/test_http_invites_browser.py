"""The page of an invite as a browser shows it: it fits, its policy stops nothing of its own, and it works without a
script too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.town import living_town, on_loop
from tests.http.browser import browsing, find_chromium
from tests.http.test_http_invites import UNKNOWN, link

CHROMIUM = find_chromium()
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (on Debian: apt-get install chromium)"
)
SIZES = {"a small phone": (320, 568), "a phone": (390, 844), "a desk": (1280, 800)}
TITLES = {
    "short": "茶",
    "long": "【石榴哥粉丝群·第三十七分群】每天早上八点直播带货不见不散新人进群先看公告再领优惠券谢谢大家",
    "in one piece": "W" * 60,
}
SHOWN = """(() => {
  const page = document.documentElement, image = document.images[0];
  const box = selector => document.querySelector(selector)?.getBoundingClientRect();
  return {
    wide: page.scrollWidth, high: page.scrollHeight, button: box("a.button")?.bottom ?? 0,
    image: image ? image.complete && image.naturalWidth > 0 : null,
    copy: document.getElementById("copy") ? !document.getElementById("copy").hidden : null,
    letter: document.querySelector(".face").textContent,
    field: document.getElementById("link")?.value,
  };
})()"""
PRESSED = """new Promise(resolve => {
  const button = document.getElementById("copy");
  new MutationObserver(() => resolve(button.textContent)).observe(button, {childList: true});
  button.click();
})"""
APP = {"app_url": "myapp://join?invite={token}"}


@on_loop
async def test_a_browser_shows_the_page_as_it_is_meant(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    public = {"public_url": "https://chat.example.com"}  # Otherwise there is no QR code for other devices.
    async with living_town(f"sqlite:///{tmp_path / 'chatd.db'}", tmp_path, invites=APP | public) as town:
        ann = await town.person("ann")
        links = {name: f"/i/{(await link(ann, title))['token']}" for name, title in TITLES.items()}
        async with browsing(CHROMIUM) as tab:
            for title, path in links.items():
                for size, (width, height) in SIZES.items():
                    await tab.open(town.server.http_url + path, width, height, language="zh-CN")
                    shown = await tab.ask(SHOWN)
                    assert tab.complaints == [], (title, size)
                    assert shown["wide"] <= width, (title, size, "it goes beyond the side")
                    assert 0 < shown["button"] <= height, (title, size, "what to do comes too far down")
                    assert (shown["image"], shown["copy"]) == (True, True), (title, size)
                    assert shown["letter"] == {"short": "茶", "long": "石", "in one piece": "W"}[title]
                    assert size != "a desk" or shown["high"] <= height, (title, "a desk has room for all of it")
            await tab.open(town.server.http_url + UNKNOWN, 390, 844)
            shown = await tab.ask(SHOWN)
            assert (shown["letter"], shown["copy"], shown["wide"] <= 390) == ("?", None, True)


@on_loop
async def test_the_link_is_copied_by_a_button_or_by_hand(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    async with living_town(f"sqlite:///{tmp_path / 'chatd.db'}", tmp_path) as town:
        made = await link(await town.person("ann"))
        url = town.server.http_url + made["link"]
        async with browsing(CHROMIUM) as tab:
            await tab.open(url, 390, 844, language="zh-CN")
            await tab.do("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
            assert await tab.ask(PRESSED) == "已复制"
            assert await tab.ask("document.getElementById('told').textContent") == "已复制"
            assert await tab.ask("navigator.clipboard.readText()") == url
            # Where pages may not write there (no TLS, or inside another app), it is copied as by hand.
            await tab.open(url, 390, 844, language="zh-CN")
            await tab.ask("Object.defineProperty(navigator, 'clipboard', {value: undefined}) && 0")
            await tab.ask("document.addEventListener('copy', () => { window.copied = document.activeElement.value })")
            assert await tab.ask(PRESSED) == "已复制"
            assert await tab.ask("window.copied") == url
            await tab.open(url, 390, 844, script=False)
            shown = await tab.ask(SHOWN)
            assert (shown["copy"], shown["field"], shown["image"]) == (False, url, None)
