"""Drives the routes of the table over HTTP, and the operator's acts through their socket and, for everybody else, as
the ops that they are not."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx

from chatd.http.catalogue import SIGNATURE, TIMESTAMP, sign
from chatd.testing import TestServer
from chatd_protocol.errors import ERRORS
from tests.e2e.phone import Phone
from tests.matrix.asks import Case
from tests.matrix.cast import PASSWORD, SECRET, Cast
from tests.matrix.drive import CLOSED, SECRETIVE, Run
from tests.matrix.house import build_house
from tests.matrix.table import CALLERS, LOCKED_OUT, OPERATOR, Row, Table, is_act, is_op

Send = Callable[[Case, str], Awaitable[httpx.Response]]
"""The request of a caller. Raises KeyError if there is no such case."""
_BY_STATUS: Final = {error.http_status: code for code, error in ERRORS.items() if code in ("not_found", "internal")}
_LONG_AGO_S: Final = 3600


def routes_of(server: TestServer) -> set[str]:
    """Every route that the port serves, with its method."""
    app: Any = server.port._config.app
    found = {
        f"{method} {route.path_format}"
        for route in app.routes
        for method in route.methods
        if method != "OPTIONS"  # answered by the framework alone
    }
    return found | {"GET /ws"}


def _get(path: Callable[[Case], str]) -> Send:
    async def send(case: Case, who: str) -> httpx.Response:
        return await case.cast.http.get(path(case), headers=_bearer(case, who))

    return send


def _bearer(case: Case, who: str) -> dict[str, str]:
    """What a caller would say of themselves, if they were asked."""
    token = case.cast.token_of.get(who)
    return {} if token is None or who == "none" else {"Authorization": f"Bearer {token}"}


def _page(name: Callable[[Case], str]) -> Send:
    return _get(lambda c: f"/i/{name(c)}")


def _signed_by_host(method: str, path: str, content: dict[str, Any]) -> Send:
    async def send(case: Case, who: str) -> httpx.Response:
        body = json.dumps(content).encode()
        now_s = case.cast.server.hub.now_ms() // 1000
        secret = SECRET if who in (OPERATOR, "expired") else "a secret of somebody else's, thirty-two bytes"
        stamp = str(now_s - _LONG_AGO_S if who == "expired" else now_s)
        signed = {TIMESTAMP: stamp, SIGNATURE: sign(secret.encode(), stamp, body)}
        headers = _bearer(case, who) | (signed if who in (OPERATOR, "expired", "revoked") else {})
        return await case.cast.http.request(method, path, content=body, headers=headers)

    return send


def _post(path: str, body: Callable[[Case, str], dict[str, Any]]) -> Send:
    async def send(case: Case, who: str) -> httpx.Response:
        return await case.cast.http.post(f"/accounts/{path}", json=body(case, who))

    return send


def _signed(path: str, *, own: bool) -> Send:
    """With a token of one's own account, or with one of the host's."""

    async def send(case: Case, who: str) -> httpx.Response:
        cast = case.cast
        if own and who in cast.callers:
            bearer = (await cast.signed_in(who))["token"]
        elif own:
            bearer = cast.bearer_of.get(who, "")
        else:
            bearer = cast.server.token(cast.callers[who].sub)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return await cast.http.post(f"/accounts/{path}", json={}, headers=headers)

    return send


def _logins(**more: str) -> dict[str, Callable[[Case, str], dict[str, Any]]]:
    """`other`: the login of an account with another password; `absent`: one that there is not."""

    def login(of: Callable[[Case, str], str]) -> Callable[[Case, str], dict[str, Any]]:
        return lambda c, who: {"login": of(c, who), "password": PASSWORD} | more

    return {
        "own": login(lambda c, who: c.cast.account_of[who].login),
        "other": login(lambda c, _: c.more["login"]),
        "absent": login(lambda *_: f"nobody-{secrets.token_hex(6)}"),
    }


def _accounts() -> dict[str, dict[str, Send]]:
    new = _logins(device="phone")["absent"]
    taken = _logins(device="phone")["other"]
    routes: dict[str, dict[str, Send]] = {
        "POST /accounts/sign-up": {"own": _post("sign-up", new), "other": _post("sign-up", taken)},
        "POST /accounts/renew": {"own": _signed("renew", own=True), "other": _signed("renew", own=False)},
        "POST /accounts/sign-out": {"own": _signed("sign-out", own=True), "other": _signed("sign-out", own=False)},
    }
    for path, logins in {
        "sign-in": _logins(device="phone"),
        "password": _logins(device="phone", new_password=PASSWORD),
        "reset": {of: _without_password(body) for of, body in _logins().items()},
        "reset/finish": {
            of: _without_password(body)
            for of, body in _logins(device="phone", code="12345678", new_password=PASSWORD).items()
            if of != "own"
        },
    }.items():
        routes[f"POST /accounts/{path}"] = {of: _post(path, body) for of, body in logins.items()}
    return routes


def _without_password(body: Callable[[Case, str], dict[str, Any]]) -> Callable[[Case, str], dict[str, Any]]:
    def built(case: Case, who: str) -> dict[str, Any]:
        fields = body(case, who)
        del fields["password"]
        return fields

    return built


async def _upgrade(case: Case, _: str) -> httpx.Response:
    """Whoever opens a WebSocket has not said yet who they are."""
    phone = await Phone.dial(case.cast.server.ws_url)
    await phone.hang_up()
    return httpx.Response(200)


_NO_ITEMS: Final[dict[str, Any]] = {"items": [], "deletions": []}
_ROUTES: Final[dict[str, dict[str, Send]]] = {
    "GET /": {"here": _get(lambda _: "/")},
    "GET /live": {"here": _get(lambda _: "/live")},
    "GET /healthz": {"here": _get(lambda _: "/healthz")},
    "GET /readyz": {"here": _get(lambda _: "/readyz")},
    "GET /metrics": {"here": _get(lambda _: "/metrics")},
    "GET /ws": {"here": _upgrade},
    "GET /i/{name}": {
        "link": _page(lambda c: c.house.link),
        "link.revoked": _page(lambda c: c.house.revoked_link),
        "absent": _page(lambda _: "A" * 22),
        "absent.code": _page(lambda _: "nothing"),
        "qr": _page(lambda c: f"{c.house.link}.svg"),
        "qr.absent": _page(lambda _: "A" * 22 + ".png"),
    },
    "POST /v1/catalogue": {"here": _signed_by_host("POST", "/v1/catalogue", _NO_ITEMS)},
    "POST /v1/follows": {"here": _signed_by_host("POST", "/v1/follows", {"edges": []})},
    "PUT /v1/catalogue": {"here": _signed_by_host("PUT", "/v1/catalogue", _NO_ITEMS)},
}
ROUTES: Final[Mapping[str, Mapping[str, Send]]] = _ROUTES | _accounts()

Fields = Callable[[Case], dict[str, Any]]


def _edges() -> dict[str, Fields]:
    """Somebody and the owner, or nobody."""
    return {
        "other": lambda c: {"sub": c.more["sub"], "target": c.cast.staff["mate"].sub},
        "absent": lambda c: {"sub": c.more["sub"], "target": "nobody at all"},
    }


def _bots(**more: Any) -> Mapping[str, Fields]:
    """The ways to name a bot."""
    return {"other": lambda c: {"bot": c.more["bot"]} | more, "absent": lambda _: {"bot": "nobody-at-all"} | more}


def _members(**fields: Any) -> dict[str, Fields]:
    """Somebody who is in, somebody who is not, and nobody."""
    return {
        "here": lambda c: {"group": c.group, "sub": c.cast.staff["mate"].sub} | fields,
        "outsider": lambda c: {"group": c.group, "sub": c.cast.resident.sub} | fields,
        "absent": lambda c: {"group": c.group, "sub": "nobody at all"} | fields,
    }


def _no_broadcast() -> dict[str, Fields]:
    return {"absent": lambda _: {"broadcast": "none"}}


def _requests() -> dict[str, Fields]:
    """Somebody who asked to come in, somebody who did not, and nobody."""
    return _members() | {"here": lambda c: {"group": c.group, "sub": c.cast.callers["pending"].sub}}


ACTS: Final[Mapping[str, Mapping[str, Fields]]] = {
    "account.add": {"here": lambda _: {"login": f"made-{secrets.token_hex(6)}"}},
    "account.code": {"here": lambda _: {}},
    "audit": {"here": lambda _: {}},
    "bot.create": {"here": lambda _: {"bot": f"made-{secrets.token_hex(6)}"}},
    "bot.disable": _bots(on=True),
    "bot.list": {"here": lambda _: {}},
    "bot.scopes": _bots(scopes=["read"]),
    "bot.show": _bots(),
    "bot.token": _bots(rotate=True),
    "ban.list": {"here": lambda _: {}, "absent": lambda _: {"sub": "nobody at all"}},
    "broadcast.aim": {
        "here": lambda c: {"groups": [c.group]},
        "absent": lambda c: {"groups": [c.group], "broadcast": "none"},
    },
    "broadcast.cancel": _no_broadcast(),
    "broadcast.list": {"here": lambda _: {}},
    "broadcast.plan": {
        "here": lambda _: {"broadcast": secrets.token_hex(6), "body": {"text": "hello"}},
        "absent": lambda _: {"broadcast": "none", "body": {"text": "hello"}, "sub": "nobody at all"},
    },
    "broadcast.results": _no_broadcast(),
    "broadcast.show": _no_broadcast(),
    "broadcast.start": _no_broadcast(),
    "catalogue": {"here": lambda _: {"items": []}},
    "backup": {"here": lambda _: {"n": 1, "bytes": 4096}},
    "follow.add": _edges(),
    "follow.check": _edges(),
    "follow.import": {"here": lambda _: {"edges": [], "step": ["graph", 0, 0, 0, [], False]}},
    "follow.list": {"other": lambda c: {"sub": c.more["sub"]}, "absent": lambda _: {"sub": "nobody at all"}},
    "follow.progress": {"here": lambda _: {"import_id": "graph"}},
    "follow.remove": _edges(),
    "group.create": {
        "other": lambda c: {"sub": c.more["sub"], "title": "Tea"},
        "absent": lambda _: {"sub": "nobody at all", "title": "Tea"},
    },
    **{
        f"retention.{act}": {"here": lambda c: {"group": c.group}, "absent": lambda c: {"group": c.nowhere}}
        for act in ("plan", "run", "set", "show")
    },
    "retention.status": {"here": lambda _: {}},
    "erase": {
        "other": lambda c: {"user": c.more["sub"], "yes": True},
        "absent": lambda _: {"user": "nobody at all", "yes": True},
    },
    "erase.status": {"other": lambda c: {"user": c.more["sub"]}, "absent": lambda _: {"user": "nobody at all"}},
    "group.dissolve": {"here": lambda c: {"group": c.group}, "absent": lambda c: {"group": c.nowhere}},
    "group.list": {"here": lambda _: {}},
    "group.notice": {
        "here": lambda c: {"group": c.group, "body": {"text": "hello"}},
        "absent": lambda c: {"group": c.nowhere, "body": {"text": "hello"}},
    },
    "group.restrict": {
        "here": lambda c: {"group": c.group, "on": False},
        "absent": lambda c: {"group": c.nowhere, "on": False},
    },
    "group.show": {"here": lambda c: {"group": c.group}, "absent": lambda c: {"group": c.nowhere}},
    "group.transfer": {
        "here": lambda c: {"group": c.group, "sub": c.cast.staff["mate"].sub},
        "absent": lambda c: {"group": c.nowhere, "sub": c.cast.staff["mate"].sub},
    },
    "group.update": {
        "here": lambda c: {"group": c.group, "intro": "about tea"},
        "absent": lambda c: {"group": c.nowhere, "intro": "about tea"},
    },
    "invite.create": {"here": lambda c: {"group": c.group}, "absent": lambda c: {"group": c.nowhere}},
    "invite.list": {"here": lambda c: {"group": c.group}},
    "invite.revoke": {
        "here": lambda c: {"invite": c.house.invite_of["mate"]},
        "absent": lambda _: {"invite": "i" + secrets.token_urlsafe(17)[:22]},
    },
    "member.add": {
        "outsider": lambda c: {"group": c.group, "sub": c.cast.resident.sub},
        "absent": lambda c: {"group": c.group, "sub": "nobody at all"},
    },
    "member.kick": {
        "here": lambda c: {"group": c.group, "sub": c.cast.staff["mate"].sub},
        "outsider": lambda c: {"group": c.group, "sub": c.cast.resident.sub},
        "absent": lambda c: {"group": c.group, "sub": "nobody at all"},
    },
    "member.list": {"here": lambda c: {"group": c.group}, "absent": lambda c: {"group": c.nowhere}},
    "member.restrict": _members(on=False),
    "member.role": _members(role="member"),
    "member.unban": {
        "here": lambda c: {"group": c.group, "sub": c.cast.callers["banned"].sub},
        "outsider": lambda c: {"group": c.group, "sub": c.cast.resident.sub},
        "absent": lambda c: {"group": c.group, "sub": "nobody at all"},
    },
    "request.approve": _requests(),
    "request.decline": _requests(),
    "request.list": {"here": lambda c: {"group": c.group}},
    "revoke": {"other": lambda c: {"sub": c.more["sub"]}, "absent": lambda _: {"sub": "nobody at all"}},
    "search.rebuild": {"here": lambda _: {}},
    "search.status": {"here": lambda _: {}},
    "stats": {"here": lambda _: {}},
    "top": {"here": lambda _: {}},
    "user": {"other": lambda c: {"sub": c.more["sub"]}},
    "user.disable": {
        "other": lambda c: {"sub": c.more["sub"], "on": True},
        "absent": lambda _: {"sub": "nobody at all", "on": True},
    },
    "user.list": {"here": lambda _: {}},
    "user.show": {"other": lambda c: {"sub": c.more["sub"]}, "absent": lambda _: {"sub": "nobody at all"}},
    "user.tag": {
        "other": lambda c: {"sub": c.more["sub"], "tag": "seller", "on": True},
        "absent": lambda _: {"sub": "nobody at all", "tag": "seller", "on": True},
    },
    "words.reload": {"here": lambda _: {}},
}


class Web:
    """Drives routes and acts, and adds them to a run."""

    def __init__(self, cast: Cast, case: Case, run: Run) -> None:
        self._cast = cast
        self._case = case
        self._run = run

    async def drive(self, table: Table) -> None:
        """All of them: routes side by side, then acts, each on a house of its own."""
        login = self._case.more["login"] = f"taken-{secrets.token_hex(6)}"
        body = {"login": login, "password": "quite another one", "device": "phone"}
        made = await self._cast.http.post("/accounts/sign-up", json=body)
        assert made.status_code == 200, made.text
        accounts = {what: rows for what, rows in table.items() if what.startswith("POST /accounts/")}
        async with asyncio.TaskGroup() as group:
            group.create_task(self._drive_accounts(accounts))
            for what, rows in table.items():
                if is_act(what):
                    group.create_task(self._drive_act(what, rows))
                elif not is_op(what) and what not in accounts:
                    group.create_task(self._drive_route(what, rows))

    async def _drive_accounts(self, routes: Table) -> None:
        """One after the other: signing out, or another password, ends what a token of before may."""
        for what, rows in routes.items():
            await self._drive_route(what, rows)

    async def _drive_route(self, what: str, rows: Mapping[str, Row]) -> None:
        for row in rows.values():
            for who in CALLERS:
                try:
                    response = await ROUTES[what][row.of](self._case, who)
                except KeyError:
                    self._run.miss(row, who)
                    continue
                verdict = verdict_of(response)
                self._run.judge(row, who, verdict)
                if verdict in SECRETIVE and not what.startswith(("POST /v1", "PUT /v1")):
                    self._run.note(row, who, verdict, response.content)

    async def _drive_act(self, what: str, rows: Mapping[str, Row]) -> None:
        name = what.partition(" ")[2]
        house = await build_house(self._cast, invites=True)
        case = Case(self._cast, house, self._case.elsewhere)
        case.more["sub"] = (await self._cast.enter("somebody")).sub
        if name.startswith("bot."):
            case.more["bot"] = (await self._cast.make_bot())["bot"]
        for row in rows.values():
            fields = ACTS[name][row.of](case)
            for who in CALLERS:
                if who == OPERATOR:
                    self._run.judge(row, who, await self._cast.attempt_act(name, fields))
                elif row.verdicts[who] is not None:
                    self._run.judge(row, who, await self._try_as_op(name, who, fields))

    async def _try_as_op(self, name: str, who: str, fields: dict[str, Any]) -> str:
        if who not in LOCKED_OUT:
            answer = await self._cast.callers[who].attempt(name, fields)
        else:
            phone = await self._cast.connect()
            if who != "none":
                phone.send("session.hello", token=self._cast.token_of[who], device="again")
            answer = await phone.attempt(name, fields)
            await phone.cut_off()
        if answer.closed is not None:
            return CLOSED.get(answer.closed, f"closed with {answer.closed}")
        return str(answer.message["error"]["code"]) if "error" in answer.message else "ok"


def verdict_of(response: httpx.Response) -> str:
    """What an answer over HTTP says, in the words of the table."""
    if response.status_code < 300:
        return "ok"
    if response.headers.get("content-type", "").startswith("application/json"):
        return str(response.json()["error"]["code"])
    return _BY_STATUS.get(response.status_code, f"status {response.status_code}")
