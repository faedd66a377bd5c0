"""Ports for servers that are killed and come back: free now, and not handed out to anybody meanwhile.

A port that the system chose (bind to 0) is one of those that it gives to every connection made and every listener that
asks for any: while its server is down, somebody else may have it. Those below are only given to who names them.
"""

from __future__ import annotations

import random
import socket
from typing import Final

RANGE: Final = range(20_000, 32_000)
"""Below what Linux (32768) and macOS (49152) hand out."""
TRIES: Final = 200


def free_port() -> int:
    """One that nobody listens on, drawn by chance, so that two who ask at once do not get the same."""
    for port in random.SystemRandom().sample(RANGE, TRIES):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"none of {TRIES} ports is free")
