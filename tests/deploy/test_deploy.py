"""Image, units, proxies and dashboard: each judged by the real program where it is here, and by rules everywhere."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from chatd.config import ConfigError, load
from tests.cli.program import Program, Served
from tests.docs import checks

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
EXPOSURE_MAX: Final = 2.0


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", " ", text)
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def of(kind: str) -> list[str]:
    return [value for name, value in instructions() if name == kind]


def copied() -> Iterator[tuple[list[str], str]]:
    """What is copied out of the repository, and where to."""
    for value in of("COPY"):
        words = value.split()
        if not words[0].startswith("--from"):
            yield words[:-1], words[-1]


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for value in of("ENV") for word in shlex.split(value))


def test_the_image_is_made_by_the_rules() -> None:
    names = [name for name, _ in instructions()]
    assert names[0] == "FROM"
    built, held = (re.fullmatch(r"python:(\d+\.\d+)(-slim)?( AS build)?", image) for image in of("FROM"))
    assert built is not None
    assert held is not None, "a version, and not `latest`"
    assert (built[1], built[2], held[2]) == (held[1], None, "-slim"), "the compiler stays behind"
    last = names[len(names) - names[::-1].index("FROM") :]
    assert "ADD" not in names
    assert of("USER") == ["chatd"]
    assert last.index("USER") > last.index("RUN"), "nothing is run as root after that"
    assert {"HEALTHCHECK", "VOLUME", "EXPOSE", "STOPSIGNAL"} <= set(last)
    for kind in ("ENTRYPOINT", "CMD", "VOLUME"):
        assert isinstance(json.loads(of(kind)[-1]), list), "in the form that needs no shell, so that signals arrive"
    assert not re.search(r"(?i)secret|password|token", " ".join(environment()))
    assert "useradd --system --uid 10001" in " ".join(of("RUN"))
    assert not any(re.search(r"apt-get|curl|wget|sudo|chmod 777", run) for run in of("RUN"))
    for run in of("RUN"):
        assert "pip install" not in run or "-c constraints.txt" in run


def test_what_the_image_copies_exists_and_reaches_the_build() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    for sources, _ in copied():
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, f"{source} is kept out by Dockerfile.dockerignore"


def test_what_the_image_copies_is_enough_to_build_the_wheel(tmp_path: Path) -> None:
    for sources, target in copied():
        for source in sources:
            place = tmp_path / target / (source if target == "./" else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "dist")]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    packages = (ROOT, "chatd"), (ROOT / "clients", "chatd_client"), (ROOT / "migrations", "chatd_migrations")
    here = {
        str(file.relative_to(folder))
        for folder, name in (*packages, (ROOT / "protocol", "chatd_protocol"))
        for file in (folder / name).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".so"
    }
    assert packed - {"chatd/hub/_delivery.abi3.so"} == here


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("deploy"))


@pytest.fixture(scope="module")
def served(program: Program) -> Iterator[Served]:
    with program.serving() as served:
        yield served


def test_the_image_s_settings_are_settings_and_its_health_check_tells_alive_from_dead(served: Served) -> None:
    config = load(None, environment())
    assert config.server.host == environment()["CHATD_SERVER__HOST"]
    assert (config.sqlite_path(), config.state_dir()) == (Path("/data/chatd.db"), Path("/data"))
    assert of("EXPOSE") == [str(config.server.port)]
    assert json.loads(of("VOLUME")[0]) == ["/data"]
    command = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert f"127.0.0.1:{config.server.port}/readyz" in command[2]
    alive = command[2].replace(f"127.0.0.1:{config.server.port}", served.url.split("/")[2])
    for code, healthy in ((alive, True), (command[2].replace(str(config.server.port), "1"), False)):
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
        assert (ended.returncode == 0) is healthy


def test_the_compose_file_names_what_there_is() -> None:
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    chatd, postgres = read["services"]["chatd"], read["services"]["postgres"]
    assert (DEPLOY / chatd["build"]["context"] / chatd["build"]["dockerfile"]).exists()
    password = re.compile(r"\$\{POSTGRES_PASSWORD:\?(.+?)\}")
    env = {name: password.sub("x", value) for name, value in chatd["environment"].items()}
    for asked in (chatd["environment"]["CHATD_STORE__URL"], postgres["environment"]["POSTGRES_PASSWORD"]):
        assert "deploy/.env" in password.findall(asked)[0], "who has none is told where it stands"
    assert load(None, environment() | env).store.url == "postgresql://chatd:x@postgres/chatd"
    used = {volume.split(":")[0] for service in (chatd, postgres) for volume in service["volumes"]}
    assert used == set(read["volumes"])
    assert chatd["volumes"][0].endswith(":/data")
    assert chatd["ports"][0].startswith("127.0.0.1:"), "not open to the world without TLS"
    assert chatd["read_only"] and chatd["cap_drop"] == ["ALL"]  # noqa: PT018 - one thing: it may do nothing else
    assert "healthcheck" in postgres
    assert chatd["depends_on"]["postgres"]["condition"] == "service_healthy"


UNITS: Final = ("chatd.service", "chatd-backup.service", "chatd-backup.timer")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_knows_every_word_of_a_unit(unit: str, tmp_path: Path) -> None:
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    checks.systemd(text, tmp_path)
    if unit.endswith(".service"):
        (call,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
        words = call.split()
        assert words[0] == "/opt/chatd/bin/chatd"
        from tests.cli.test_help import parse

        parse(words[1:])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.endswith(".service")])
def test_systemd_finds_a_unit_hardened(unit: str) -> None:
    call = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(DEPLOY / unit)]
    ended = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", ended.stdout)
    assert float(exposure) < EXPOSURE_MAX


def test_the_settings_of_proxies_are_read_by_them(tmp_path: Path) -> None:
    nginx, caddy = ((DEPLOY / name).read_text(encoding="utf-8") for name in ("nginx.conf", "Caddyfile"))
    checks.nginx(nginx, tmp_path)
    checks.caddy(caddy, tmp_path)
    for header in ("Host", "Upgrade", "Connection", "X-Forwarded-For"):
        assert f"proxy_set_header {header} " in nginx
    for page in ("docs/en/operate.md", "docs/zh/operate.md"):
        (shown,) = re.findall(r"```nginx\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        assert nginx.endswith(shown), f"{page} shows another nginx"
    (read_s,) = re.findall(r"proxy_read_timeout (\d+)s", nginx)
    assert int(read_s) > 2 * load(None, {}).ws.ping_interval_s


def exported_by(served: Served) -> dict[str, str]:
    """The help of each figure, by the name that is asked for."""
    url = served.url.replace("ws://", "http://").removesuffix("/ws")
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:  # noqa: S310 - our server's own http
        text = answer.read().decode()
    return dict(re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE))


def test_the_dashboard_names_only_figures_that_a_server_exports(served: Served) -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    asked = {
        name for panel in board["panels"] for t in panel["targets"] for name in re.findall(r"chatd_\w+", t["expr"])
    }
    exported = exported_by(served)
    assert sorted(asked - set(exported)) == []
    assert len(asked) > 20
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert all(re.search(r"[a-z].*·.*[\u4e00-\u9fff]", panel["title"]) for panel in board["panels"])
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_figure_that_a_server_exports_is_documented(served: Served, lang: str) -> None:
    page = (ROOT / "docs" / lang / "reference" / "metrics.md").read_text(encoding="utf-8")
    exported = exported_by(served)
    assert [name for name in exported if f"`{name}`" not in page] == []
    assert [name for name, meaning in exported.items() if len(meaning) < 10] == []


def test_a_mistake_in_any_of_these_would_be_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        checks.nginx("server { lisen 80; }", tmp_path)
    with pytest.raises(ConfigError, match="CHATD_STORE__URL"):
        load(None, {"CHATD_STORE__ULR": "x"})
    with pytest.raises(AssertionError):
        checks.systemd("[Service]\nExecStrat=/bin/true\nExecStart=/bin/true\n[Srvice]\nx=1\n", tmp_path)
