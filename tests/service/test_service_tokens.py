"""Tokens as a pure function: whatever is in one, it is accepted or refused in words that say nothing of it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import jwt
import pytest

from chatd.core.refusal import Refused
from chatd.service.persons import NAME_MAX
from chatd.service.tokens import Claims, FixedKeys, Issuer, Key, Tokens, mint
from chatd_protocol.values import SAFE_INTEGER_MAX

SECRET = "a secret for tests only, 32 bytes and more"
NOW_S = int(time.time())
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, NOW_S, NOW_S + 3600, 10**12, 10**18, 10**30, 10**400),
    *(float("inf"), float("-inf"), float("nan"), "", "x", "5", "1e999", "a\nb", "\x00", "\u202e", [], {}, [1]),
)


def tokens(issuer: str = "", audience: str = "") -> Tokens:
    return Tokens(Issuer(FixedKeys([Key("HS256", SECRET)]), issuer, audience), 30)


def verify(token: str, issuer: str = "", audience: str = "") -> Claims:
    return asyncio.run(tokens(issuer, audience).verify(token))


def signed(claims: dict[str, Any]) -> str:
    return jwt.api_jws.encode(json.dumps(claims).encode(), SECRET, algorithm="HS256")


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf", "sub", "name", "iss", "aud", "jti"])
@pytest.mark.promise("P8", "fields")
def test_odd_claims_are_taken_within_bounds_or_refused(claim: str) -> None:
    codes = [_take({"sub": "ann", "exp": NOW_S + 3600, claim: value}) for value in ODD]
    assert set(codes) <= {"", "unauthenticated"}
    assert "unauthenticated" in codes or claim in ("iss", "aud", "jti", "iat")


def _take(claims: dict[str, Any]) -> str:
    """The code of the refusal, or "" if the claims were accepted; then they are within bounds."""
    try:
        taken = verify(signed(claims))
    except Refused as refusal:
        return refusal.code
    assert 1 <= len(taken.sub) <= 200
    assert len(taken.name) <= NAME_MAX
    assert taken.expires_at is not None
    assert NOW_S * 1000 <= taken.expires_at <= SAFE_INTEGER_MAX
    assert abs(taken.issued_at) <= SAFE_INTEGER_MAX
    return ""


def test_what_is_minted_is_accepted() -> None:
    claims = verify(mint(SECRET, "ann", "Ann 安", NOW_S, 3600))
    assert (claims.sub, claims.name, claims.issued_at, claims.expires_at) == (
        "ann",
        "Ann 安",
        NOW_S * 1000,
        (NOW_S + 3600) * 1000,
    )


def test_a_long_name_is_cut() -> None:
    assert verify(mint(SECRET, "ann", "长" * 500, NOW_S, 3600)).name == "长" * NAME_MAX


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({"iss": "host", "aud": "chat"}, True),
        ({"iss": "host", "aud": ["other", "chat"]}, True),
        ({"iss": "other", "aud": "chat"}, False),
        ({"iss": "host", "aud": "other"}, False),
        ({"iss": "host"}, False),
        ({"aud": "chat"}, False),
    ],
)
def test_issuer_and_audience_are_checked_if_they_are_configured(claims: dict[str, Any], accepted: bool) -> None:
    token = mint(SECRET, "ann", "", NOW_S, 3600, claims)
    if accepted:
        assert verify(token, "host", "chat").sub == "ann"
    else:
        with pytest.raises(Refused) as refusal:
            verify(token, "host", "chat")
        assert refusal.value.code == "unauthenticated"
