"""The settings: the sections together, and how they are loaded.

The `chatd.toml` at the root of the project lists them all; which there are is in `sections`. The environment overrides
the file: `CHATD_SERVER__PORT=8081`. An unknown name stops the start.

This package must not know any other part of chatd but `settings`, which reads. It opens nothing but the file it is
given: whether a certificate or a database exists is for whoever opens it to say. The environment is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, get_type_hints
from urllib.parse import unquote

import msgspec

from chatd.config.checks import CHECKS
from chatd.config.sections import (
    Accounts,
    Auth,
    Backup,
    Broadcasts,
    Catalogue,
    Debug,
    Follows,
    Front,
    Groups,
    Hub,
    Invites,
    Limits,
    Log,
    Messages,
    Profile,
    Rates,
    Retention,
    Search,
    Server,
    Store,
    Words,
    Ws,
)
from chatd.settings import ConfigError, Reader

__all__ = ["SOCKET_PATH_MAX", "Config", "ConfigError", "load"]

SOCKET_PATH_MAX: Final = 103
"""Bytes: `sun_path` holds 104 on macOS (108 on Linux), the closing NUL among them."""
_HMAC_KEY_MIN: Final = 32  # RFC 7518, section 3.2: a key for HS256 has at least 256 bits
_CODE_POINT_BYTES_MAX: Final = 12  # RFC 8259, section 7: a pair of \uXXXX, the longest way to write one code point
_ENVELOPE_BYTES_MAX: Final = 4096


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. Built by `load`, or in a test by naming only what differs: `Config(ws=Ws(hello_timeout_s=0.2))`."""

    server: Server = Server()
    front: Front = Front()
    store: Store = Store()
    backup: Backup = Backup()
    auth: Auth = Auth()
    accounts: Accounts = Accounts()
    ws: Ws = Ws()
    limits: Limits = Limits()
    rates: Rates = Rates()
    words: Words = Words()
    messages: Messages = Messages()
    profile: Profile = Profile()
    invites: Invites = Invites()
    hub: Hub = Hub()
    search: Search = Search()
    catalogue: Catalogue = Catalogue()
    follows: Follows = Follows()
    broadcasts: Broadcasts = Broadcasts()
    retention: Retention = Retention()
    log: Log = Log()
    debug: Debug = Debug()
    groups: Groups = Groups()

    def sqlite_path(self) -> Path | None:
        """The file of the embedded database, or None if the store is PostgreSQL."""
        prefix = "sqlite:///"
        return Path(unquote(self.store.url.removeprefix(prefix))) if self.store.url.startswith(prefix) else None

    def search_path(self) -> Path | None:
        """The file of the search index, beside the SQLite file; None on PostgreSQL, where it is tables."""
        path = self.sqlite_path()
        return path.with_suffix(".search.db") if path else None

    def state_dir(self) -> Path:
        """The folder of what the server keeps for itself: as set, else beside the SQLite file, else the current one."""
        if self.server.state_dir:
            return Path(self.server.state_dir)
        path = self.sqlite_path()
        return path.parent if path else Path()

    def admin_socket_path(self) -> Path:
        """Where `chatd revoke` and `chatd stats` find the running server."""
        if self.server.admin_socket:
            return Path(self.server.admin_socket)
        path = self.sqlite_path()
        return self.state_dir() / (f"{path.stem}.sock" if path else "chatd.sock")


def load(path: Path | None, env: Mapping[str, str]) -> Config:
    """Read the settings: the defaults, over them the file at `path` (if any), over it `CHATD_SECTION__KEY` of `env`.

    Raises ConfigError with every problem found, not only the first.
    """
    sections = get_type_hints(Config)
    values = Reader(sections, "CHATD_", CHECKS).read(path, env)
    config = Config(**{name: kind(**values[name]) for name, kind in sections.items()})
    problems = [problem for wrong, problem in _conflicts(config) if wrong]
    if problems:
        raise ConfigError(problems)
    return config


def _conflicts(config: Config) -> Iterator[tuple[bool, str]]:
    """What no setting can see by itself: whether it is wrong, and the sentence that says so."""
    server, store, auth, ws, limits = config.server, config.store, config.auth, config.ws, config.limits
    yield bool(server.tls_cert) != bool(server.tls_key), "[server] tls_cert and tls_key: set both or neither"
    path = str(config.admin_socket_path())
    yield len(path.encode()) > SOCKET_PATH_MAX, f"[server] admin_socket: over {SOCKET_PATH_MAX} bytes: {path}"
    symmetric = auth.jwt_algorithm == "HS256"
    yield symmetric and bool(auth.jwt_public_key_file), "[auth] jwt_public_key_file: HS256 takes jwt_secret instead"
    yield symmetric and bool(auth.jwks_url), "[auth] jwks_url: HS256 takes jwt_secret instead"
    keys = (auth.jwt_public_key_file, auth.jwks_url)
    yield all(keys), "[auth] jwks_url and jwt_public_key_file: set one of them"
    for name in ("jwt_secret", "jwt_secret_before"):
        secret = getattr(auth, name)
        yield not symmetric and bool(secret), f"[auth] {name}: {auth.jwt_algorithm} takes jwt_public_key_file"
        yield 0 < len(secret.encode()) < _HMAC_KEY_MIN, f"[auth] {name}: at least {_HMAC_KEY_MIN} bytes"
    neither = not symmetric and not any(keys)
    yield neither, f"[auth] jwt_public_key_file: {auth.jwt_algorithm} needs it, or jwks_url"
    yield bool(auth.jwks_url) and not auth.issuer, "[auth] issuer: jwks_url needs it, for the keys are the issuer's"
    accounts = config.accounts
    both = bool(accounts.hook_command) and bool(accounts.hook_url)
    yield both, "[accounts] hook_command and hook_url: set one of them"
    plain = accounts.hook_url.startswith("http://") and not accounts.hook_allow_loopback
    yield plain, "[accounts] hook_url: expected https://, or hook_allow_loopback for http:// on this machine"
    plain = auth.jwks_url.startswith("http://") and not auth.jwks_allow_loopback
    yield plain, "[auth] jwks_url: expected https://, or jwks_allow_loopback for http:// on this machine"
    yield ws.write_low_bytes >= ws.write_high_bytes, "[ws] write_low_bytes: must be less than write_high_bytes"
    needed = limits.text_max * _CODE_POINT_BYTES_MAX + _ENVELOPE_BYTES_MAX
    yield ws.max_message_bytes < needed, f"[ws] max_message_bytes: [limits] text_max can take {needed} bytes"
    for section, secret in (("catalogue", config.catalogue.secret), ("follows", config.follows.secret)):
        short = 0 < len(secret.encode()) < _HMAC_KEY_MIN
        yield short, f"[{section}] secret: at least {_HMAC_KEY_MIN} bytes"
    yield store.batch_max > store.queue_max, "[store] batch_max: must not exceed queue_max"
    over = limits.connections_per_user > ws.max_connections
    yield over, "[limits] connections_per_user: must not exceed [ws] max_connections"
    over = limits.private_group_limit_default > limits.group_limit_max
    yield over, "[limits] private_group_limit_default: must not exceed group_limit_max"
    over = config.groups.public_group_limit_default > config.groups.public_group_limit_max
    yield over, "[groups] public_group_limit_default: must not exceed public_group_limit_max"
