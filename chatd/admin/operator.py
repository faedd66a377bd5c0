"""What an act works with."""

from __future__ import annotations

from typing import NamedTuple

from chatd.hub.hub import Hub


class Operator(NamedTuple):
    """The running server, as its operator sees it. `url` is where clients connect."""

    hub: Hub
    url: str
