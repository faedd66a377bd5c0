"""What the type of a setting cannot say: whether a text is an address, a network, a field as it has to be written."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from chatd.config.sections import FIELD
from chatd.settings import Check


def _check_networks(names: tuple[str, ...]) -> None:
    for name in names:
        try:
            ipaddress.ip_network(name)
        except ValueError as error:
            raise ValueError(f"expected addresses or networks like 10.0.0.0/8: {error}") from error


def _check_origins(names: tuple[str, ...]) -> None:
    for name in names:
        if name != "*" and not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", name):
            raise ValueError(f"expected '*' or origins like https://example.com, in lower case, no path: {name!r}")


def _check_web(url: str) -> None:
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[^\s#@]*)?", url):
        raise ValueError("expected https://host/path without a name, a password or a fragment")


def _check_fields(fields: tuple[str, ...]) -> None:
    for field in fields:
        if not FIELD.fullmatch(field):
            raise ValueError("expected fields like 'company=Company/公司': a name in small letters, then both titles")
    if len({field.partition("=")[0] for field in fields}) < len(fields) or len(fields) > 50:
        raise ValueError("expected at most 50 fields, each name once")


def _check_public_url(url: str) -> None:
    if url and not re.fullmatch(r"https?://[a-zA-Z0-9.\-\[\]:]+", url):
        raise ValueError(f"expected an address like https://chat.example.com, without a path: {url!r}")


def _check_app_url(url: str) -> None:
    if url and not re.fullmatch(r"[a-z][a-z0-9+.\-]*:[!-~]*\{token\}[!-~]*", url):
        raise ValueError(f"expected an address with {{token}} in it, like myapp://join?invite={{token}}: {url!r}")


def _check_url(url: str) -> None:
    kind, separator, rest = url.partition(":///")
    embedded = kind == "sqlite" and separator and rest and ":memory:" not in rest and not set(rest) & set("?#")
    if not embedded and not url.startswith("postgresql://"):
        raise ValueError("expected sqlite:///relative/path, sqlite:////absolute/path or postgresql://...")


CHECKS: Final[dict[tuple[str, str], Check]] = {
    ("server", "allowed_origins"): _check_origins,
    ("server", "trusted_proxies"): _check_networks,
    ("store", "url"): _check_url,
    ("auth", "jwks_url"): _check_web,
    ("accounts", "hook_url"): _check_web,
    ("profile", "fields"): _check_fields,
    ("invites", "public_url"): _check_public_url,
    ("invites", "app_url"): _check_app_url,
}
