"""What a command does to live sessions beside its entries: looked up when its verdict has come, by op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from chatd_protocol import users as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session

Effect = Callable[["Session", Any, dict[str, Any]], None]


def end_device(session: Session, request: wire.RevokeDevice, answer: dict[str, Any]) -> None:
    """`device.revoke`: close what the tokens opened that are refused from now on.

    A repetition gets the first answer and closes nothing that was opened with a newer token.
    """
    assert session.person is not None
    session.hub.end_sessions(session.person.user, request.device, answer["before"])


EFFECTS: Final[Mapping[str, Effect]] = {"device.revoke": end_device}
