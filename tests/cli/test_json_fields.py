"""The reference names the fields of each command's JSON: every one is run, and has exactly these."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop

from chatd.admin.socket import call
from docs.reference.cli import commands
from docs.reference.fields import FIELDS
from tests.cli.program import Program
from tests.e2e.phone import Phone

SETTINGS: Final = """
[accounts]
signup = "invite"
hash_memory_kib = 8
hash_passes = 1
[search]
on = true
"""
ITEM: Final = {"kind": "product", "id": "p1", "rev": 1, "title": "Teapot", "price": 1, "currency": "CNY"}
WITH_SERVER: Final = """
user add ann --name Ann
user add ben
user add gil --name Gil
user add cat
user list --limit 1
user tag ann staff
user disable cat
user enable cat
user account dan --name Dan
user code
token ann
revoke cat
bot create helper
bot list --limit 1
bot show helper
bot token helper
bot scopes helper read,send
bot disable helper
bot enable helper
follow add ann ben
follow add ben ann
follow check ann ben
follow list ann
follow import edges.ndjson
follow remove ben ann
catalogue import items.ndjson
catalogue list product --limit 1
catalogue show product p1
group create ann Tea --kind public
group list --limit 1
member add GROUP ben
member add GROUP gil
user show gil
member add GROUP cat
group list --limit 1
group show GROUP
group update GROUP --title Tee
group set-limit GROUP 50
group restrict GROUP --minutes 5
group unrestrict GROUP
group notice GROUP hello
member list GROUP
member role GROUP ben admin
member restrict GROUP cat --minutes 5
member list GROUP
member unrestrict GROUP cat
member kick GROUP cat
member ban GROUP cat --reason spam
member list GROUP --banned
ban list
member unban GROUP cat
ban add GROUP cat
ban remove GROUP cat
invite create GROUP --days 1 --note poster
invite create GROUP --kind code --uses 3
invite list --group GROUP
invite revoke INVITE
request list
request approve GROUP eve
request decline GROUP fay
broadcast send spring Hello --all
broadcast send spring Hello --all --yes
broadcast list
broadcast show spring
broadcast results spring
broadcast cancel later
retention show
retention set GROUP --days 3
retention show GROUP
retention run
retention run --yes
search status
search rebuild
words check
words test hello
words reload
stats
top --once --interval 0.2
audit --limit 20
export group GROUP --out .
export user ann --out .
group transfer GROUP ben
erase cat
erase cat --yes
group dissolve GROUP
catalogue delete product p1
doctor
backup a.backup --verify
backup l.ndjson --ledger-only
"""
AFTER: Final = """
migrate
verify
restore a.backup --to OTHER
"""
BEGUN: Final = {"group create": "group", "invite create": "invite"}
"""What later lines name in capitals."""
SOMETIMES: Final = {"ended", "broadcasts[].ended", "groups[].gone", "users[].name"}
"""What there is as soon as something has ended, which may be before or after one asks; and a name, of who has one."""


def fields_of(value: Any, of: str = "") -> Iterator[str]:
    """The names in an answer, also of the things in its lists; what is in other objects is not told."""
    for name, inner in value.items():
        yield of + name
        if isinstance(inner, list):
            for one in inner:
                if isinstance(one, dict):
                    yield from fields_of(one, f"{of}{name}[].")


def run_all(folder: Path) -> dict[str, set[str]]:
    """The fields of each command's answers. What only clients or the clock begin is begun for it."""
    (folder / "chatd.toml").write_text(SETTINGS)
    (folder / "edges.ndjson").write_text('{"from": "ann", "to": "cat"}\nodd\n')
    (folder / "items.ndjson").write_text(json.dumps(ITEM | {"shop_url": "https://shop/p"}) + "\n{}\n")
    program = Program(folder)
    names = sorted((name.removeprefix("chatd ") for name, _ in commands()), key=len, reverse=True)
    found: dict[str, set[str]] = defaultdict(set)
    known = {"OTHER": f"sqlite:///{folder / 'other.db'}"}

    def run(line: str) -> None:
        ended = program.run(*(known.get(word, word) for word in line.split()), "--json")
        assert ended.stdout, (line, ended.stderr)
        name = next(name for name in names if line.startswith(name))
        for one in ended.stdout.splitlines():
            answer = json.loads(one)
            found[name].update(fields_of(answer))
            if noun := BEGUN.get(name):
                known[noun.upper()] = answer[noun]

    with program.serving() as served:
        for line in WITH_SERVER.strip().splitlines():
            if line == "request list":
                tokens = [
                    json.loads(program.run("token", who, "--json").stdout)["token"] for who in ("ann", "eve", "fay")
                ]
                uvloop.run(_ask_to_come_in(served.url, known["GROUP"], *tokens))
            if line == "broadcast cancel later":
                call(folder / "chatd.sock", "broadcast.plan", broadcast="later", kind="text", body={"text": "Hello"})
            run(line)
    for line in AFTER.strip().splitlines():
        run(line)
    return found


async def _ask_to_come_in(url: str, group: str, owner: str, *others: str) -> None:
    for token in (owner, *others):
        phone = await Phone.dial(url)
        await phone.say_hello(token)
        if token == owner:
            await phone.do("group.entry", group=group, entry="approval")
        else:
            await phone.do("request.create", group=group, answer="hello")
        await phone.cut_off()


@pytest.mark.relaxed_durability
def test_every_command_has_exactly_the_fields_that_the_reference_names(tmp_path: Path) -> None:
    found = run_all(tmp_path)
    with_json = {
        name.removeprefix("chatd ")
        for name, command in commands()
        if any("--json" in param.opts for param in command.params)
    }
    assert set(FIELDS) == with_json
    told = {name: set(fields.split()) for name, fields in FIELDS.items()}
    for name, fields in told.items():
        assert fields - SOMETIMES <= found[name] <= fields, name
