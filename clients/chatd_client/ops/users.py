"""People by id or by name."""

from __future__ import annotations

from collections.abc import Sequence

from chatd_client.ops.asks import Asks
from chatd_protocol import session


class UserOps(Asks):
    """Part of `Client`."""

    async def get_users(self, users: Sequence[str] = (), subs: Sequence[str] = ()) -> list[session.User]:
        """People by id, or by the `sub` of their tokens, 100 each at most. Unknown ones are left out."""
        return (await self.ask(session.GetUsers(list(users), list(subs)), session.GetUsersOk)).users
