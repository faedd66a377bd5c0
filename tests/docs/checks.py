"""How blocks are tried that cannot run here: they want root, another machine, or a program that few have.

Each takes the text of the block and the folder of the page, and raises AssertionError for what is wrong.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from tests.docs.blocks import ROOT

WAIT_S: Final = 60
DIRECTIVES: Final = re.compile(
    r"server|listen|server_name|ssl_certificate(_key)?|location|proxy_(pass|http_version|set_header|buffering)"
    r"|proxy_(read|send)_timeout|upstream|keepalive|map|default|''|return|client_max_body_size|allow|deny"
)


def nginx(text: str, folder: Path) -> None:
    """Statements end, braces close, every directive is one of nginx; and nginx itself reads it, if it is there."""
    bare = re.sub(r"#.*", "", text)
    assert bare.count("{") == bare.count("}") > 0
    for statement in re.findall(r"[^{};]+(?=[{;])", bare):
        assert DIRECTIVES.fullmatch(statement.split()[0]), statement
    assert re.fullmatch(r"(?:[^{};]*[{};])*\s*", bare), "the last statement does not end"
    if (program := shutil.which("nginx")) and shutil.which("openssl"):
        name = folder / "certificate"
        made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
        judge(["openssl", "req", "-x509", *made, "-keyout", f"{name}.key", "-out", f"{name}.pem"])
        text = re.sub(r"/etc/ssl/[\w.-]+\.(pem|key);", rf"{name}.\1;", text)
        path = folder / "nginx.conf"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        path.write_text(
            f"events {{}}\npid {folder}/nginx.pid;\nhttp {{\naccess_log off;\n{places}{text}\n}}\n", encoding="utf-8"
        )
        judge([program, "-t", "-q", "-e", str(folder / "nginx.log"), "-p", str(folder), "-c", str(path)])


def caddy(text: str, folder: Path) -> None:
    """A site and its block; and caddy itself reads it, if it is there."""
    assert text.count("{") == text.count("}") > 0
    assert re.search(r"^[\w.-]+\.[a-z]+ \{$", text, re.MULTILINE)
    assert re.search(r"^\s+reverse_proxy \S+", text, re.MULTILINE)
    if program := shutil.which("caddy"):
        (folder / "Caddyfile").write_text(text, encoding="utf-8")
        judge([program, "validate", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")])


def systemd(text: str, folder: Path) -> None:
    """Sections and keys; and systemd itself finds no name that it does not know, if it is there."""
    unit = configparser.RawConfigParser(strict=False)
    unit.read_string(text)
    assert set(unit.sections()) <= {"Unit", "Service", "Install", "Timer"}
    if (program := shutil.which("systemd-analyze")) and "ExecStart" in text:
        path = folder / "page.service"
        runs = re.sub(r"(?m)^(Exec\w+)=.*$", r"\1=/bin/true", text)
        path.write_text(re.sub(r"(?m)^(User|Group)=.*$", r"\1=root", runs), encoding="utf-8")
        done = subprocess.run(
            [program, "verify", str(path)], capture_output=True, text=True, timeout=WAIT_S, check=False
        )
        assert "Unknown" not in done.stderr, done.stderr


def prometheus(text: str, folder: Path) -> None:
    """YAML in the shape of its settings or of its rules; every figure that it names is one of ours."""
    from docs.reference.metrics import families, name_of

    del folder
    read = yaml.safe_load(text)
    assert isinstance(read, dict)
    assert {"scrape_configs", "groups"} & read.keys()
    named = set(re.findall(r"\bchatd_\w+", text))
    assert named <= {name_of(family) for family in families()}, named


def shell(text: str, folder: Path) -> None:
    """The shell reads it, and what it calls of ours is a command."""
    from docs.reference.cli import commands

    known = {name for name, _ in commands()}
    assert {f"chatd {word}" for word in re.findall(r"bin/chatd ([a-z]+)", text)} <= known
    path = folder / "page.sh"
    path.write_text(text, encoding="utf-8")
    judge(["sh", "-n", str(path)])


def paths(text: str, folder: Path) -> None:
    """A drawing of folders or files of the repository: each of them is there."""
    del folder
    named = re.findall(r"^([\w./]+(?:, \w+)*/?) {2,}|  ([a-z]\w*/[\w./]+) {2,}", text, re.MULTILINE)
    places = [place for pair in named for place in pair if place and "," not in place]
    assert len(places) > 3
    assert [place for place in places if not (ROOT / place).exists()] == []


def drawing(text: str, folder: Path) -> None:
    """Lines and words; nothing in it fits a shell."""
    del folder
    assert not re.search(r"^\s*(\$|\.venv|chatd|make|sudo) ", text, re.MULTILINE)


def wire(text: str, folder: Path) -> None:
    """Messages of the wire, one a line: each as the types have it."""
    from tests.protocol.messages import check_message

    del folder
    for line in text.splitlines():
        assert check_message(json.loads(line))


def bench(text: str, folder: Path) -> None:
    """Programs of the benchmark, with options that each of them takes."""
    from bench import __main__ as rows
    from bench import search, size
    from bench.peers import __main__ as peers

    del folder
    takes = {"bench": rows.read_options, "bench.size": size.read_options, "bench.search": search.read_options}
    takes["bench.peers"] = peers.read_options
    for line in text.splitlines():
        asked = re.fullmatch(r'(?:make (bench)|\.venv/bin/python -m ([\w.]+))(?: ARGS="(.*)"| (.*))?', line)
        assert asked, line
        takes[asked[1] or asked[2]](shlex.split(asked[3] or asked[4] or ""))


def judge(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 0, done.stderr


CHECKS: Final[dict[str, Callable[[str, Path], None]]] = {
    check.__name__: check for check in (nginx, caddy, systemd, prometheus, shell, paths, drawing, wire, bench)
}
