"""The page that an invite link leads to, and its QR code. It needs no script, and says to nobody why an invite is none.

GET /i/TOKEN        the page, in the visitor's language; 404 for every token that leads nowhere
GET /i/TOKEN.svg    the link as a QR code (ISO/IEC 18004); made of the link alone, for any token
GET /i/TOKEN.png

The token stands in the address because it is the link. It goes nowhere else: no log, no referrer, no other site.
"""

from __future__ import annotations

import io
import re
from typing import Any, Final

import segno
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from chatd.core.limits import address_key
from chatd.core.refusal import Refused
from chatd.http.html import QUIET, base_of, hash_of, is_of_this_machine, template_of, text_of
from chatd.http.languages import PageWords, words_for
from chatd.hub.hub import Hub
from chatd.hub.invites import pay, resolve
from chatd.service.invites import preview_invite
from chatd_protocol.errors import ERRORS
from chatd_protocol.invites import PreviewInvite

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_KEEPS_LINKS: Final = re.compile(r"MicroMessenger/|\bQQ/")
"""Apps that show pages themselves and open no other app from them."""
_HUES: Final = 6
_PICTURES: Final = {"svg": "image/svg+xml", "png": "image/png"}


class InvitePage:
    """`app_url` has `{token}` in it, or is empty."""

    def __init__(self, app_url: str) -> None:
        self._app_url = app_url
        self._style, self._script = (text_of(name) for name in ("invite.css", "invite.js"))
        self._template = template_of("invite.html")
        self.policy = (
            f"default-src 'none'; img-src 'self'; style-src {hash_of(self._style)}; script-src"
            f" {hash_of(self._script)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def show(self, words: PageWords, token: str, link: str, preview: dict[str, Any], agent: str) -> str:
        """The page of an invite that is good, for a visitor with this `User-Agent`."""
        name, title = preview.get("name", ""), preview["title"]
        invited = words.invited.format(name=name) if name else words.invited_by_nobody
        note = {"approval": words.by_approval, "question": words.by_question}.get(preview["entry"], "")
        count = preview["members"]
        members = words.one_member if count == 1 else words.members.format(count=count)
        return self._template.render(
            words=words,
            title=title,
            description=f"{invited} · {members}",
            preview={"intro": ""} | preview,
            invited=invited,
            members=members,
            note=note,
            initial=_initial_of(title),
            hue=sum(map(ord, title)) % _HUES,
            link=link,
            token=token,
            here_only=is_of_this_machine(link),
            app=self._app_url.replace("{token}", token),
            inside=_KEEPS_LINKS.search(agent) is not None,
            style=self._style,
            script=self._script,
        )

    def show_none(self, words: PageWords, title: str, description: str) -> str:
        """The page of an invite that is not, whatever the reason."""
        return self._template.render(
            words=words, title=title, description=description, preview=None, style=self._style, script=""
        )


def _initial_of(title: str) -> str:
    """What stands for a group without a picture: the first letter or digit, past brackets and the like."""
    return next((one for one in title if one.isalnum()), title.strip()[:1] or "#").upper()


def draw(link: str, kind: str) -> bytes:
    """A link as a picture, `svg` or `png`, with the quiet zone of four modules that readers need."""
    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(picture, kind=kind, scale=8, border=4, light="white")
    return picture.getvalue()


def invite_routes(hub: Hub, app_url: str) -> list[HTTPRouteHandler]:
    """`/i/…` of this hub."""
    page = InvitePage(app_url)

    @get("/i/{name:str}")
    async def invite(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        address = request.client.host if request.client is not None else ""
        words = words_for(request.headers.get("accept-language", ""))
        token, _, suffix = name.partition(".")
        base = hub.settings.public_url or base_of(request)
        try:
            hub.rates.check("http", address_key(address))
            if not _TOKEN.fullmatch(token) or (suffix and suffix not in _PICTURES) or not base:
                return _refused(page, words, Refused("invite_invalid"))
            if suffix:
                return _picture(draw(f"{base}/i/{token}", suffix), _PICTURES[suffix])
            pay(hub, "", address)
            preview = await resolve(hub, preview_invite(PreviewInvite(token), "", hub.secrets))
        except Refused as refusal:
            return _refused(page, words, refusal)
        agent = request.headers.get("user-agent", "")
        shown = page.show(words, token, f"{base}/i/{token}", preview, agent)
        return _html(page, words, shown, 200, {})

    return [invite]


def _picture(picture: bytes, media_type: str) -> Response[bytes]:
    headers = QUIET | {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": "default-src 'none'"}
    return Response(picture, media_type=media_type, headers=headers)


def _refused(page: InvitePage, words: PageWords, refusal: Refused) -> Response[bytes]:
    if refusal.code == "invite_invalid":
        return _html(page, words, page.show_none(words, words.invalid_title, words.invalid), 404, {})
    retry = {"Retry-After": str(int(refusal.details.get("retry_after", 1)) + 1)}
    shown = page.show_none(words, words.busy_title, words.busy)
    return _html(page, words, shown, ERRORS[refusal.code].http_status, retry)


def _html(page: InvitePage, words: PageWords, text: str, status: int, more: dict[str, str]) -> Response[bytes]:
    headers = {
        "Cache-Control": "no-store",  # an invite may end at any moment, and the address is a secret
        "Content-Language": words.lang,
        "Content-Security-Policy": page.policy,
        "Vary": "Accept-Language",
    }
    return Response(text.encode(), status_code=status, media_type="text/html", headers=QUIET | headers | more)
