"""The page at `/`: that a server runs here, how it is doing at this moment, and how to come in. It knows nobody.

GET /       the page, in the visitor's language; it works without a script, only then its figures stand still
GET /live   its figures as JSON: `version`, `started` and `now` (ms since 1970 UTC), `ready` (true, or why not), counts

What it shows is in `/metrics` as well: figures about the whole, none about a person, a group or a message.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from chatd import __version__
from chatd.core.limits import address_key
from chatd.core.refusal import Refused
from chatd.http.front_words import FRONT_WORDS, FrontWords
from chatd.http.html import QUIET, base_of, hash_of, template_of, text_of
from chatd.http.languages import choose_language
from chatd_protocol.errors import ERRORS

SHOWN: Final = ("people", "bots", "sessions", "groups", "commits", "deliveries")
"""Of the hub's figures, in this order."""


class Line(msgspec.Struct, frozen=True):
    """A line to paste into a shell or to send to somebody, and what it does; `note` is empty or in both languages.
    `zh`: the line in Chinese, where that is another."""

    text: str
    note: Mapping[str, str] = {}
    zh: str = ""

    def told(self, lang: str) -> tuple[str, str]:
        """The line and its note in a language."""
        return (self.zh if lang == "zh" and self.zh else self.text), self.note.get(lang, "")


class Door(msgspec.Struct, frozen=True):
    """One way in, with its title by language and what to paste. `{http}` and `{ws}` in a line are this server's,
    `{name}` is what somebody is called in the visitor's language."""

    title: Mapping[str, str]
    lines: Sequence[Line]


class Front(msgspec.Struct, frozen=True):
    """What the page says beyond its figures. `doors`: the ways in, instead of those that hold everywhere."""

    title: str = ""
    intro: str = ""
    intro_zh: str = ""
    doors: Sequence[Door] = ()


DOORS: Final = (
    Door(
        {"en": "From a terminal", "zh": "用终端"},
        (
            Line(
                "chatd token ann --name {name} > ann.token",
                {
                    "en": "On the server's machine: a token for trying things out. Apps sign their own.",
                    "zh": "在服务器上生成一个试用令牌；正式使用时由你的 App 签发。",
                },
            ),
            Line("chatd chat --url {ws} --token-file ann.token"),
        ),
    ),
    Door(
        {"en": "From Python", "zh": "用 Python"},
        (
            Line(
                """\
import asyncio
from chatd_client import Client

async def main():
    token = open("ann.token").read().strip()
    async with Client("{ws}", token=token, device="mine") as client:
        async for event in client.events():
            print(event)

asyncio.run(main())""",
                {"en": "Shows everything that happens.", "zh": "打印发生的一切。"},
            ),
        ),
    ),
    Door(
        {"en": "With curl", "zh": "用 curl"},
        (
            Line("curl {http}/readyz", {"en": "Whether it can serve.", "zh": "能否提供服务。"}),
            Line("curl {http}/live", {"en": "The figures of this page.", "zh": "本页的数字。"}),
            Line("curl {http}/metrics", {"en": "All figures, for Prometheus.", "zh": "全部指标，供 Prometheus 采集。"}),
        ),
    ),
)


class FrontPage:
    """Renders the page; made once."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._style, self._script = text_of("front.css"), text_of("front.js")
        self._template = template_of("front.html")
        self.policy = (
            f"default-src 'none'; style-src {hash_of(self._style)}; script-src {hash_of(self._script)};"
            " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def show(self, words: FrontWords, live: Mapping[str, Any], base: str) -> str:
        """The page for a visitor who came to the address `base`, such as `http://127.0.0.1:8080`."""
        filled = {"http": base, "ws": f"ws{base.removeprefix('http')}/ws", "name": words.name}
        lang = words.lang[:2]
        doors = [
            {
                "title": door.title[lang],
                "lines": [(_fill(text, filled), note) for text, note in (line.told(lang) for line in door.lines)],
            }
            for door in self._front.doors or DOORS
        ]
        intro = self._front.intro_zh or self._front.intro if lang == "zh" else self._front.intro or self._front.intro_zh
        return self._template.render(
            words=words,
            title=self._front.title or "chatd",
            intro=intro or words.intro,
            live=live,
            figures=[(name, live[name], getattr(words, name)) for name in SHOWN],
            running=words.state(live["ready"]),
            doors=doors,
            style=self._style,
            script=self._script,
        )


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def front_routes(
    front: Front,
    figures: Callable[[], Mapping[str, int]],
    ready: Callable[[], bool | str],
    check_rate: Callable[[str, Hashable], None],
    now_ms: Callable[[], int],
    public_url: str = "",
) -> list[HTTPRouteHandler]:
    """`/` and `/live`. `check_rate(budget, address)` raises `Refused`."""
    page, started = FrontPage(front), now_ms()

    def live() -> dict[str, Any]:
        now, state = figures(), ready()
        told = {"version": __version__, "started": started, "now": now_ms(), "ready": state}
        return told | {name: now[name] for name in SHOWN}

    def check(request: Request[Any, Any, Any]) -> Response[bytes] | None:
        try:
            check_rate("http", address_key(request.client.host if request.client is not None else ""))
        except Refused as refusal:
            retry = {"Retry-After": str(int(refusal.details.get("retry_after", 1)) + 1)}
            return _answer(b"", "text/plain", ERRORS[refusal.code].http_status, retry)
        return None

    @get("/")
    async def show(request: Request[Any, Any, Any]) -> Response[bytes]:
        if refused := check(request):
            return refused
        words = choose_language(request.headers.get("accept-language", ""), FRONT_WORDS)
        text = page.show(words, live(), public_url or base_of(request) or "http://127.0.0.1:8080")
        more = {"Content-Language": words.lang, "Content-Security-Policy": page.policy, "Vary": "Accept-Language"}
        return _answer(text.encode(), "text/html", 200, more)

    @get("/live")
    async def tell(request: Request[Any, Any, Any]) -> Response[bytes]:
        return check(request) or _answer(msgspec.json.encode(live()) + b"\n", "application/json", 200, {})

    return [show, tell]


def _answer(body: bytes, kind: str, status: int, more: dict[str, str]) -> Response[bytes]:
    return Response(body, status_code=status, media_type=kind, headers=QUIET | {"Cache-Control": "no-store"} | more)
