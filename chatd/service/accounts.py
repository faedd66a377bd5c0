"""Accounts of our own: signing up, in and out, a new password; and the tokens that come of it.

Passwords are hashed beside the loop, codes are kept as keyed digests, and whether a login exists can be told neither by
an answer nor by its time (signing up aside, which has to say that a login is taken).
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

import jwt
import msgspec

from chatd.core.accounts import (
    SUB_PREFIX,
    Account,
    DropCodes,
    FinishReset,
    MakeSignupCode,
    ResetCode,
    SetPassword,
    SignUp,
    SignupCode,
    StartReset,
)
from chatd.core.refusal import Refused
from chatd.core.users import Revoke
from chatd.core.values import User
from chatd.core.wishes import AnyWish
from chatd.service.delivery import Delivery
from chatd.service.passwords import Passwords
from chatd.service.persons import NAME_MAX
from chatd.service.tokens import OWN_KID, Claims, FixedKeys, Issuer, Key, Tokens
from chatd.store import records, users
from chatd.store.outcome import Verdict
from chatd.store.readers import Readers
from chatd_protocol import accounts as wire

ISSUER: Final = "chatd"
SIGNUP_CODE_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
SIGNUP_CODE_LENGTH: Final = 16
RESET_CODE_DIGITS: Final = 8
PASSWORD_BYTES: Final = 15
CODES_EVERY_S: Final = 600.0
CODES_AT_ONCE: Final = 500


class AccountSettings(msgspec.Struct, frozen=True):
    """What can be tuned. `signup`: open, invite or closed."""

    signup: str
    token_ttl_s: float
    password_min: int
    code_ttl_s: float
    code_tries: int


def own_secret(server_key: bytes) -> bytes:
    """What our own tokens are signed with: of the server's key, and good for nothing else."""
    return hashlib.blake2b(b"tokens", key=server_key, person=b"chatd accounts").digest()


def own_issuer(server_key: bytes) -> Issuer:
    """Who signs our own tokens."""
    return Issuer(FixedKeys([Key("HS256", own_secret(server_key))]), ISSUER)


def fold_login(login: str) -> str:
    """A login as it is compared: width and case make no difference. Raises `invalid` for one with a space in it."""
    if any(one.isspace() for one in login):
        raise Refused("invalid", "A login has no spaces.", path="$.login")
    return unicodedata.normalize("NFKC", login).casefold()


class Accounts:
    """`ask` proposes a wish and waits for its verdict; `rate` takes one from a budget, or refuses; `end_sessions`
    closes what a person's tokens from before a time have opened (on one device, or on all)."""

    def __init__(
        self,
        settings: AccountSettings,
        passwords: Passwords,
        delivery: Delivery,
        tokens: Tokens,
        readers: Readers,
        server_key: bytes,
        *,
        ask: Callable[[AnyWish], Awaitable[Verdict]],
        rate: Callable[[str, Hashable], None],
        end_sessions: Callable[[str, str | None, int], int],
        now_ms: Callable[[], int],
        new_id: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._passwords = passwords
        self._delivery = delivery
        self._tokens = tokens
        self._readers = readers
        self._key = server_key
        self._ask = ask
        self._rate = rate
        self._end_sessions = end_sessions
        self._now_ms = now_ms
        self._new_id = new_id

    async def stop(self) -> None:
        """End what is under way."""
        await self._delivery.stop()
        self._passwords.close()

    # -- signing up and in

    async def sign_up(self, request: wire.SignUp) -> dict[str, Any]:
        """Raises `Refused`: `forbidden` where it is closed, `code_invalid`, `taken`, `limit`, `overloaded`."""
        if self._settings.signup == "closed":
            raise Refused("forbidden", "Only the operator makes accounts here.")
        code = self._digest(_read_code(request.code or "")) if self._settings.signup == "invite" else None
        user = await self.create(request.login, request.password, request.name, code)
        return self._token(user, request.device, self._now_ms())

    async def create(self, login: str, password: str, name: str, code: str | None = None, act: str = "") -> str:
        """The id of a new user with a new account; `act`: what the audit log calls it, if it is the operator's. Raises
        `Refused` as `sign_up`."""
        self._check_new(password)
        self._rate("account", fold_login(login))
        hashed = await self._passwords.hash(password)
        wish = SignUp(self._new_id("u"), fold_login(login), name[:NAME_MAX], hashed, code, act)
        return str((await self._settle(wish))["user"])

    async def sign_in(self, request: wire.SignIn) -> dict[str, Any]:
        """Raises `Refused`: `unauthenticated`, `disabled`, `rate_limited`, `overloaded`."""
        _, user = await self._verified(request.login, request.password)
        async with self._readers.snapshot() as reader:
            revoked = await users.revoked_before(reader, user, request.device)
        return self._token(user.id, request.device, max(self._now_ms(), revoked))

    async def renew(self, bearer: str, _: wire.Renew) -> dict[str, Any]:
        """A fresh token for a token. Raises `Refused`: `unauthenticated`, `revoked`, `disabled`."""
        claims, user = await self._speaker(bearer)
        return self._token(user.id, claims.device or "", max(self._now_ms(), claims.issued_at))

    async def sign_out(self, bearer: str, request: wire.SignOut) -> dict[str, Any]:
        """Refuse the tokens of the device, or all, from now on. Raises `Refused`: `unauthenticated`."""
        claims, user = await self._speaker(bearer)
        device = None if request.everywhere else claims.device
        before = max(self._now_ms(), claims.issued_at) + 1  # the token itself may be of this very millisecond
        await self._settle(Revoke(user.id, device, before))
        self._end_sessions(user.id, device, before)
        return {}

    # -- passwords

    async def change_password(self, request: wire.ChangePassword) -> dict[str, Any]:
        """Raises `Refused`: `unauthenticated`, `limit` for one that is too short, `rate_limited`, `overloaded`."""
        self._check_new(request.new_password)
        account, _ = await self._verified(request.login, request.password)
        hashed = await self._passwords.hash(request.new_password)
        done = await self._settle(SetPassword(account.login, account.user_id, account.password, hashed))
        return self._signed_in_anew(done, request.device)

    async def start_reset(self, request: wire.StartReset) -> dict[str, Any]:
        """Have a code delivered, if there is such an account. Raises `Refused`: `rate_limited`, `unavailable`."""
        login = fold_login(request.login)
        self._rate("account", login)
        code = "".join(secrets.choice("0123456789") for _ in range(RESET_CODE_DIGITS))
        ttl_ms = int(self._settings.code_ttl_s * 1000)
        account, user = await self._find(login)
        await self._settle(StartReset(login, self._digest(login + ":" + code), ttl_ms))
        if account is not None and user is not None and not user.disabled:
            self._delivery.send("reset", request.login, code, self._now_ms() + ttl_ms)
        return {}

    async def finish_reset(self, request: wire.FinishReset) -> dict[str, Any]:
        """Raises `Refused`: `code_invalid`, `limit` for a password that is too short, `rate_limited`, `overloaded`."""
        self._check_new(request.new_password)
        login = fold_login(request.login)
        self._rate("account", login)
        account, _ = await self._find(login)
        hashed = await self._passwords.hash(request.new_password)
        digest = self._digest(login + ":" + _read_code(request.code))
        user = account.user_id if account is not None else ""
        done = await self._settle(FinishReset(login, user, digest, hashed, self._settings.code_tries))
        if not done:
            raise Refused("code_invalid")
        return self._signed_in_anew(done, request.device)

    # -- what the operator does

    async def make_signup_code(self, uses: int, ttl_s: float, note: str) -> str:
        """A code that lets people sign up. Raises `Refused`: `unavailable`."""
        code = "".join(secrets.choice(SIGNUP_CODE_LETTERS) for _ in range(SIGNUP_CODE_LENGTH))
        await self._settle(MakeSignupCode(self._digest(code), uses, self._now_ms() + int(ttl_s * 1000), note))
        return "-".join(code[at : at + 4] for at in range(0, SIGNUP_CODE_LENGTH, 4))

    async def drop_codes(self) -> float | None:
        """Remove codes that have outlived their use. A job of the hub."""
        now = self._now_ms()
        where = "expires_at <= ? ORDER BY expires_at LIMIT ?"
        async with self._readers.snapshot() as reader:
            resets = await records.select(reader, ResetCode, where, (now, CODES_AT_ONCE))
            signups = await records.select(reader, SignupCode, where, (now, CODES_AT_ONCE))
        over = [row.login for row in resets if row.window_ends_at <= now]
        if over or signups:
            await self._settle(DropCodes(over, [row.digest for row in signups]))
        return 0.0 if len(over) >= CODES_AT_ONCE or len(signups) >= CODES_AT_ONCE else None

    # -- small things

    async def _verified(self, login: str, password: str) -> tuple[Account, User]:
        """The account whose password this is, and whose it is. Raises `Refused`."""
        login = fold_login(login)
        self._rate("account", login)
        account, user = await self._find(login)
        fits = await self._passwords.fits(account.password if account is not None else None, password)
        if not fits or account is None or user is None:
            raise Refused("unauthenticated", "The login or the password is wrong.")
        if user.disabled:
            raise Refused("disabled")
        return account, user

    async def _find(self, login: str) -> tuple[Account | None, User | None]:
        async with self._readers.snapshot() as reader:
            found = await records.find(reader, Account, [(login,)])
            who = [account.user_id for account in found] or [""]  # the same reads for a login that does not exist
            people = await users.users_named(reader, who, [])
        return (found[0], people[0]) if found and people else (None, None)

    async def _speaker(self, bearer: str) -> tuple[Claims, User]:
        """Whom a token of ours speaks for. Raises `Refused`: `unauthenticated`, `revoked`, `disabled`."""
        claims = await self._tokens.verify(bearer)
        if claims.device is None:
            raise Refused("unauthenticated", "The token is not one of ours.")
        async with self._readers.snapshot() as reader:
            user = await users.user_by_sub(reader, claims.sub)
            if user is None:
                raise Refused("unauthenticated", "The user is gone.")
            if user.disabled:
                raise Refused("disabled")
            if claims.issued_at < await users.revoked_before(reader, user, claims.device):
                raise Refused("revoked")
        return claims, user

    def _check_new(self, password: str) -> None:
        if len(password) < self._settings.password_min:
            least = self._settings.password_min
            raise Refused("limit", "The password is too short.", bound="password_min", min=least)

    async def _settle(self, wish: AnyWish) -> dict[str, Any]:
        verdict = await self._ask(wish)
        if verdict.answer is None:
            raise Refused(verdict.code, verdict.message, **verdict.details)
        return verdict.answer

    def _signed_in_anew(self, done: dict[str, Any], device: str) -> dict[str, Any]:
        self._end_sessions(done["user"], None, done["before"])
        return self._token(done["user"], device, max(self._now_ms(), done["before"]))

    def _token(self, user: str, device: str, now_ms: int) -> dict[str, Any]:
        expires = now_ms + int(self._settings.token_ttl_s * 1000)
        claims = {"iss": ISSUER, "sub": SUB_PREFIX + user, "dev": device, "iat": now_ms / 1000, "exp": expires / 1000}
        token = jwt.encode(claims, own_secret(self._key), algorithm="HS256", headers={"kid": OWN_KID})
        return {"user": user, "token": token, "expires": expires}

    def _digest(self, code: str) -> str:
        return hashlib.blake2b(code.encode(), key=self._key, person=b"chatd codes", digest_size=32).hexdigest()


def _read_code(code: str) -> str:
    """A code as it was typed: width, case, spaces and strokes make no difference."""
    return "".join(one for one in unicodedata.normalize("NFKC", code).upper() if one.isalnum())


def new_password() -> str:
    """A password that nobody guesses, for an account that somebody else is given."""
    return secrets.token_urlsafe(PASSWORD_BYTES)
