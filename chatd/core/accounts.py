"""Accounts of a community that has no host app: who has which login, codes for signing up, codes for a new password.

Passwords come in hashed and codes as keyed digests: nothing here, and nothing that is stored, lets anybody sign in.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.users import make_user

SUB_PREFIX: Final = "account:"
"""What the `sub` of everybody with an account of our own begins with; the host's tokens must not speak for them."""


class Account(Record):
    """A login and its password. `password` is a hash as argon2 writes it, with its own parameters."""

    table: ClassVar[str] = "accounts"

    login: str
    user_id: str
    password: str
    changed_at: int


class SignupCode(Record):
    """A code that lets people sign up, so many times."""

    table: ClassVar[str] = "signup_codes"

    digest: str
    uses_left: int
    expires_at: int
    note: str
    made_at: int


class ResetCode(Record):
    """The code for a new password that was made last. `tries` are those of all codes since the window began.

    There is a row for whatever login was named, so that it cannot be told whether there is such an account.
    """

    table: ClassVar[str] = "reset_codes"

    login: str
    digest: str
    expires_at: int
    tries: int
    window_ends_at: int


class SignUp(Wish, frozen=True, tag="sign_up"):
    """A new account with a new user. `code` is the digest of a sign-up code, None where none is asked for; `act` is
    what the audit log calls it, if the operator makes it."""

    user: str
    login: str
    name: str
    password: str
    code: str | None
    act: str = ""

    def needs(self, need: Needs) -> None:
        need.record(Account, self.login)
        need.subs.add(SUB_PREFIX + self.user)
        if self.code is not None:
            need.record(SignupCode, self.code)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `code_invalid`, `taken`."""
        if self.code is not None:
            code = facts.find(SignupCode, self.code)
            if code is None or code.uses_left < 1 or code.expires_at <= facts.now_ms:
                raise Refused("code_invalid")
        if facts.find(Account, self.login) is not None:
            raise Refused("taken")
        if self.code is not None:
            use_code(facts, self.code)
        make_user(facts, self.user, SUB_PREFIX + self.user, self.name)
        facts.put(Account(self.login, self.user, self.password, facts.now_ms))
        if self.act:
            facts.audit(self.act, by=None, user=self.user)
        return {"user": self.user}


def use_code(facts: Facts, digest: str) -> None:
    """One use less; the last one removes it."""
    code = facts.find(SignupCode, digest)
    assert code is not None
    if code.uses_left == 1:
        facts.drop(SignupCode, digest)
    else:
        facts.put(SignupCode(digest, code.uses_left - 1, code.expires_at, code.note, code.made_at))


class MakeSignupCode(Wish, frozen=True, tag="signup_code"):
    """The operator lets somebody sign up."""

    digest: str
    uses: int
    expires_at: int
    note: str

    def needs(self, need: Needs) -> None:
        need.record(SignupCode, self.digest)

    def decide(self, facts: Facts) -> dict[str, Any]:
        facts.put(SignupCode(self.digest, self.uses, self.expires_at, self.note, facts.now_ms))
        facts.audit("signup_code.make", by=None, uses=self.uses, note=self.note)
        return {}


class SetPassword(Wish, frozen=True, tag="password"):
    """A new password in place of `was`, which has been verified. Every token of before is refused from now on."""

    login: str
    user: str
    was: str
    password: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.record(Account, self.login)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `unauthenticated` if the password was changed meanwhile."""
        account = facts.find(Account, self.login)
        if account is None or (account.user_id, account.password) != (self.user, self.was):
            raise Refused("unauthenticated")
        return set_password(facts, account, self.password)


def set_password(facts: Facts, account: Account, password: str) -> dict[str, Any]:
    """`before`: tokens issued earlier are refused, which all of this very millisecond are."""
    facts.put(Account(account.login, account.user_id, password, facts.now_ms))
    user = facts.users[account.user_id]
    user.valid_after = max(user.valid_after, facts.now_ms + 1)
    facts.changed_users.add(user.id)
    return {"user": user.id, "before": user.valid_after}


class StartReset(Wish, frozen=True, tag="start_reset"):
    """A code for a new password. Tries are not given back by asking for another code."""

    login: str
    digest: str
    ttl_ms: int

    def needs(self, need: Needs) -> None:
        need.record(ResetCode, self.login)

    def decide(self, facts: Facts) -> dict[str, Any]:
        now, before = facts.now_ms, facts.find(ResetCode, self.login)
        fresh = before is None or before.window_ends_at <= now
        tries, ends_at = (0, now + self.ttl_ms) if fresh or before is None else (before.tries, before.window_ends_at)
        facts.put(ResetCode(self.login, self.digest, now + self.ttl_ms, tries, ends_at))
        return {}


class FinishReset(Wish, frozen=True, tag="finish_reset"):
    """A new password for whoever knows the code. `user` is that of the account, "" if there is none.

    A wrong code is no refusal, for it changes something: there is one try less.
    """

    login: str
    user: str
    digest: str
    password: str
    tries_max: int

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.record(Account, self.login)
        need.record(ResetCode, self.login)

    def decide(self, facts: Facts) -> dict[str, Any]:
        now, code = facts.now_ms, facts.find(ResetCode, self.login)
        if code is None or code.expires_at <= now or code.tries >= self.tries_max:
            return {}
        account = facts.find(Account, self.login)
        if code.digest != self.digest or account is None or account.user_id != self.user:
            facts.put(ResetCode(self.login, code.digest, code.expires_at, code.tries + 1, code.window_ends_at))
            return {}
        facts.drop(ResetCode, self.login)
        return set_password(facts, account, self.password)


class DropCodes(Wish, frozen=True, tag="drop_codes"):
    """Codes that have outlived their use."""

    resets: list[str]
    signups: list[str]

    def needs(self, need: Needs) -> None:
        for login in self.resets:
            need.record(ResetCode, login)
        for digest in self.signups:
            need.record(SignupCode, digest)

    def decide(self, facts: Facts) -> dict[str, Any]:
        for login in self.resets:
            reset = facts.find(ResetCode, login)
            if reset is not None and max(reset.expires_at, reset.window_ends_at) <= facts.now_ms:
                facts.drop(ResetCode, login)
        for digest in self.signups:
            signup = facts.find(SignupCode, digest)
            if signup is not None and signup.expires_at <= facts.now_ms:
                facts.drop(SignupCode, digest)
        return {}
