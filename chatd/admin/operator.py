"""What an act works with."""

from __future__ import annotations

from typing import NamedTuple

from chatd.hub.hub import Hub
from chatd.hub.retention import Retention
from chatd.service.accounts import Accounts
from chatd.service.bots import BotTokens


class Operator(NamedTuple):
    """The running server, as its operator sees it. `url` is where clients connect."""

    hub: Hub
    url: str
    accounts: Accounts | None
    """None where there are no accounts of our own."""
    bots: BotTokens
    retention: Retention
