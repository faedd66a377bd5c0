"""What is released: complete, described, good in an empty environment. `python -m tests.packaging` tries all of it."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chatd import __version__
from tests.packaging.trial import registry_answers, try_out

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels and sdists of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "deploy/dist.py", str(folder)], cwd=ROOT, check=True, timeout=300)
    return folder


def project_of(file: str) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / file).read_text(encoding="utf-8"))["project"]
    return project


def names_of(requirements: list[str]) -> dict[str, str]:
    """Ranges by name."""
    split = (re.match(r"([A-Za-z0-9_-]+)(?:\[\w+\])?(.*)", one) for one in requirements)
    return {found[1]: found[2] for found in split if found}


@cache
def reachable() -> bool:
    return registry_answers()


@pytest.fixture(scope="module")
def native(dist: Path) -> Path:
    """The wheel with the loops in C."""
    found = list(dist.glob("chatd-*-abi3-*.whl"))
    if not found:
        pytest.skip("there is no C compiler")
    return found[0]


def test_both_are_built_as_wheel_and_sdist_of_one_version(dist: Path) -> None:
    assert sorted(file.name for file in dist.iterdir() if "abi3" not in file.name) == [
        f"chatd-{__version__}-py3-none-any.whl",
        f"chatd-{__version__}.tar.gz",
        f"chatd_client-{__version__}-py3-none-any.whl",
        f"chatd_client-{__version__}.tar.gz",
    ]


def test_a_wheel_holds_every_file_of_its_packages_and_nothing_else(dist: Path) -> None:
    packages = {
        "chatd": ROOT,
        "chatd_migrations": ROOT / "migrations",
        "chatd_client": ROOT / "clients",
        "chatd_protocol": ROOT / "protocol",
    }
    for wheel, held in (("chatd", set(packages)), ("chatd_client", {"chatd_client", "chatd_protocol"})):
        wanted = {
            str(file.relative_to(packages[name]))
            for name in held
            for file in (packages[name] / name).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".so"
        }
        with zipfile.ZipFile(dist / f"{wheel}-{__version__}-py3-none-any.whl") as archive:
            found = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert found == wanted


def test_the_wheel_with_the_loops_in_c_has_nothing_else_and_is_for_every_python(native: Path, dist: Path) -> None:
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert native.name == f"chatd-{__version__}-cp311-abi3-{platform}.whl"
    with zipfile.ZipFile(native) as wheel, zipfile.ZipFile(dist / f"chatd-{__version__}-py3-none-any.whl") as pure:
        more = set(wheel.namelist()) - set(pure.namelist())
        assert more == {"chatd/hub/_delivery.abi3.so"}
        assert "Root-Is-Purelib: false" in wheel.read(f"chatd-{__version__}.dist-info/WHEEL").decode()


def test_no_archive_holds_a_database_a_secret_or_a_path_of_this_machine(dist: Path) -> None:
    for file in dist.glob("*.tar.gz"):
        with tarfile.open(file) as archive:
            for member in archive.getmembers():
                assert not re.search(r"\.(db|secret|sock|pyc|log)$|/\.(venv|demo|git)/", member.name), member.name
                assert str(ROOT) not in member.name


def test_every_library_has_a_range_with_an_end_and_a_reason_in_the_documents() -> None:
    server, sdk = (names_of(project_of(file)["dependencies"]) for file in ("pyproject.toml", "clients/pyproject.toml"))
    assert {name: bound for name, bound in server.items() if name in sdk} == sdk
    assert [name for name, bound in server.items() if "<" not in bound] == ["structlog"], "numbered by year"
    table = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w-]+) \| (yes)? ?\| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert sorted(row[0] for row in rows) == sorted(server)
    assert {row[0] for row in rows if row[1]} == set(sdk)


def modules_imported_by(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        for found in re.finditer(r"^\s*(?:from|import) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            yield found[1]


def test_the_sdk_imports_nothing_but_its_own_and_what_it_asks_for() -> None:
    sdk = set(names_of(project_of("clients/pyproject.toml")["dependencies"]))
    used = set(modules_imported_by(ROOT / "clients/chatd_client")) | set(
        modules_imported_by(ROOT / "protocol/chatd_protocol")
    )
    assert used - sys.stdlib_module_names - {"chatd_client", "chatd_protocol"} == sdk


@pytest.mark.parametrize("name", ["chatd", "chatd_client"])
def test_a_wheel_installs_works_and_leaves_again(name: str, dist: Path, tmp_path: Path) -> None:
    if not reachable():
        pytest.skip("pip reaches no package registry")
    wheels = sorted(dist.glob(f"{name}-{__version__}-*.whl"))  # the one with the loops in C first, as for pip
    report = try_out(wheels[0], sys.executable, tmp_path)
    assert report.native == ("abi3" in wheels[0].name)
    assert report.distributions >= (20 if name == "chatd" else 4)
    if name == "chatd_client":
        assert report.distributions == 4
