"""The secret of HS256 tokens, for the server and for those who mint tokens beside it. Must not build any part."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from chatd.config import Config
from chatd.core.unusable import Unusable
from chatd.service.tokens import keep_secret

SECRET_FILE: Final = "chatd.secret"  # noqa: S105 - the name of the file, not what is in it


def secret_file(config: Config) -> Path | None:
    """The file that holds the secret; None where it is set, or tokens are signed with keys."""
    if config.auth.jwt_secret or config.auth.jwt_algorithm != "HS256":
        return None
    return config.state_dir() / SECRET_FILE


def known_secret(config: Config) -> str:
    """The same secret for those who must not make one: tokens signed with it would open no server.

    Raises OSError, `Unusable` if there is none yet or the file holds none.
    """
    file = secret_file(config)
    if file is not None and not file.exists():
        raise Unusable("missing_secret", file=file.absolute())
    return secret_of(config)


def secret_of(config: Config) -> str:
    """The secret that HS256 tokens are signed with: as set, else from a file (mode 0600) made at first need.

    Raises OSError, ValueError for a file that holds none.
    """
    file = secret_file(config)
    return config.auth.jwt_secret if file is None else keep_secret(file)
