"""The folder of the demo: its settings, its database, and a token for everybody in a file that only its owner reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from chatd.config import SOCKET_PATH_MAX, Config, load
from chatd.demo.community import BOTS, PEOPLE
from chatd.demo.seed import Ids, url_of
from chatd.secret import secret_of
from chatd.service.tokens import mint

TOKEN_TTL_S: Final = 7 * 86_400
CONFIG: Final = """\
# Written at every start of the demo. Use it with the other commands: `chatd stats --config {path}`.
[server]
port = {port}

[store]
url = "{url}"

[log]
format = "console"
"""


def database_of(folder: Path) -> Path:
    """The file of the embedded database."""
    return folder / "chatd.db"


def token_path(folder: Path, sub: str) -> Path:
    """Where the token of somebody lies."""
    return folder / f"{sub}.token"


def prepare(folder: Path, port: int) -> Config:
    """Make the folder and its settings, which the environment does not override. Raises OSError, ValueError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "chatd.toml"
    url = url_of(database_of(_from_anywhere(folder)))
    write_private(path, CONFIG.format(path=path, port=port, url=url))
    return load(path, {})


def _from_anywhere(folder: Path) -> Path:
    """The folder by a name that is good wherever the commands are typed, where one for a socket may be that long."""
    absolute = folder.absolute()
    return absolute if len(os.fsencode(absolute / "chatd.sock")) <= SOCKET_PATH_MAX else folder


def write_tokens(folder: Path, config: Config, ids: Ids, now_s: int) -> None:
    """Give everybody a fresh token, and each bot its own. Raises OSError, ValueError for a broken secret."""
    secret = secret_of(config)
    for name in BOTS:
        write_private(token_path(folder, name), ids.bot_token(name) + "\n")
    for sub, name in PEOPLE.items():
        write_private(token_path(folder, sub), mint(secret, sub, name, now_s, TOKEN_TTL_S) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step by one of mode 0600, so that nobody ever reads half of it or too much."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
