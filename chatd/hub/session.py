"""One conversation: requests in, answers and events out, in the order in which they became true.

Commands go to the writer without a task of their own; only what has to read the store runs as one. Whatever is to be
written in one turn of the loop is gathered in `outbox` and written once.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from chatd.core.limits import Budget, address_key
from chatd.core.proposal import Refuse
from chatd.core.refusal import Refused
from chatd.core.session import Phase, check_move, check_op
from chatd.core.wishes import AnyWish
from chatd.hub import effects, invites, opening, queries
from chatd.hub.feed import State
from chatd.hub.ports import Socket
from chatd.hub.receiver import Receiver
from chatd.service.author import Author
from chatd.service.bots import check_scope
from chatd.service.commands import COMMANDS
from chatd.service.tokens import Claims
from chatd.store.outcome import Verdict
from chatd.store.readers import ReaderLost
from chatd_protocol import errors
from chatd_protocol.codec import BadEnvelope, Invalid, Malformed, Request, decode_request, shape, show
from chatd_protocol.ops import OPS, Op

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

_FLOOD: Final = 200
"""So many refused requests in a row for going too fast end the connection."""
_HELD_MAX: Final = 64
"""Requests that may wait while hello is answered."""


class Session(Receiver):
    """Implements `ports.SessionPort`."""

    __slots__ = (
        "_budget",
        "_expires_s",
        "_flooded",
        "_heads_due_s",
        "_hello_due_s",
        "_inflight",
        "_missed",
        "_waiting",
        "_warned",
        "device",
        "forgotten",
        "issued_at",
        "reading_paused",
        "token",
    )

    def __init__(self, hub: Hub, socket: Socket) -> None:
        super().__init__(hub, socket)
        self.device = ""
        self.issued_at = 0
        self.token: str | None = None
        """The digest of a bot's token."""
        self.forgotten = False
        """Its device was taken away: that it was here is not to be remembered."""
        self.reading_paused = False
        self._budget: Budget | None = None
        self._flooded = 0
        self._inflight = 0
        self._waiting: list[bytes] | None = None
        self._missed: opening.Missed | None = None
        self._hello_due_s = hub.clock_s() + hub.settings.hello_timeout_s
        self._heads_due_s = 0.0
        self._expires_s: float | None = None
        self._warned = False

    # -- what the transport says

    def received(self, payload: bytes) -> None:
        """One whole message."""
        if self.phase is Phase.CLOSED:
            return
        if self._waiting is not None:
            self._waiting.append(payload)
            if len(self._waiting) >= _HELD_MAX:
                self.pause_reading()
            return
        try:
            self._request(decode_request(payload, self.format))
        except BadEnvelope as problem:
            self._request(problem)
        except Malformed as problem:
            self.close(errors.CLOSE_MALFORMED, str(problem))

    def drained(self) -> None:
        """The socket takes bytes again."""
        if self.phase is Phase.OPEN:
            self.catch_up()

    def swept(self, now_s: float) -> None:
        """About once a second."""
        if self.phase is Phase.OPEN:
            self._watch_token()
            if now_s >= self._heads_due_s and self.socket.writable:
                self._heads_due_s = now_s + self.hub.settings.heads_interval_s
                self.signal_heads()
        elif self.phase is Phase.NEW and now_s >= self._hello_due_s:
            self.close(errors.CLOSE_HELLO_TIMEOUT, "no hello")

    def closed(self, code: int) -> None:
        """The connection is gone."""
        self.phase = check_move(self.phase, Phase.CLOSED) if self.phase is not Phase.CLOSED else self.phase
        self.hub.forget(self)
        for follow in self.follows.values():
            follow.set(State.GONE)
        self.follows.clear()
        self.behind.clear()
        self.outbox = b""
        for task in self._tasks or ():
            task.cancel()

    # -- requests

    def _request(self, request: Request | BadEnvelope) -> None:
        number = request.number if isinstance(request, BadEnvelope) else request.id
        try:
            self._spend()
            if isinstance(request, BadEnvelope):
                raise request
            check_op(self.phase, request.op)
            op = _op_named(request.op)
            data = self.hub.settings.narrowed.check(op.name, shape(request.data, op.request))
            if self.person is not None:
                check_scope(op.name, self.scopes)
                self._spend_on(op.name, data)
            if op.command:
                self._command(number, op, data)
            elif self.phase is Phase.NEW:
                self._begin_opening(number, data)
            else:
                queries.handle(self, number, op.name, data)
        except Refused as refusal:
            self._refuse(number, refusal)
        except Invalid as problem:
            self._refuse(number, _as_refusal(problem))

    def _command(self, number: int, op: Op, data: Any) -> None:
        hub = self.hub
        assert self.person is not None
        digest, tags = hub.digester.digest(op.name, data), hub.tags_of(self.person)
        author = Author(self.person.user, hub.now_ms(), digest, hub.new_id, hub.secrets, tags, self.scopes)
        effect = effects.EFFECTS.get(op.name)
        answered = partial(self._settled, number, effect and partial(effect, self, data))
        settled = invites.around(self, data, author, answered)
        if not hub.link.propose(self._wish_of(op.name, data, author), settled):
            raise Refused("overloaded")
        self.begin_request()

    def _wish_of(self, op: str, data: Any, author: Author) -> AnyWish:
        """What to propose; for what the word list refuses, something that is refused unless it was accepted before."""
        try:
            data = self.hub.words.apply(op, data)
        except Refused as refusal:
            return Refuse(author.user, data.cid, author.digest, refusal.code, refusal.details)
        return COMMANDS[op](data, author)

    def _settled(self, number: int, effect: Callable[[dict[str, Any]], None] | None, verdict: Verdict) -> None:
        self.end_request()
        if verdict.answer is not None:
            self.answer(number, verdict.answer)
            if effect is not None:
                effect(verdict.answer)
        else:
            self._refuse(number, Refused(verdict.code, verdict.message, **verdict.details))

    def begin_request(self) -> None:
        """One more request is under way; at the bound, nothing more is read until some are answered."""
        self._inflight += 1
        if self._inflight >= self.hub.settings.inflight_per_connection:
            self.pause_reading()

    def end_request(self) -> None:
        """One request is answered."""
        self._inflight -= 1
        self._read_on()

    def _read_on(self) -> None:
        """Go on reading if it was paused, unless there is still enough to do."""
        few = self._inflight <= self.hub.settings.inflight_per_connection // 2
        if self.reading_paused and few and self._waiting is None:
            self.reading_paused = False
            self.socket.resume_reading()

    def pause_reading(self) -> None:
        """The client sends faster than it can be answered."""
        self.reading_paused = True
        self.socket.pause_reading()

    def _spend(self) -> None:
        """Take one request from the connection's and the person's budget. Raises `rate_limited`."""
        now_s = self.hub.clock_s()
        if self._budget is None:
            self._budget = self.hub.budget_of_connection(now_s)
        wait_s = self._budget.spend(now_s)
        if wait_s == 0.0 and self.person is not None:
            wait_s = self.person.budget.spend(now_s)
        if wait_s == 0.0:
            self._flooded = 0
            return
        self._flooded += 1
        if self._flooded > _FLOOD:
            self.close(errors.CLOSE_FLOOD, "too many requests")
        raise Refused("rate_limited", retry_after=round(wait_s, 3))

    def _spend_on(self, op: str, data: Any) -> None:
        """What this kind of act costs besides. Raises `rate_limited`."""
        assert self.person is not None
        rates = self.hub.rates
        rates.check_op(op, self.person.user)
        group = getattr(data, "group", None)
        if group in self.follows:  # nobody spends what is others'
            rates.check_group(op, group)

    def run(self, number: int, work: Any) -> None:
        """Run a coroutine that returns the answer of a request."""
        self.begin_request()
        task = self.start(self._answer_later(number, work))
        # A task that is cancelled before its first step has not touched it; closing what has ended does nothing.
        task.add_done_callback(lambda _: work.close())

    async def _answer_later(self, number: int, work: Any) -> None:
        try:
            self.answer(number, await work)
        except Refused as refusal:
            self._refuse(number, refusal)
        except Invalid as problem:
            self._refuse(number, _as_refusal(problem))
        except ReaderLost:
            self._refuse(number, Refused("unavailable"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the others go on
            # Where and of what type, not its text: that may quote a message.
            where = traceback.format_tb(error.__traceback__)
            self.hub.log.error("a request failed", error=type(error).__name__, where=where)
            self._refuse(number, Refused("internal"))
        finally:
            self.end_request()

    # -- opening

    def _begin_opening(self, number: int, data: Any) -> None:
        if data.epoch is None and (data.heads or data.mine is not None):
            raise Invalid("$.data.epoch", "Missing required field, which cursors are of no use without")
        try:
            self.hub.rates.check("hello", address_key(self.socket.peer))
        except Refused as refusal:
            self._refuse(number, refusal)
            self.close(errors.CLOSE_FLOOD, "too many sessions are opened from this address")
            return
        self.phase = check_move(self.phase, Phase.OPENING)
        self._waiting = []
        self._missed = opening.Missed()
        self.run(number, opening.open_session(self, data))

    @property
    def missed(self) -> opening.Missed | None:
        """What happened to this person while the session is being opened; None once it is open."""
        return self._missed

    def watch_again(self) -> opening.Missed:
        """Note what happens from now on, and forget what was noted before."""
        self._missed = opening.Missed()
        return self._missed

    def opened(self, claims: Claims) -> None:
        """Hello is answered in this very step; what waited comes next."""
        self.phase = check_move(self.phase, Phase.OPEN)
        self._missed = None
        self._trust(claims)
        # Spread over the interval, so that 10,000 sessions of one restart do not all speak in the same second.
        self._heads_due_s = self.hub.clock_s() + self.hub.settings.heads_interval_s * (0.5 + self.hub.jitter() / 2)
        asyncio.get_running_loop().call_soon(self._replay)

    def _replay(self) -> None:
        waiting, self._waiting = self._waiting, None
        for payload in waiting or ():
            self.received(payload)
        self._read_on()
        if self.phase is Phase.OPEN:
            self.catch_up()

    def renewed(self, claims: Claims) -> None:
        """A fresh token was accepted."""
        self._trust(claims)
        self._warned = False

    def _trust(self, claims: Claims) -> None:
        self._expires_s = None if claims.expires_at is None else claims.expires_at / 1000
        self.issued_at, self.token = claims.issued_at, claims.token

    def _watch_token(self) -> None:
        if self._expires_s is None:
            return
        left_s = self._expires_s - self.hub.now_ms() / 1000
        if left_s <= 0:
            self.close(errors.CLOSE_TOKEN_EXPIRED, "the token has expired")
        elif left_s <= self.hub.settings.expiry_notice_s and not self._warned:
            self._warned = True
            self.signal("token_expiring", {"expires": int(self._expires_s * 1000)})

    # -- writing

    def answer(self, number: int, ok: dict[str, Any]) -> None:
        """Answer a request."""
        self.write({"re": number, "ok": ok})

    def _refuse(self, number: int, refusal: Refused) -> None:
        self.hub.count_refusal(refusal.code)
        details = dict(refusal.details)
        retry_after = details.pop("retry_after", None)
        error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
        if retry_after is not None or errors.ERRORS[refusal.code].retry:
            error["retry_after"] = 1.0 if retry_after is None else retry_after
        if details:
            error["details"] = details
        self.write({"re": number, "error": error})
        close = errors.ERRORS[refusal.code].close
        if close is None and self.phase is Phase.OPENING:
            # There is no way back to before hello; a new connection may try again.
            close = errors.CLOSE_INTERNAL if refusal.code == "internal" else errors.CLOSE_UNAVAILABLE
        if close is not None:
            self.close(close, refusal.code)


def _op_named(name: str) -> Op:
    op = OPS.get(name)
    if op is None:
        raise Refused("unknown_op", f"There is no op `{show(name)}`.")
    return op


def _as_refusal(problem: Invalid) -> Refused:
    return Refused("invalid", str(problem), path=problem.path)
