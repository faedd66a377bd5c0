"""The operator's acts on own accounts: making them, and letting people sign up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.core.refusal import Refused
from chatd.service.accounts import Accounts, new_password
from chatd_protocol.accounts import SignUp
from chatd_protocol.codec import shape

_USES_MAX: Final = 1_000_000
_DAYS_MAX: Final = 3650
_NOTE_MAX: Final = 200


def _accounts(operator: Operator) -> Accounts:
    if operator.accounts is None:
        raise Refused("forbidden", "There are no accounts of our own: [accounts] signup is off.")
    return operator.accounts


async def add_account(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """An account for `login`, with this `password` or one that is made up and told once."""
    accounts, made = _accounts(operator), request.get("password") is None
    password = new_password() if made else request["password"]
    fields = {"login": request["login"], "password": password, "name": request.get("name") or "", "device": "cli"}
    asked = shape(fields, SignUp)
    user = await accounts.create(asked.login, asked.password, asked.name, act="account.add")
    return {"user": user, "login": asked.login} | ({"password": password} if made else {})


async def make_code(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A code that lets `uses` people sign up within `days`."""
    uses, days, note = request.get("uses", 1), request.get("days", 7), request.get("note") or ""
    if type(uses) is not int or not 1 <= uses <= _USES_MAX:
        raise TypeError(f"uses: expected 1 to {_USES_MAX}")
    if type(days) not in (int, float) or not 0 < days <= _DAYS_MAX:
        raise TypeError(f"days: expected up to {_DAYS_MAX}")
    if not isinstance(note, str) or len(note) > _NOTE_MAX or not note.isprintable():
        raise TypeError(f"note: expected at most {_NOTE_MAX} printable characters")
    return {"code": await _accounts(operator).make_signup_code(uses, days * 86_400, note)}


ACTS: Final = {"account.add": add_account, "account.code": make_code}
