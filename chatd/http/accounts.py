"""The routes of own accounts: signing up, in and out, and new passwords. JSON in both directions, POST only.

A request is paid for by its address first. Tokens come in `Authorization: Bearer`, never in an address or a cookie.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import structlog
from litestar import Request, Response, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from chatd.core.limits import address_key
from chatd.core.refusal import Refused
from chatd.http.errors import answer, refuse
from chatd.hub.rates import Rates
from chatd.service.accounts import Accounts
from chatd.store.readers import ReaderLost
from chatd_protocol import accounts as wire
from chatd_protocol.codec import Invalid, Malformed, decode, shape

BODY_MAX: Final = 8192
Web = Request[Any, Any, Any]
Act = Callable[[Any], Awaitable[dict[str, Any]]]


class _Desk:
    """What every route goes through: who asks, whether they may ask so often, what they ask, and what went wrong."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._log = structlog.get_logger("chatd.http")

    async def serve(self, request: Web, kind: type, act: Act) -> Response[bytes]:
        """Carry out an act on the request's body."""
        try:
            self._rates.check("sign_in", address_key(request.client.host if request.client else ""))
            return answer(await act(await _read(request, kind)))
        except Refused as refusal:
            return refuse(refusal)
        except ReaderLost:
            return refuse(Refused("unavailable"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and nothing is told of it
            where = traceback.format_tb(error.__traceback__)
            self._log.error("a request failed", error=type(error).__name__, where=where)
            return refuse(Refused("internal"))


async def _read(request: Web, kind: type) -> Any:
    """The body as what the route takes. Raises `Refused`: `malformed`, `invalid`."""
    try:
        body = await request.body()
    except HTTPException:
        raise Refused("invalid", f"The body has more than {BODY_MAX} bytes.", path="$") from None
    try:
        return shape(decode(body, "json"), kind)
    except Malformed:
        raise Refused("malformed", "The body is not JSON.") from None
    except Invalid as problem:
        path = "$" + problem.path.removeprefix("$.data")
        raise Refused("invalid", f"{problem.problem} - at `{path}`", path=path) from None


def _bearer(request: Web) -> str:
    """The token. Raises `Refused`: `unauthenticated`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unauthenticated", "A token is missing: Authorization: Bearer …")
    return token


def account_routes(accounts: Accounts, rates: Rates) -> list[HTTPRouteHandler]:
    """The routes, under `/accounts/`."""
    desk = _Desk(rates)
    routes: dict[str, tuple[type, Act]] = {
        "sign-up": (wire.SignUp, accounts.sign_up),
        "sign-in": (wire.SignIn, accounts.sign_in),
        "password": (wire.ChangePassword, accounts.change_password),
        "reset": (wire.StartReset, accounts.start_reset),
        "reset/finish": (wire.FinishReset, accounts.finish_reset),
    }
    with_token: dict[str, tuple[type, Callable[[str, Any], Awaitable[dict[str, Any]]]]] = {
        "sign-out": (wire.SignOut, accounts.sign_out),
        "renew": (wire.Renew, accounts.renew),
    }
    plain = [_route(desk, path, kind, partial(_plain, act)) for path, (kind, act) in routes.items()]
    signed = [_route(desk, path, kind, partial(_signed, act)) for path, (kind, act) in with_token.items()]
    return plain + signed


def _plain(act: Act, _: Web) -> Act:
    return act


def _signed(act: Callable[[str, Any], Awaitable[dict[str, Any]]], request: Web) -> Act:
    async def run(data: Any) -> dict[str, Any]:
        return await act(_bearer(request), data)

    return run


def _route(desk: _Desk, path: str, kind: type, act_of: Callable[[Web], Act]) -> HTTPRouteHandler:
    @post(f"/accounts/{path}", status_code=200, request_max_body_size=BODY_MAX, name=f"accounts {path}")
    async def route(request: Web) -> Response[bytes]:
        return await desk.serve(request, kind, act_of(request))

    return route
