"""`chatd token`: signs what a host app would sign."""

from __future__ import annotations

import asyncio
import time

from chatd.cli.answers import DONE, failed, in_words, say
from chatd.config import Config


def sign(config: Config, sub: str, name: str, ttl_s: int, as_json: bool) -> int:
    """Print a token."""
    from chatd.core.refusal import Refused
    from chatd.secret import known_secret
    from chatd.service.tokens import Issuer, Tokens, load_keys, mint

    if config.auth.jwt_algorithm != "HS256":
        return failed(in_words(f"only a host with the private key can mint {config.auth.jwt_algorithm} tokens"))
    extra = {k: v for k, v in (("iss", config.auth.issuer), ("aud", config.auth.audience)) if v}
    secret, auth = known_secret(config), config.auth
    now_s = int(time.time())
    minted = mint(secret, sub, name, now_s, ttl_s, extra)
    try:
        keys = load_keys("HS256", [secret], "")
        asyncio.run(Tokens(Issuer(keys, auth.issuer, auth.audience), 0).verify(minted))
    except Refused as refusal:
        return failed(in_words(f"the server would not accept it: {refusal.message}"))
    say({"token": minted, "sub": sub, "expires": (now_s + ttl_s) * 1000}, minted, as_json)
    return DONE
