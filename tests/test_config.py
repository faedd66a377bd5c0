"""The settings: all of them are documented, none is taken silently, and an error says what to change and where."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.config import Config, ConfigError, load
from chatd.config.sections import Auth, Limits, Server, Store, Ws

ROOT = Path(__file__).parent.parent
SECRET = "correct-horse-battery-staple-0123456789"
ALL_SETTINGS = [
    (section, field.name) for section, kind in get_type_hints(Config).items() for field in msgspec.structs.fields(kind)
]


def defaults() -> dict[str, Any]:
    return {
        section: {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()}
        for section, settings in msgspec.to_builtins(Config()).items()
    }


def as_env(config: Config) -> dict[str, str]:
    """All settings of `config` as variables."""
    return {
        f"CHATD_{section}__{key}".upper(): spell(getattr(getattr(config, section), key))
        for section, key in ALL_SETTINGS
    }


def spell(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "chatd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None, env: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, env or {})
    return caught.value.problems


# --- chatd.toml is the list of the settings --------------------------------------------------------------------------


def test_chatd_toml_lists_exactly_the_settings_with_their_defaults_in_the_same_order() -> None:
    listed = tomllib.loads((ROOT / "chatd.toml").read_text(encoding="utf-8"))
    assert listed == defaults()
    assert [(section, key) for section, table in listed.items() for key in table] == ALL_SETTINGS
    for section, key in ALL_SETTINGS:  # `==` does not tell False from 0
        assert isinstance(listed[section][key], bool) == isinstance(defaults()[section][key], bool)


def test_chatd_toml_has_one_line_of_comment_on_each_setting() -> None:
    lines = (ROOT / "chatd.toml").read_text(encoding="utf-8").splitlines()
    body = lines[lines.index("[server]") :]
    comments = set()
    for before, comment, line in zip(body, body[1:], body[2:], strict=False):
        if re.match(r"[a-z_]+ = ", line):
            assert re.match(r"# \S.{10,}[.\w]$", comment), f"no comment above: {line}"
            assert not before.startswith("#"), f"more than one line of comment above: {line}"
            comments.add(comment)
    assert len(comments) == len(ALL_SETTINGS), "two settings have the same comment"


def test_chatd_toml_itself_loads_as_the_defaults() -> None:
    assert load(ROOT / "chatd.toml", {}) == load(None, {}) == Config()


def test_every_setting_is_read_by_some_part() -> None:
    """A setting that nothing looks at would promise what is not there."""
    own = {*(ROOT / "chatd" / "config").glob("*.py"), ROOT / "chatd" / "settings.py"}
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "chatd").rglob("*.py") if path not in own)
    # A place is read where the methods of Config say which it is.
    by_method = {("server", "admin_socket"): "admin_socket_path", ("server", "state_dir"): "state_dir"}
    names = {setting: by_method.get(setting, setting[1]) for setting in ALL_SETTINGS}
    assert [setting for setting, name in names.items() if not re.search(rf"[.\"]{name}\b", code)] == []


# --- where a value comes from ----------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, '[server]\nport = 1000\nhost = "::1"\n[ws]\nhello_timeout_s = 3\n')
    config = load(path, {"CHATD_SERVER__PORT": "2000", "PATH": "/bin"})
    assert (config.server.port, config.server.host, config.ws.hello_timeout_s) == (2000, "::1", 3.0)
    assert config.ws.ping_timeout_s == Ws().ping_timeout_s


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ()),
        ("10.0.0.1", ("10.0.0.1",)),
        ("10.0.0.0/8, ::1 ,", ("10.0.0.0/8", "::1")),
        ('["10.0.0.0/8", "::1"]', ("10.0.0.0/8", "::1")),
        (" []", ()),
    ],
)
def test_a_list_in_the_environment_is_comma_separated_or_toml(raw: str, expected: tuple[str, ...]) -> None:
    assert load(None, {"CHATD_SERVER__TRUSTED_PROXIES": raw}).server.trusted_proxies == expected


def test_the_environment_gives_every_kind_of_value_its_type() -> None:
    env = {
        "CHATD_DEBUG__ECHO": "true",
        "CHATD_WS__HELLO_TIMEOUT_S": "0.25",
        "CHATD_WS__PING_TIMEOUT_S": "7",
        "CHATD_STORE__QUEUE_MAX": "30_000",
        "CHATD_STORE__URL": "postgresql://chatd:a=b#c@db/chatd?sslmode=require",
        "CHATD_LOG__FORMAT": "console",
        "CHATD_AUTH__AUDIENCE": "true",
    }
    config = load(None, env)
    assert config.debug.echo is True
    assert (config.ws.hello_timeout_s, config.ws.ping_timeout_s) == (0.25, 7.0)
    assert isinstance(config.ws.ping_timeout_s, float)
    assert (config.store.queue_max, config.store.url) == (30_000, env["CHATD_STORE__URL"])
    assert (config.log.format, config.auth.audience) == ("console", "true")


def test_variables_without_a_double_underscore_are_not_settings() -> None:
    assert load(None, {"CHATD_PORT": "tcp://10.0.0.1:8080", "CHATD_SERVER_PORT": "x", "XCHATD_A__B": "1"}) == Config()


def test_every_setting_can_be_set_from_the_environment() -> None:
    env = as_env(Config())
    assert len(env) == len(ALL_SETTINGS)
    assert load(None, env) == Config()


# --- unknown names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("[server]\nhost = 'a'\nprot = 1\n", 3, "did you mean port?"),
        ("\n[sever]\nport = 1\n", 2, "did you mean [server]?"),
        ("[server]\njwt_secret = 'x'\n", 2, "did you mean [auth] jwt_secret?"),
        ("port = 1\n", 1, "did you mean [server] port?"),
        ("server.prot = 1\n", 1, "did you mean port?"),
        ("[ws]\n[server]\n[log.levels]\na = 1\n", None, "did you mean level?"),
        ("log = 'debug'\n", 1, "write [log]"),
        ("[[store]]\nurl = 'sqlite:///x'\n", None, "write [store]"),
        ("[ws]\n'hello_timeout' = 1\n", 2, "did you mean hello_timeout_s?"),
    ],
)
def test_an_unknown_name_in_the_file_stops_the_start(tmp_path: Path, text: str, line: int | None, hint: str) -> None:
    path = written(tmp_path, text)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert hint in problem


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CHATD_SERVER__PROT", "CHATD_SERVER__PORT"),
        ("CHATD_SEVER__PORT", "CHATD_SERVER__PORT"),
        ("CHATD_server__port", "CHATD_SERVER__PORT"),
        ("CHATD_Server__PORT", "CHATD_SERVER__PORT"),
        ("CHATD_SERVER__", "CHATD_SERVER__"),
        ("CHATD___PORT", "CHATD_SERVER__PORT"),
        ("CHATD_AUTH__JWT__SECRET", "CHATD_AUTH__JWT_SECRET"),
    ],
)
def test_an_unknown_variable_stops_the_start(name: str, nearest: str) -> None:
    (problem,) = problems(None, {name: "1"})
    assert problem.startswith(f"{name}: ")
    assert f"did you mean {nearest}" in problem


# --- values that will not do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server]\nport = 70000", "[server] port: expected `int` <= 65535"),
        ("[server]\nport = -1", "[server] port: expected `int` >= 0"),
        ("[server]\nport = '80'", "[server] port: expected `int`, got `str`"),
        ("[server]\nport = true", "[server] port: expected `int`, got `bool`"),
        ("[server]\nport = 1979-05-27", "[server] port: expected `int`"),
        ("[server]\nport = " + "9" * 40, "[server] port: expected `int` <= 65535"),
        ("[server]\nhost = ''", "[server] host: expected `str` of length >= 1"),
        ("[server]\nhost = 'a b'", "[server] host: it holds"),
        ("[server]\ntls_cert = '''a\nb'''", "[server] tls_cert: it holds"),
        ("[server]\ntrusted_proxies = 'x'", "[server] trusted_proxies: expected `array`, got `str`"),
        ("[server]\ntrusted_proxies = [1]", "[server] trusted_proxies: expected `str`, got `int`"),
        ("[server]\ntrusted_proxies = ['10.0.0.1/8']", "[server] trusted_proxies: expected addresses or networks"),
        ("[server]\nallowed_origins = ['https://a.example/']", "[server] allowed_origins: expected '*' or origins"),
        ("[ws]\nhello_timeout_s = nan", "[ws] hello_timeout_s: expected `float` > 0"),
        ("[ws]\nhello_timeout_s = inf", "[ws] hello_timeout_s: expected `float` <= 3600"),
        ("[limits]\ntext_max = 4001", "[limits] text_max: expected `int` <= 4000"),
        ("[log]\nlevel = 'inof'", "[log] level: expected one of debug, info, warning, error"),
        ("[log]\nlevel = 3", "[log] level: expected one of debug, info, warning, error"),
        ("[debug]\necho = 1", "[debug] echo: expected `bool`, got `int`"),
        ("[store]\nurl = 'sqlite://chatd.db'", "[store] url: expected sqlite:///relative/path"),
        ("[store]\nurl = 'sqlite:///:memory:'", "[store] url: expected sqlite:///relative/path"),
        ("[store]\nurl = 'sqlite:///'", "[store] url: expected sqlite:///relative/path"),
        ("[store]\nurl = 'mysql://a/b'", "[store] url: expected sqlite:///relative/path"),
    ],
)
def test_a_value_that_will_not_do_names_the_setting_and_the_bound(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:2: {says}")


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("CHATD_SERVER__PORT", "eighty", "[server] port: expected a whole number"),
        ("CHATD_SERVER__PORT", "", "[server] port: expected a whole number"),
        ("CHATD_SERVER__PORT", "1\nother = 2", "[server] port: expected a whole number"),
        ("CHATD_SERVER__PORT", "80.5", "[server] port: expected `int`, got `float`"),
        ("CHATD_SERVER__DRAIN_S", "10s", "[server] drain_s: expected a number"),
        ("CHATD_DEBUG__ECHO", "yes", "[debug] echo: expected true or false"),
        ("CHATD_SERVER__TRUSTED_PROXIES", "[1", "[server] trusted_proxies: expected a list"),
        ("CHATD_SERVER__TLS_KEY", "a\udcffb", "[server] tls_key: it holds"),
        ("CHATD_WS__HELLO_TIMEOUT_S", "[" * 100_000, "[ws] hello_timeout_s: expected a number"),
    ],
)
def test_a_bad_variable_names_itself_the_setting_and_the_bound(name: str, raw: str, says: str) -> None:
    (problem,) = problems(None, {name: raw})
    assert problem.startswith(f"{name}: {says}")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 70000\nprot = 1\n")
    assert len(problems(path, {"CHATD_LOG__LEVEL": "loud"})) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[server\n", "not TOML: "),
        (b"[server]\nport = 1\nport = 2\n", "not TOML: "),
        (b"a = " + b"[" * 100_000, "not TOML: "),
        (b"a = " + b"9" * 10_000, "not TOML: "),
        (b"[log]\nlevel = '\xff'\n", "not UTF-8 at byte 15"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "chatd.toml"
    path.write_bytes(text)
    (problem,) = problems(path)
    assert problem.startswith(f"{path}: {says}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == (f"{tmp_path / 'none.toml'}: No such file or directory",)


# --- settings that must fit each other -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({"SERVER__TLS_CERT": "cert.pem"}, "[server] tls_cert and tls_key"),
        ({"SERVER__TLS_KEY": "key.pem"}, "[server] tls_cert and tls_key"),
        ({"SERVER__ADMIN_SOCKET": "/tmp/" + "a" * 99}, "[server] admin_socket"),
        ({"STORE__URL": "sqlite:////tmp/" + "a" * 100}, "[server] admin_socket"),
        ({"AUTH__JWT_PUBLIC_KEY_FILE": "key.pem"}, "[auth] jwt_public_key_file"),
        ({"AUTH__JWT_ALGORITHM": "ES256"}, "[auth] jwt_public_key_file"),
        (
            {"AUTH__JWT_ALGORITHM": "RS256", "AUTH__JWT_SECRET": SECRET, "AUTH__JWT_PUBLIC_KEY_FILE": "key.pem"},
            "[auth] jwt_secret",
        ),
        ({"AUTH__JWT_SECRET": "a" * 31}, "[auth] jwt_secret: at least 32 bytes"),
        ({"WS__WRITE_LOW_BYTES": "262144"}, "[ws] write_low_bytes"),
        ({"WS__MAX_MESSAGE_BYTES": "52095"}, "[ws] max_message_bytes"),
        ({"STORE__QUEUE_MAX": "2047"}, "[store] batch_max"),
        ({"WS__MAX_CONNECTIONS": "19"}, "[limits] connections_per_user"),
        ({"LIMITS__GROUP_LIMIT_MAX": "99"}, "[limits] private_group_limit_default"),
    ],
)
def test_settings_that_contradict_each_other_are_named(env: dict[str, str], names: str) -> None:
    (problem,) = problems(None, {f"CHATD_{name}": raw for name, raw in env.items()})
    assert problem.startswith(names)


@pytest.mark.parametrize(
    "config",
    [
        Config(server=Server(tls_cert="cert.pem", tls_key="key.pem")),
        Config(auth=Auth(jwt_secret="é" * 16)),
        Config(auth=Auth(jwt_algorithm="EdDSA", jwt_public_key_file="key.pem")),
        Config(ws=Ws(write_low_bytes=262_143, max_message_bytes=52_096)),
        Config(store=Store(batch_max=2048, queue_max=2048)),
        Config(limits=Limits(private_group_limit_default=50, group_limit_max=50)),
        Config(server=Server(allowed_origins=("*", "https://a.example:8443", "http://[::1]:80"))),
    ],
)
def test_what_fits_just_so_is_taken(config: Config) -> None:
    assert load(None, as_env(config)) == config


# --- secrets and places ----------------------------------------------------------------------------------------------


def test_a_settings_object_shows_no_secret() -> None:
    env = {"CHATD_AUTH__JWT_SECRET": SECRET, "CHATD_STORE__URL": "postgresql://chatd:pass/word@db/chatd?password=other"}
    shown = repr(load(None, env))
    assert "jwt_secret='***'" in shown
    assert not any(secret in shown for secret in (SECRET, "pass/", "word@", "other"))


@given(st.text(max_size=40))
def test_an_error_never_holds_a_secret(text: str) -> None:
    secret = f"§{text}"  # a sign that no message has by itself
    env = {
        "CHATD_AUTH__JWT_SECRET": f"\n{secret}",
        "CHATD_AUTH__JWT_SECRETS": secret,
        "CHATD_STORE__URL": f"postgres://chatd:{secret}@db/chatd",
    }
    assert not any("§" in problem for problem in problems(None, env))


@pytest.mark.parametrize(
    ("config", "sqlite", "state", "socket"),
    [
        (Config(), "chatd.db", ".", "chatd.sock"),
        (Config(store=Store(url="sqlite:////var/lib/a.db")), "/var/lib/a.db", "/var/lib", "/var/lib/a.sock"),
        (Config(store=Store(url="sqlite:////srv/a%20b/c.db")), "/srv/a b/c.db", "/srv/a b", "/srv/a b/c.sock"),
        (Config(store=Store(url="postgresql://db/a")), None, ".", "chatd.sock"),
        (Config(server=Server(state_dir="/run/c")), "chatd.db", "/run/c", "/run/c/chatd.sock"),
        (Config(server=Server(admin_socket="/run/x", state_dir="s")), "chatd.db", "s", "/run/x"),
    ],
)
def test_the_server_keeps_its_own_files_beside_the_database(
    config: Config, sqlite: str | None, state: str, socket: str
) -> None:
    assert config.sqlite_path() == (Path(sqlite) if sqlite else None)
    assert config.state_dir() == Path(state)
    assert config.admin_socket_path() == Path(socket)
