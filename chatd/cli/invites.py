"""`chatd invite`: what the operator does with invites, through the running server."""

from __future__ import annotations

import json
import sys
from typing import Any

from chatd.admin.socket import AdminError, call
from chatd.config import Config


def list_invites(config: Config, group: str | None, as_json: bool) -> int:
    """Print all of them; with `as_json` one object a line."""
    after: str | None = ""
    try:
        while after is not None:
            page = call(config.admin_socket_path(), "invite.list", group=group, after=after)
            for one in page["invites"]:
                print(json.dumps(one, ensure_ascii=False) if as_json else _line(one))
            after = page.get("more")
    except AdminError as error:
        return _failed(str(error), as_json)
    return 0


def _line(one: dict[str, Any]) -> str:
    uses = f"{one['uses']}/{one['max_uses']}" if "max_uses" in one else str(one["uses"])
    plain = f"{one['invite']}  {one['group']}  {one['maker']}  {one['kind']:<8}  {uses:>9}  {one['state']}"
    return f"{plain}  {one['note']}" if "note" in one else plain


def revoke_invite(config: Config, invite: str, as_json: bool) -> int:
    """Take one back."""
    try:
        done = call(config.admin_socket_path(), "invite.revoke", invite=invite)
    except AdminError as error:
        return _failed(str(error), as_json)
    print(json.dumps(done) if as_json else f"revoked {done['invite']} of {done['group']}")
    return 0


def _failed(problem: str, as_json: bool) -> int:
    print(json.dumps({"error": problem}, ensure_ascii=False) if as_json else f"chatd: {problem}", file=_out(as_json))
    return 1


def _out(as_json: bool) -> Any:
    return sys.stdout if as_json else sys.stderr
