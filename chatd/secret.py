"""The secret of HS256 tokens, for the server and for those who mint tokens beside it. Must not build any part."""

from __future__ import annotations

from typing import Final

from chatd.config import Config
from chatd.service.tokens import keep_secret

SECRET_FILE: Final = "chatd.secret"  # noqa: S105 - the name of the file, not what is in it


def secret_of(config: Config) -> str:
    """The secret that HS256 tokens are signed with: as set, else from a file (mode 0600) made at first need.

    Raises OSError, ValueError for a file that holds none.
    """
    if config.auth.jwt_secret or config.auth.jwt_algorithm != "HS256":
        return config.auth.jwt_secret
    return keep_secret(config.state_dir() / SECRET_FILE)
