"""`chatd backup` and `chatd restore` as an operator types them: what they say, refuse, and end with."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatd.backup.trouble import Trouble
from chatd.cli.texts.backups import TEXTS
from chatd.cli.troubles import text
from tests.cli.program import PATIENCE_S, Program
from tests.pg import PostgresServer
from tests.store.kit import Store, recall
from tests.store.town import build_town


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A folder with a database in which everything has happened once."""
    program = Program(tmp_path)
    assert program.run("migrate").returncode == 0
    with Store(f"sqlite:///{program.database}") as store:
        build_town(store)
    return program


def told(program: Program, *arguments: str, status: int = 0, **env: str) -> dict[str, Any]:
    """What a command says to programs; on standard error what went wrong."""
    ended = program.run(*arguments, "--json", **env)
    assert ended.returncode == status, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout if status == 0 else ended.stderr)
    return said


def test_beside_a_running_server_it_is_made_and_noted(program: Program) -> None:
    with program.serving():
        made = told(program, "backup", "a.backup", "--verify")
        assert (made["audited"], made["problems"]) == (True, [])
        (row,) = [json.loads(line) for line in program.run("audit", "--json", "--act", "backup").stdout.splitlines()]
        assert row["details"] == {"n": made["n"], "bytes": made["bytes"]}
        assert (program.folder / "a.backup").stat().st_size == made["bytes"]
        refused = told(program, "restore", "a.backup", "--force", status=1)
        assert refused["error"] == "held"
        assert told(program, "restore", "a.backup", "--dry-run")["dry_run"] is True
    assert told(program, "backup", "b.backup")["audited"] is False


def test_in_a_folder_it_gets_a_name_by_the_time(program: Program) -> None:
    (program.folder / "kept").mkdir()
    made = told(program, "backup", "kept")
    (file,) = (program.folder / "kept").iterdir()
    assert made["file"] == f"kept/{file.name}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_is_restored_in_another_folder_and_served_there(program: Program, tmp_path_factory: Any) -> None:
    made = told(program, "backup", "a.backup")
    other = Program(tmp_path_factory.mktemp("elsewhere"))
    done = told(other, "restore", str(program.folder / "a.backup"))
    assert (done["to"], done["kept"], done["ledger"]) == (str(other.database), None, None)
    assert done["counts"] == made["counts"]
    assert told(other, "verify")["problems"] == []
    assert "chatd.secret" in other.run("restore", str(program.folder / "a.backup"), "--force").stdout
    done = told(other, "restore", str(program.folder / "a.backup"), "--force")
    with other.serving():
        stats = told(other, "stats")
        assert stats["epoch"] == done["epoch"]


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_a_folder_that_a_restore_makes_is_told_and_one_without_a_parent_refused(program: Program, lang: str) -> None:
    told(program, "backup", "a.backup")
    far = program.folder / "no" / "where" / "chatd.db"
    assert told(program, "restore", "a.backup", "--to", f"sqlite:///{far}", status=1)["error"] == "no_folder"
    there = program.folder / "there" / "chatd.db"
    place = ("restore", "a.backup", "--to", f"sqlite:///{there}")
    assert program.run(*place, "--dry-run").returncode == 0
    assert not there.parent.exists()
    assert str(there.parent) + "\n" in program.run(*place, LC_ALL=lang).stdout
    assert there.exists()


def test_ctrl_c_in_a_backup_is_no_trouble_with_the_database(program: Program) -> None:
    script = (
        "import os, signal, sys, chatd.cli, chatd.backup.making as making\n"
        "making._STEPS, look = 1, making._Watch.look\n"
        "making._Watch.look = lambda self: os.kill(os.getpid(), signal.SIGINT) or look(self)\n"
        "chatd.cli.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, "backup", "a.backup"],
        cwd=program.folder, env=program.env, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, "")
    assert not list(program.folder.glob("a.backup*"))


def test_from_the_embedded_database_to_postgresql_and_back(program: Program, postgres: PostgresServer) -> None:
    with postgres.fresh_database() as url:
        told(program, "backup", "a.backup")
        done = told(program, "restore", "a.backup", "--to", url)
        assert done["to"] == "postgresql", "an address may hold a password"
        told(program, "backup", "b.backup", "--verify", CHATD_STORE__URL=url)
        told(program, "restore", "b.backup", "--to", f"sqlite:///{program.folder / 'third.db'}")
        assert told(program, "verify", CHATD_STORE__URL=f"sqlite:///{program.folder / 'third.db'}")["problems"] == []


def test_what_was_recalled_since_is_told_from_the_ledger_kept_beside_it(program: Program) -> None:
    told(program, "backup", "a.backup")
    with Store(f"sqlite:///{program.database}") as store:
        store.done(recall("ann", "tea", 3))
    rows = told(program, "verify")["counts"]["ledger"]
    assert told(program, "backup", "ledger.ndjson", "--ledger-only") == {"file": "ledger.ndjson", "added": rows}
    program.database.unlink()
    ledger = "ledger.ndjson"
    done = told(program, "restore", "a.backup", CHATD_BACKUP__LEDGER=ledger)
    assert (done["again"], done["ledger"]) == ({"recall": 1}, "ledger.ndjson")
    missing = told(program, "restore", "a.backup", "--force", status=1, CHATD_BACKUP__LEDGER="no.ndjson")
    assert missing["error"] == "missing_ledger"
    said = program.run("restore", "a.backup", "--force", "--no-ledger", CHATD_BACKUP__LEDGER=ledger)
    assert said.returncode == 0
    assert ".before-" in said.stdout


@pytest.mark.parametrize(("lang", "words"), [("en_US.UTF-8", "is no backup"), ("zh_CN.UTF-8", "不是 chatd 的备份")])
def test_what_is_wrong_is_said_in_a_sentence(program: Program, lang: str, words: str) -> None:
    (program.folder / "letter").write_text("to my aunt\n" * 100)
    ended = program.run("restore", "letter", "--force", LC_ALL=lang)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_codes_of_what_is_wrong_are_for_programs(program: Program) -> None:
    assert told(program, "restore", "none.backup", status=1)["error"] == "no_file"
    told(program, "backup", "a.backup")
    assert told(program, "backup", "a.backup", status=1)["error"] == "exists"
    told(program, "backup", "0.backup")  # the newest by its time, not by its name
    assert told(program, "restore", ".", status=1)["error"] == "a_folder"
    assert "最新的是 0.backup" in program.run("restore", ".", LC_ALL="zh_CN.UTF-8").stderr
    (program.folder / "empty").mkdir()
    assert told(program, "restore", "empty", status=1)["error"] == "no_file"
    assert told(program, "restore", "a.backup", status=1)["error"] == "not_empty"
    assert told(program, "backup", "no/such/folder.backup", status=1)["error"] == "no_folder"
    missing = f"sqlite:///{program.folder / 'none.db'}"
    assert told(program, "backup", "b.backup", status=1, CHATD_STORE__URL=missing)["error"] == "no_database"
    assert told(program, "backup", "l", "--ledger-only", status=1, CHATD_STORE__URL=missing)["error"] == "no_database"
    told(program, "restore", "a.backup", "--ledger", "x", "--no-ledger", status=2)


def test_every_trouble_has_its_words_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    sources = Path(__file__).parents[2] / "chatd" / "backup"
    raised = {code for file in sources.glob("*.py") for code in re.findall(r'Trouble\("(\w+)"', file.read_text())}
    assert raised <= {key.removeprefix("trouble_") for key in TEXTS}
    places = dict.fromkeys(re.findall(r"{(\w+)", str(TEXTS)), "x")
    for key in TEXTS:
        if key.startswith("trouble_"):
            for lang in ("en_US.UTF-8", "zh_CN.UTF-8"):
                monkeypatch.setenv("LC_ALL", lang)
                assert text(key, **places)
    assert str(Trouble("exists", file="a")) == "exists file=a"
