"""What the pages for browsers have in common: where their texts lie, what they may load, what they tell nobody."""

from __future__ import annotations

import base64
import hashlib
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from litestar import Request

_PAGES: Final = Path(__file__).parent / "pages"
_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")
QUIET: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of everything that a browser gets from here."""


def template_of(name: str) -> Template:
    """A page; whatever it is filled with is escaped, and what is missing is a mistake."""
    loader = FileSystemLoader(_PAGES)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(name)


def text_of(name: str) -> str:
    """A style or a script, as it is put into a page."""
    return (_PAGES / name).read_text(encoding="utf-8").strip()


def hash_of(text: str) -> str:
    """How a policy names a style or script (Content Security Policy Level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def is_of_this_machine(base: str) -> bool:
    """Whether an address such as `http://127.0.0.1:8080` leads every device to itself."""
    try:
        host = urlsplit(base).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def base_of(request: Request[Any, Any, Any]) -> str:
    """The address that the visitor came to, without a path; empty for one that is none."""
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host}" if _HOST.fullmatch(host) else ""
