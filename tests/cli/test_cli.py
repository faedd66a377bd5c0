"""The commands as an operator meets them: what they print, what they refuse, and the status they end with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvloop

from tests.cli.program import PATIENCE_S, Program, Served
from tests.e2e.phone import Denied, Phone


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module")
def served(program: Program) -> Iterator[Served]:
    with program.serving() as served:
        yield served


RUN_AND_LIST = """
import sys
from chatd.cli import main
try:
    main()
finally:
    print(*sys.modules)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("stats", "--json"),
        ("token", "ann"),
        ("catalogue", "import", "items.csv", "--json"),
        ("follow", "import", "edges.csv", "--json"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_needs_no_database_brings_no_library_of_the_server(
    program: Program, served: Served, arguments: tuple[str, ...]
) -> None:
    """They would make a command take twice as long."""
    (program.folder / "items.csv").write_text(
        "kind,id,rev,title,price,currency,shop_url\nproduct,pot,1,Pot,12800,CNY,https://shop.example/t\n"
    )
    (program.folder / "edges.csv").write_text("ann,ben\n")
    ended = subprocess.run(
        [sys.executable, "-c", RUN_AND_LIST, *arguments],
        cwd=program.folder,
        env=program.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    brought = {name.partition(".")[0] for name in ended.stdout.splitlines()[-1].split()}
    assert "chatd" in brought
    assert not brought & {"alembic", "litestar", "psycopg", "sqlalchemy", "textual", "uvicorn"}


@pytest.mark.parametrize(
    ("arguments", "env", "status", "says"),
    [
        (("serve",), {"CHATD_SERVER__PROT": "1"}, 2, "port"),
        (("stats",), {"CHATD_LIMITS__TEXT_MAX": "many"}, 2, "text_max"),
        (("token", "ann", "--config", "nowhere.toml"), {}, 2, "nowhere.toml"),
        (("token",), {}, 2, "SUB"),
        (("token", "ann", "--ttl", "0"), {}, 2, "ttl"),
        (("serve", "--port", "70000"), {}, 2, "port"),
        (("dance",), {}, 2, "dance"),
        (("token", ""), {"CHATD_AUTH__JWT_SECRET": "0" * 64}, 1, "sub"),
        (("token", "ann"), {"CHATD_AUTH__JWT_ALGORITHM": "RS256", "CHATD_AUTH__JWT_PUBLIC_KEY_FILE": "x"}, 1, "RS256"),
        (("serve",), {"CHATD_AUTH__JWT_ALGORITHM": "RS256", "CHATD_AUTH__JWT_PUBLIC_KEY_FILE": "x"}, 1, "x"),
        (("serve",), {"CHATD_AUTH__JWT_SECRET": "too short"}, 2, "jwt_secret"),
        (("serve", "--port", "0"), {"CHATD_STORE__URL": "postgresql://nobody@127.0.0.1:1/none"}, 1, "start"),
        (("verify",), {"CHATD_STORE__URL": "sqlite:///nowhere/chatd.db"}, 1, "no database"),
        (("token", "ann"), {}, 1, "no secret"),
        (("stats",), {"CHATD_SERVER__STATE_DIR": "nowhere"}, 1, "no server"),
        (("revoke", "ann"), {"CHATD_SERVER__STATE_DIR": "nowhere"}, 1, "no server"),
        (("search", "rebuild"), {"CHATD_SERVER__STATE_DIR": "nowhere"}, 1, "no server"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], status: int, says: str
) -> None:
    ended = Program(tmp_path).run(*arguments, **env)
    said = ended.stdout + ended.stderr
    assert ended.returncode == status, said
    assert says.lower() in said.lower()
    assert "Traceback" not in said
    assert "too short" not in said


def test_a_misspelt_setting_in_the_file_stops_the_start_and_is_explained(tmp_path: Path) -> None:
    (tmp_path / "chatd.toml").write_text("[ws]\nstall_timout_s = 5\n")
    ended = Program(tmp_path).run("serve")
    assert ended.returncode == 2
    assert "chatd.toml:2" in ended.stderr
    assert "stall_timeout_s" in ended.stderr


def test_migrate_says_from_where_to_where_and_is_done_once(tmp_path: Path) -> None:
    program = Program(tmp_path)
    first = json.loads(program.run("migrate", "--json").stdout)
    assert first["before"] is None
    second = json.loads(program.run("migrate", "--json").stdout)
    assert second == {"before": first["after"], "after": first["after"]}
    assert first["after"] in program.run("migrate").stdout


def test_a_database_that_is_served_is_not_touched(program: Program, served: Served) -> None:
    for command in ("migrate", "verify"):
        ended = program.run(command)
        assert (ended.returncode, "in use" in ended.stderr) == (1, True)
        asked = program.run(command, "--json")
        assert (asked.returncode, json.loads(asked.stderr)["error"]) == (1, "held")
    assert served.process.poll() is None


async def _hello(url: str, token: str, device: str = "phone") -> Phone:
    phone = await Phone.dial(url)
    await phone.say_hello(token, device)
    return phone


def test_stats_tells_what_goes_on(program: Program, served: Served) -> None:
    figures = json.loads(program.run("stats", "--json").stdout)
    assert (figures["url"], figures["pid"], figures["sessions"]) == (served.url, served.process.pid, 0)
    assert set(figures) >= {"commits", "deliveries", "writer_restarts", "proposals_waiting", "epoch"}
    before = {name: figures[f"{name}_all"] for name in ("people", "bots", "groups", "directs", "messages")}
    program.run("user", "add", "owner-of-one")
    program.run("group", "create", "owner-of-one", "Counted")
    program.run("bot", "create", "counted")
    now = json.loads(program.run("stats", "--json").stdout)
    grown = {name: now[f"{name}_all"] - count for name, count in before.items()}
    assert grown == {"people": 1, "bots": 1, "groups": 1, "directs": 0, "messages": 0}
    assert "people in all" in program.shown("stats").text
    shown = program.run("stats")
    assert shown.returncode == 0
    assert served.url in shown.stdout


def test_where_no_database_is_the_whole_path_is_said(tmp_path: Path) -> None:
    program = Program(tmp_path, CHATD_STORE__URL="sqlite:///data/chatd.db")
    for command in (("verify",), ("backup", "b.backup"), ("doctor",)):
        ended = program.run(*command)
        assert f"no database at {tmp_path}/data/chatd.db" in " ".join((ended.stdout + ended.stderr).split())


def test_the_search_index_can_be_looked_at_and_made_anew(program: Program, served: Served) -> None:
    figures = json.loads(program.run("search", "status", "--json").stdout)
    assert set(figures) >= {"search_lag_commits", "search_lag_ms", "search_rebuilding", "search_rebuild_total"}
    assert program.run("search", "rebuild").returncode == 0
    assert json.loads(program.run("search", "rebuild", "--json").stdout) == {}
    assert "search_lag_ms" in program.run("search", "status").stdout
    assert served.process.poll() is None


@pytest.mark.parametrize(("lang", "names"), [("C.UTF-8", "--config FILE"), ("zh_CN.UTF-8", "用 --config")])
def test_where_no_server_answers_the_whole_path_is_said_and_how_to_name_another(
    tmp_path: Path, lang: str, names: str
) -> None:
    ended = Program(tmp_path, CHATD_STORE__URL="sqlite:///data/chatd.db", LC_ALL=lang).run("stats")
    assert (ended.returncode, names in ended.stderr) == (1, True)
    assert str(tmp_path / "data" / "chatd.sock") in ended.stderr


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_a_token_in_a_wrong_folder_is_refused_and_nothing_is_made(tmp_path: Path, lang: str) -> None:
    ended = Program(tmp_path, CHATD_STORE__URL="sqlite:///chatd.db", LC_ALL=lang).run("token", "ann")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert str(tmp_path / "chatd.secret") in ended.stderr
    assert "secrets.env" in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.promise("P7", "revoked")
def test_a_minted_token_opens_a_session_and_revoking_ends_it(program: Program, served: Served) -> None:
    minted = program.run("token", "ann", "--name", "Ann 安")
    assert minted.returncode == 0
    token = minted.stdout.strip()
    secret = program.folder / "chatd.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(program.database.stat().st_mode) == 0o600

    async def story() -> None:
        phone = await _hello(served.url, token)
        tablet = await _hello(served.url, token, "tablet")
        assert phone.hello["name"] == "Ann 安"
        ended = await asyncio.to_thread(program.run, "revoke", "ann", "--device", "tablet", "--json")
        assert (ended.returncode, json.loads(ended.stdout)) == (0, {"closed": 1})
        assert await tablet.closed() == 4402
        await phone.settle()
        ended = await asyncio.to_thread(program.run, "revoke", "ann")
        assert (ended.returncode, "1 connection" in ended.stdout) == (0, True)
        assert await phone.closed() == 4402
        again = await Phone.dial(served.url)
        with pytest.raises(Denied) as refusal:
            await again.say_hello(token)
        assert refusal.value.code == "revoked"
        for each in (phone, tablet, again):
            await each.cut_off()

    uvloop.run(story())
    unknown = program.run("revoke", "nobody")
    assert (unknown.returncode, "not_found" in unknown.stderr) == (1, True)
    assert token not in "".join(served.log)


def test_serving_writing_stopping_and_verifying(tmp_path: Path) -> None:
    program = Program(tmp_path)

    async def story(url: str, token: str) -> None:
        phone = await _hello(url, token)
        group = (await phone.do("group.create", kind="private", title="A group"))["group"]
        await phone.say(group, "a secret text")
        await phone.cut_off()

    with program.serving() as served:
        token = program.run("token", "ann").stdout.strip()
        uvloop.run(story(served.url, token))
        assert served.stop() == 0
    log = "".join(served.log)
    assert "a secret text" not in log
    assert token not in log
    ended = program.run("verify", "--json")
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["problems"]) == (0, [])
    assert program.run("verify").stdout == "whole\n", "what is counted is for people, and in the JSON"
    assert program.run("verify", "--lang", "zh").stdout == "完好\n"
    bar, *counted, last = program.shown("verify", "--lang", "zh").text.replace("\n\r", "\n").rstrip("\n").split("\n")
    assert "重放各群记录" in bar
    assert last == "完好"
    assert counted
    assert [line for line in counted if not re.match(r"[\u4e00-\u9fff]", line)] == []
    assert not (tmp_path / "chatd.sock").exists()
    with contextlib.closing(sqlite3.connect(program.database)) as database, database:
        database.execute("DELETE FROM entries WHERE kind = 'message'")
    ended = program.run("verify", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["problems"]


@pytest.mark.parametrize("public", ["", "https://chat.example.com"])
def test_an_invite_that_the_operator_makes_is_printed_as_it_is_opened(tmp_path: Path, public: str) -> None:
    program = Program(tmp_path, CHATD_INVITES__PUBLIC_URL=public)
    with program.serving() as served:
        own = f"http{served.url.removeprefix('ws').removesuffix('/ws')}"
        program.run("user", "add", "ann")
        group = json.loads(program.run("group", "create", "ann", "Tea", "--json").stdout)["group"]
        printed = program.run("invite", "create", group).stdout.strip()
        assert re.fullmatch(re.escape(public or own) + r"/i/[\w-]{22}", printed)
        assert httpx.get(printed.replace(public or own, own)).status_code == 200
        told = json.loads(program.run("invite", "create", group, "--json").stdout)
        assert told["link"] == f"{public}/i/{told['token']}"
        assert "/" not in program.run("invite", "create", group, "--kind", "code").stdout


def test_the_operator_lists_invites_and_takes_them_back(program: Program, served: Served) -> None:
    token, other = (program.run("token", sub).stdout.strip() for sub in ("ina", "ivo"))

    async def story() -> None:
        ina, ivo = await _hello(served.url, token), await _hello(served.url, other)
        group = (await ina.do("group.create", kind="private", title="A group"))["group"]
        made = await ina.do("invite.create", group=group, kind="link", note="poster", max_uses=3)
        shown = await asyncio.to_thread(program.run, "invite", "list", "--group", group)
        assert (shown.returncode, made["invite"] in shown.stdout, "poster" in shown.stdout) == (0, True, True)
        lines = (await asyncio.to_thread(program.run, "invite", "list", "--json")).stdout.splitlines()
        (listed,) = [one for one in map(json.loads, lines) if one["group"] == group]
        assert (listed["invite"], listed["state"], listed["uses"]) == (made["invite"], "open", 0)
        assert made["token"] not in shown.stdout + "".join(lines)
        ended = await asyncio.to_thread(program.run, "invite", "revoke", made["invite"], "--json")
        assert json.loads(ended.stdout) == {"invite": made["invite"], "group": group}
        assert await ivo.cannot("invite.redeem", secret=made["token"]) == "invite_invalid"
        for phone in (ina, ivo):
            await phone.cut_off()

    uvloop.run(story())
    unknown = program.run("invite", "revoke", "i" + "x" * 20)
    assert (unknown.returncode, "not_found" in unknown.stderr) == (1, True)


def test_the_word_list_is_checked_tried_and_read_anew(program: Program, served: Served) -> None:
    del served
    listed = program.folder / "words.txt"
    listed.write_text("赌博\nweixin\tmask\n", encoding="utf-8")
    env = {"CHATD_WORDS__FILES": "words.txt"}
    assert program.run("words", "check", **env).stdout == "words: 2, files: 1.\n"
    tried = program.run("words", "test", "my ＷeiXin", "--json", **env)
    assert json.loads(tried.stdout)["text"] == "my ******"
    assert program.run("words", "test", "来赌博", **env).stdout.startswith("blocked.\n")
    listed.write_text("ok\tboth\n", encoding="utf-8")
    wrong = program.run("words", "check", **env)
    assert (wrong.returncode, "words.txt:1" in wrong.stderr, "ok" in wrong.stderr) == (1, True, False)
    assert (
        "words.txt 第 1 行：制表符后面应为 block 或 mask" in program.run("words", "check", "--lang", "zh", **env).stderr
    )
    assert program.run("words", "reload").stdout == "words: 0, before: 0.\n", "the running server has no files"
    assert program.run("words", "learn").returncode == 2


def test_the_audit_log_shows_what_the_operator_did(program: Program, served: Served) -> None:
    del served
    user = program.run("user", "add", "watched").stdout.strip()
    assert program.run("revoke", "watched", "--device", "phone").returncode == 0
    rows = [json.loads(line) for line in program.run("audit", "--user", user, "--json").stdout.splitlines()]
    assert [(row["act"], row.get("by"), row["details"]) for row in rows] == [
        ("user.revoke", None, {"device": "phone"}),
        ("user.add", None, {"made": True}),
    ]
    head, first, *_ = program.run("audit", "--by", "operator", "--since", "2020-01-01").stdout.splitlines()
    row = dict(zip(head.split("\t"), first.split("\t"), strict=True))
    assert (row["by"], row["act"], row["target"]) == ("operator", "user.revoke", "watched")
    assert program.run("audit", "--user", "watched", "--json").stdout.splitlines() == list(map(json.dumps, rows))
    assert program.run("audit", "--user", user, "--until", "2020-01-01").stdout == head + "\n"
    assert rows[0]["user_sub"] == "watched"
    near = program.run("audit", "--act", rows[0]["act"] + "s")
    assert (near.returncode, rows[0]["act"] in near.stderr.partition("there are: ")[2]) == (0, True)
    assert program.run("audit", "--act", rows[0]["act"]).stderr == ""
    assert program.run("audit", "--user", "nobody").returncode == 1
    assert program.run("audit", "--since", "yesterday").returncode == 2
