"""Follows that come from the operator or a host: what is said of people by `sub` becomes proposals by id.

Whoever is unknown is made, unless that is not wished: then their edges are refused, and said so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from chatd.core.follows import ChangeFollows, Edge, FollowImport, MakeUsers, Step
from chatd.core.refusal import Refused
from chatd.core.values import is_bot
from chatd.core.wishes import AnyWish
from chatd.service.persons import SUB_MAX
from chatd.store.outcome import Verdict
from chatd_protocol.codec import Invalid, show
from chatd_protocol.values import SAFE_INTEGER_MAX

EDGES_MAX: Final = 500
"""Edges of one proposal."""
IMPORT_ID_MAX: Final = 128
Ask = Callable[[AnyWish], Awaitable[Verdict]]
Find = Callable[[Iterable[str]], Awaitable[dict[str, str]]]
OPS: Final = {"add": True, "remove": False}
_FIELDS: Final = frozenset({"from", "to", "op", "version"})


class Told(msgspec.Struct, frozen=True, array_like=True):
    """An edge as its source says it: `follower` and `followed` are subs."""

    follower: str
    followed: str
    on: bool = True
    version: int | None = None


def read_edge(raw: object, *, versioned: bool = False) -> Told:
    """One edge; `versioned`: it has to say which version. Raises `Invalid` with the path of the field below `$`."""
    if not isinstance(raw, dict):
        raise Invalid("$", "Expected `object`")
    for name in raw:
        if name not in _FIELDS:
            raise Invalid(f"$.{show(name, 32)}", "There is no such field: from, to, op, version")
    follower, followed = (_sub(raw, name) for name in ("from", "to"))
    op = raw.get("op", "add")
    if not isinstance(op, str) or op not in OPS:
        raise Invalid("$.op", "Expected one of `add`, `remove`")
    version = raw.get("version")
    if version is None and versioned:
        raise Invalid("$.version", "Missing required field")
    if version is not None and (type(version) is not int or not 0 <= version <= SAFE_INTEGER_MAX):
        raise Invalid("$.version", f"Expected an integer from 0 to {SAFE_INTEGER_MAX}")
    if follower == followed:
        raise Invalid("$.to", "Nobody follows themselves")
    return Told(follower, followed, OPS[op], version)


def _sub(raw: Mapping[str, Any], name: str) -> str:
    sub = raw.get(name)
    if not isinstance(sub, str) or not 1 <= len(sub) <= SUB_MAX or not sub.isprintable():
        raise Invalid(f"$.{name}", f"Expected 1 to {SUB_MAX} printable characters")
    return sub


class Follows:
    """The way in. `ask` proposes, `find` gives the ids of those subs that are users, `new_id` makes ids; `hash_sub`
    says what a sub is found by among those of erased people."""

    def __init__(self, ask: Ask, find: Find, new_id: Callable[[str], str], hash_sub: Callable[[str], str]) -> None:
        self.proposed = 0
        """How many proposals it has made."""
        self._hash_sub = hash_sub
        self._ask = ask
        self._find = find
        self._new_id = new_id

    async def change(self, told: Sequence[Told], make: bool, step: Step | None = None, act: str = "") -> list[str]:
        """Make edges so. Returns a result for each.

        Raises `Refused`: `conflict` for a step that was done or is not the next one; `unavailable`, `overloaded`… after
        which the same may be sent again.
        """
        ids = await self._users(told, make)
        edges = [Edge(ids.get(one.follower, ""), ids.get(one.followed, ""), one.on, one.version) for one in told]
        answer = await self.propose(ChangeFollows(edges, step, act))
        results: list[str] = answer["results"]
        return results

    async def _users(self, told: Sequence[Told], make: bool) -> dict[str, str]:
        subs = {sub for one in told for sub in (one.follower, one.followed)}
        ids = await self._find(sorted(subs))
        missing = {sub for sub in subs - ids.keys() if not is_bot(sub)}  # those the operator makes as such
        if make and missing:
            wish = MakeUsers([(self._new_id("u"), sub, self._hash_sub(sub)) for sub in sorted(missing)])
            ids |= (await self.propose(wish))["users"]
        return ids

    async def propose(self, wish: AnyWish) -> dict[str, Any]:
        """Have it decided. Raises `Refused`."""
        self.proposed += 1
        verdict = await self._ask(wish)
        if verdict.answer is None:
            raise Refused(verdict.code, verdict.message, **verdict.details)
        return verdict.answer


def view_import(state: FollowImport | None) -> dict[str, Any]:
    """How far an import has come, for whoever goes on with it."""
    if state is None:
        return {"line": 0, "done": False, "counts": {}, "refused": []}
    return {
        "line": state.line,
        "done": state.done,
        "at": state.at,
        "counts": state.counts,
        "refused": [list(one) for one in state.refused],
    }


def read_portion(request: Mapping[str, Any]) -> tuple[list[Told], Step, bool]:
    """A portion of an import, as the operator's program sends it. Raises `Invalid`, KeyError."""
    try:
        told = msgspec.convert(request["edges"], list[Told])
        step = msgspec.convert(request["step"], Step)
    except msgspec.ValidationError as error:
        raise Invalid("edges", show(error, 200)) from None
    if len(told) > EDGES_MAX or len(told) != len(step.lines):
        raise Invalid("edges", f"`edges` are at most {EDGES_MAX}, with a line for each")
    check_import(step.import_id)
    for one in told:
        read_edge({"from": one.follower, "to": one.followed, "version": one.version})
    return told, step, request.get("make") is not False


def check_import(import_id: object) -> str:
    """What an import may be called. Raises `Invalid`."""
    if not isinstance(import_id, str) or not 1 <= len(import_id) <= IMPORT_ID_MAX or not import_id.isprintable():
        raise Invalid("import_id", f"`import_id` is not 1 to {IMPORT_ID_MAX} printable characters")
    return import_id


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request, of which each edge is read by itself."""

    edges: list[Any]


def read_told(raw: bytes) -> list[Any]:
    """The edges of a request, unread. Raises `Invalid` for what is no body, or one with too many."""
    try:
        body = msgspec.json.decode(raw, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("$", show(error, 200)) from None
    if len(body.edges) > EDGES_MAX:
        raise Invalid("$.edges", f"Expected at most {EDGES_MAX}")
    return body.edges


async def change_told(follows: Follows, raws: Sequence[object]) -> list[dict[str, Any]]:
    """Make the edges of a host so, each with its version. Returns a result for each. Raises `Refused` as `change`."""
    results: list[dict[str, Any]] = [{} for _ in raws]
    told: list[tuple[int, Told]] = []
    for at, raw in enumerate(raws):
        try:
            told.append((at, read_edge(raw, versioned=True)))
        except Invalid as problem:
            results[at] = {"result": "refused", "path": problem.path, "problem": problem.problem}
    if told:
        done = await follows.change([one for _, one in told], True)
        for (at, _), result in zip(told, done, strict=True):
            results[at] = {"result": result}
    return results
