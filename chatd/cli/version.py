"""Which chatd this is."""

from __future__ import annotations

import platform

from chatd import __version__
from chatd_protocol import SUBPROTOCOLS


def version_line() -> str:
    """One line for people and for bug reports."""
    protocol = SUBPROTOCOLS[0].removesuffix(".json")
    return f"chatd {__version__} (protocol {protocol}, Python {platform.python_version()})"
