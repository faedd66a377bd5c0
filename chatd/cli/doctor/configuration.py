"""The settings: whether they can be read, which of them are risky, and who else can read the secrets among them."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from chatd.cli.doctor.findings import Finding
from chatd.config import Config

_LOOPBACK: Final = ("127.", "::1", "localhost")
_PASSWORD_MIN: Final = 8  # NIST SP 800-63B, section 3.1.1.2: at least 8 where a second factor is there, better 15
_HASH_KIB: Final = 19_456  # OWASP's password storage cheat sheet: Argon2id with at least 19 MiB and two passes


def check_file(path: Path | None, problems: list[str]) -> Iterator[Finding]:
    """The file itself; `problems` is what `load` says of it."""
    if problems:
        for problem in problems:
            yield Finding("fail", "config.settings", f"{problem}: mend it.", f"{problem}：请改正。")
    elif path is None:
        en = "There is no chatd.toml here and none was named: defaults and the environment count."
        yield Finding(
            "note", "config.file", en, "这里没有 chatd.toml，也没有用 --config 指定：按默认值和环境变量运行。"
        )
    else:
        yield Finding("ok", "config.file", f"{path} is read without a complaint.", f"{path} 读取正常。")


def check_values(config: Config, env: Mapping[str, str]) -> Iterator[Finding]:
    """What is allowed but risky."""
    changed = _differences(config)
    listed = ", ".join(changed[:8]) + (" …" if len(changed) > 8 else "")
    if changed:
        en, zh = (
            f"{len(changed)} settings differ from the defaults: {listed}.",
            f"{len(changed)} 项设置与默认值不同：{listed}。",
        )
        yield Finding("ok", "config.changed", en, zh)
    else:
        yield Finding("ok", "config.changed", "All settings have their defaults.", "所有设置都是默认值。")
    stray = sorted(name for name in env if name.startswith("CHATD_") and "__" not in name)
    if stray:
        en = f"{', '.join(stray)}: not settings, for those have two underscores, like CHATD_SERVER__PORT."
        yield Finding(
            "note",
            "config.environment",
            en,
            f"{', '.join(stray)} 不是设置：设置名要有两个下划线，如 CHATD_SERVER__PORT。",
        )
    for level, wrong, name, en, zh in _risks(config):
        if wrong:
            yield Finding(
                level, "config.risk", f"[{name.replace('.', '] ')}: {en}", f"[{name.replace('.', '] ')}：{zh}"
            )


def _differences(config: Config) -> list[str]:
    default = Config()
    return [
        f"[{section}] {name}"
        for section in config.__struct_fields__
        for name, value in msgspec.structs.asdict(getattr(config, section)).items()
        if value != getattr(getattr(default, section), name)
    ]


def _risks(config: Config) -> Iterator[tuple[Any, bool, str, str, str]]:
    """Level, whether it is so, the setting, and what to do."""
    server, accounts, auth = config.server, config.accounts, config.auth
    here = server.host.startswith(_LOOPBACK)
    everybody = [net for net in server.trusted_proxies if ipaddress.ip_network(net).prefixlen == 0]
    yield (
        "fail",
        bool(everybody),
        "server.trusted_proxies",
        "believes everybody, so anybody can claim any address: name the proxy alone.",
        "信任所有来源，任何人都能伪造地址：只写代理自己的地址。",
    )
    yield (
        "warn",
        not here and not server.tls_cert,
        "server.host",
        f"{server.host} without TLS: set tls_cert, or listen on 127.0.0.1 behind a proxy that has it.",
        f"{server.host} 没有 TLS：设置 tls_cert，或只监听 127.0.0.1，由前面的代理加密。",
    )
    yield (
        "warn",
        "*" in server.allowed_origins,
        "server.allowed_origins",
        "pages of every site may connect: name yours.",
        "任何网站的页面都能连接：请写明自己的网站。",
    )
    yield "warn", config.debug.echo, "debug.echo", "is for tests of the server: switch it off.", "仅供测试：请关闭。"
    yield (
        "warn",
        config.log.level == "debug",
        "log.level",
        "debug writes very much: info is for daily use.",
        "debug 日志量很大：日常请用 info。",
    )
    yield (
        "warn",
        not config.rates.on,
        "rates.on",
        "is off, so one person can keep everybody else waiting: switch it on.",
        "已关闭，一个人就能拖慢所有人：请打开。",
    )
    yield (
        "warn",
        config.store.free_disk_floor_mb == 0,
        "store.free_disk_floor_mb",
        "is 0, so the disk is filled to the last byte: keep some 200 MB.",
        "为 0，磁盘会被写满：请保留约 200 MB。",
    )
    own = accounts.signup != "off"
    yield (
        "warn",
        own and accounts.password_min < _PASSWORD_MIN,
        "accounts.password_min",
        f"is {accounts.password_min}: passwords that short are guessed; take at least {_PASSWORD_MIN}.",
        f"为 {accounts.password_min}，密码太短容易被猜到：至少 {_PASSWORD_MIN}。",
    )
    yield (
        "warn",
        own and accounts.hash_memory_kib < _HASH_KIB,
        "accounts.hash_memory_kib",
        f"is below {_HASH_KIB}: stolen password hashes are broken faster.",
        f"低于 {_HASH_KIB}：密码散列一旦泄露更容易被破解。",
    )
    yield (
        "note",
        bool(auth.jwt_secret_before),
        "auth.jwt_secret_before",
        "the old secret still opens sessions: remove it once its tokens have run out.",
        "旧密钥仍然有效：旧令牌过期后请删除。",
    )
    loopback = auth.jwks_allow_loopback or accounts.hook_allow_loopback
    name = "auth.jwks_allow_loopback" if auth.jwks_allow_loopback else "accounts.hook_allow_loopback"
    yield (
        "note",
        loopback,
        name,
        "plain http to this machine is allowed: for trials only.",
        "允许向本机发明文 http：仅供试用。",
    )
    yield "note", not config.search.on, "search.on", "search is switched off.", "搜索已关闭。"


def check_secrets(config: Config, path: Path | None) -> Iterator[Finding]:
    """Who else can read what must stay secret."""
    inside = _secrets_in(path) if path is not None else []
    if path is not None and inside:
        yield from _mode(path, f"{path} ({', '.join(inside)})")
    files = [config.state_dir() / "chatd.secret", config.sqlite_path()]
    files += [Path(name) for name in (config.server.tls_key,) if name]
    for file in files:
        if file is not None and file.exists():
            yield from _mode(file, str(file))
    folder = config.state_dir()
    if folder.is_dir() and folder.stat().st_mode & stat.S_IWOTH and not folder.stat().st_mode & stat.S_ISVTX:
        en = f"{folder}: everybody may write there, and so put a socket or a secret in its place: chmod o-w."
        yield Finding("fail", "config.modes", en, f"{folder}：任何人都能写入，可以替换套接字或密钥：请 chmod o-w。")


def _secrets_in(path: Path) -> list[str]:
    """Which secrets the file itself holds."""
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    names = {"auth": ("jwt_secret", "jwt_secret_before"), "catalogue": ("secret",)}
    found = [f"{name}" for section, keys in names.items() for name in keys if tables.get(section, {}).get(name)]
    url = str(tables.get("store", {}).get("url", ""))
    return found + (["store.url"] if "@" in url and ":" in url.partition("//")[2].partition("@")[0] else [])


def _mode(file: Path, what: str) -> Iterator[Finding]:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o007:
        en = f"{what}: everybody on this machine can read or write it ({mode:04o}): chmod 600."
        yield Finding("fail", "config.modes", en, f"{what}：本机任何人都能读写（{mode:04o}）：请 chmod 600。")
    elif mode & 0o070:
        en = f"{what}: its group can read or write it ({mode:04o}); chmod 600 unless that is meant."
        yield Finding("note", "config.modes", en, f"{what}：同组用户能读写（{mode:04o}）；若非有意请 chmod 600。")
    else:
        yield Finding("ok", "config.modes", f"{what}: {mode:04o}.", f"{what}：{mode:04o}。")
