"""Invites in pasted text: a code between currency signs, or a link, wherever other apps have put it.

What apps do to a text on its way: full-width letters and signs, invisible characters, quotation marks around it, a
name and a time in front of it, emoji and words behind it, lower case. All of that is undone before anything is looked
for. The first that is valid wins; a code with a wrong character is none.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from chatd_protocol.codes import ALPHABET, is_code, show_code
from chatd_protocol.values import View

PASTED_MAX: Final = 20_000
"""So many code points of a text are looked at."""
TOKEN_LENGTH: Final = 22

_DASHES: Final = "-‐‑‒–—―−⁃﹘"
_QUOTES: Final = (
    "\"'`´\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u00ab\u00bb「」『』〝〞〟﹁﹂﹃﹄《》〈〉"
)
_SIGNS: Final = "$\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20c0\ufdfc"
_FOUR: Final = f"[{ALPHABET}]{{4}}"
_GAP: Final = rf"[{_DASHES}\s]{{0,2}}"
_GROUPED: Final = _GAP.join([_FOUR, _FOUR, _FOUR, f"[{ALPHABET}]{{2}}"])
# Looking ahead, so that the sign that ends one candidate may begin the next.
_FENCED: Final = re.compile(rf"[{_SIGNS}](?=\s?({_GROUPED})\s?[{_SIGNS}])")
_LINK: Final = re.compile(
    r"(https?://[a-z0-9.\-\[\]:]+(?:/[a-z0-9._~%\-]+)*)/i/([a-z0-9_-]{22})(?![a-z0-9_-])", re.IGNORECASE
)
_NOT_CODE: Final = re.compile(f"[^{ALPHABET}]")
_UPPER: Final = {ord(sign.lower()): sign for sign in ALPHABET if sign.isalpha()}


class Pasted(View):
    """What was found: `secret` is what `invite.preview` and `invite.redeem` take, `link` the address it stood in."""

    kind: Literal["code", "link"]
    secret: str
    link: str = ""


def find_invite(text: str) -> Pasted | None:
    """The first invite in a text, None if there is none."""
    folded = _fold(text)
    codes = ((m.start(), m) for m in _FENCED.finditer(folded.translate(_UPPER)) if is_code(_NOT_CODE.sub("", m[1])))
    link = _LINK.search(folded)
    code = next(codes, None)
    if code is not None and (link is None or code[0] < link.start()):
        return Pasted("code", _NOT_CODE.sub("", code[1][1]))
    return Pasted("link", link[2], link[0]) if link is not None else None


def _fold(text: str) -> str:
    """Compatible forms made one (NFKC, Unicode Annex 15); what is invisible and what quotes are gone."""
    normal = unicodedata.normalize("NFKC", text[:PASTED_MAX])
    return "".join(sign for sign in normal if sign not in _QUOTES and not _is_invisible(sign))


def _is_invisible(sign: str) -> bool:
    """Format characters, variation selectors and fillers: there, and not to be seen."""
    return unicodedata.category(sign) == "Cf" or "\ufe00" <= sign <= "\ufe0f" or sign in "\u034f\u115f\u1160\u3164"


def share_text(title: str, code: str, lang: str = "zh") -> str:
    """What is pasted into another app so that whoever copies it comes in. A title cannot pretend to be a code."""
    name = "".join("·" if re.match(f"[{_SIGNS}]", unicodedata.normalize("NFKC", s)) else s for s in title)
    if lang == "zh":
        return f"【{name}】复制这段话打开 chatd 入群 ¥{show_code(code)}¥"
    return f"[{name}] Copy this and open chatd to join ¥{show_code(code)}¥"
