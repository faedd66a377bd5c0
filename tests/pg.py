"""A real PostgreSQL for tests: found, started, handed out one empty database at a time, and gone afterwards.

It needs no set-up and no rights: the programs come from the wheel `pgserver`, or from an installed PostgreSQL where
there is no such wheel. PostgreSQL refuses to run as root, so root runs it as an unprivileged user; nothing outside a
temporary folder is changed for that. It listens on a Unix socket in that folder only, and a guard process ends it and
removes the folder when the process that asked for it ends, in whichever way.

Nothing here may know chatd, so that every kind of test and benchmark can use it.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import psycopg

STOP_TIMEOUT_S: Final = 60
OLDEST_VERSION: Final = 14

# $1 the programs, $2 the folder. The server is a child of this shell, which reads its log until it says that it is
# ready (or ends without). After that the first `cat` ends when the last holder of our standard input is gone.
_GUARD: Final = r"""
bin=$1 home=$2 server= said=failed
if "$bin/initdb" -D "$home/data" --no-sync --auth=trust -U postgres --encoding=UTF8 --no-locale >"$home/log" 2>&1; then
    cat "$home/settings" >>"$home/data/postgresql.conf"
    mkfifo "$home/words"
    "$bin/postgres" -D "$home/data" </dev/null >"$home/words" 2>&1 &
    server=$!
    exec 3<"$home/words"
    while IFS= read -r line <&3; do
        printf '%s\n' "$line" >>"$home/log"
        case $line in *"ready to accept connections") said=ready; break ;; esac
    done
    cat <&3 >>"$home/log" &
fi
echo "$said"
cat >/dev/null
[ -z "$server" ] || kill -QUIT "$server" 2>/dev/null
wait
rm -rf "$home"
"""
_DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_RELAXED: Final = dict.fromkeys(_DURABLE, "off")
_SETTINGS: Final = {"listen_addresses": "''", "max_connections": "200", "log_min_messages": "log"}

# Deletes every row but those of tables that have some in the template; sequences begin anew. Others are cut off first.
_CUT_OFF: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
_REWIND: Final = (
    "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence JOIN pg_class ON oid = seqrelid"
    " WHERE relnamespace = 'public'::regnamespace"
)
# What a copy has in common with its template as long as nobody changes it, ids included.
_SHAPE: Final = """
SELECT (SELECT string_agg(concat_ws(',', oid, relname, relkind, relnatts, relchecks, relhastriggers), ';' ORDER BY oid)
          FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT md5(string_agg(concat_ws(',', attrelid, attnum, attname, atttypid, attnotnull, atthasdef), ';'
                              ORDER BY attrelid, attnum))
          FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
          WHERE relnamespace = 'public'::regnamespace AND attnum > 0),
       (SELECT string_agg(concat_ws(',', oid, conname), ';' ORDER BY oid) FROM pg_constraint),
       (SELECT string_agg(concat_ws(',', indexrelid, indisvalid, indisunique), ';' ORDER BY indexrelid) FROM pg_index),
       (SELECT string_agg(concat_ws(',', nspname, nspowner), ';' ORDER BY oid) FROM pg_namespace
          WHERE nspname !~ '^pg_'),
       (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_rewrite), (SELECT count(*) FROM pg_proc),
       (SELECT count(*) FROM pg_db_role_setting), (SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')
"""


class PostgresMissing(Exception):
    """No PostgreSQL can be run on this machine. The text says why, in one sentence."""


class PostgresServer:
    """A running server. Every database that it hands out is a URL as `[store] url` takes it."""

    def __init__(self, home: Path, guard_pid: int) -> None:
        self.home = home
        self.guard_pid = guard_pid
        self._names = (f"t{number}" for number in itertools.count(1))
        self._spare: dict[str, list[str]] = {}
        self._new: dict[str, _State] = {}

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.home))}"

    def create_database(self, template: str = "template0") -> str:
        """A new database, empty or a copy of the one named `template`, which nobody may be connected to."""
        name = next(self._names)
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database; whoever is connected to it is cut off."""
        self._run(f'DROP DATABASE "{self.name_of(url)}" WITH (FORCE)')

    def name_of(self, url: str) -> str:
        """The name of a database that was handed out."""
        return re.sub(r".*@/(\w+)\?.*", r"\1", url)

    @contextmanager
    def fresh_database(self, template: str = "template0") -> Iterator[str]:
        url = self.create_database(template)
        try:
            yield url
        finally:
            self.drop_database(url)

    @contextmanager
    def database_like(self, template: str) -> Iterator[str]:
        """A copy of `template`. One that was used before serves again if it is found to be as new when it is emptied.

        To copy and remove a database costs more than most tests.
        """
        spare = self._spare.setdefault(template, [])
        if spare:
            url = spare.pop()
        else:
            url = self.create_database(template)
            if template not in self._new:
                with psycopg.connect(url, autocommit=True) as connection:
                    self._new[template] = _state_of(connection)
        try:
            yield url
        finally:
            if self._emptied(url, self._new[template]):
                spare.append(url)
            else:
                self.drop_database(url)

    def _emptied(self, url: str, new: _State) -> bool:
        """Delete what a new one does not have. Whether nothing is different then."""
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(_CUT_OFF)
                # No foreign key is looked at: all rows go.
                connection.execute("SET session_replication_role = replica")
                for (table,) in connection.execute(_TABLES).fetchall():
                    if table not in new.rows:
                        connection.execute(f'DELETE FROM "{table}"'.encode())
                connection.execute(_REWIND)
                return _state_of(connection) == new
        except psycopg.Error:
            return False

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


class _State(NamedTuple):
    """The shape of a database, and the rows of each table that has some."""

    shape: tuple[Any, ...] | None
    rows: dict[str, str]


def _state_of(connection: psycopg.Connection[Any]) -> _State:
    shape = connection.execute(_SHAPE).fetchone()
    tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
    rows = " UNION ALL ".join(f"""SELECT '{name}', string_agg(t::text, ';') FROM "{name}" AS t""" for name in tables)
    found = connection.execute(rows.encode()).fetchall()
    return _State(shape, {name: text for name, text in found if text is not None})


@contextmanager
def running_postgres(*, durable: bool = True, folder: Path | None = None) -> Iterator[PostgresServer]:
    """Start a server and stop it again. Unless `durable`, it may lose commits at a power cut and is quicker.

    Its data lies below `folder` if that is given, which everybody must be able to enter, else below that of temporary
    files.

    Raises PostgresMissing if there is none to run, RuntimeError with the server's own words if one does not start.
    """
    programs = find_programs()
    identity = _pick_identity()
    home = Path(tempfile.mkdtemp(prefix="chatd-pg-", dir=folder))
    guard = None
    try:
        bin_dir = _reachable(programs, home, identity)
        settings = {**_SETTINGS, "unix_socket_directories": f"'{home}'", **(_DURABLE if durable else _RELAXED)}
        (home / "settings").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        if identity:
            _give_away(home, identity["user"])
        guard = _start_guard(bin_dir, home, identity)
        yield PostgresServer(home, guard.pid)
    finally:
        if guard is not None:
            _stop_guard(guard)
        shutil.rmtree(home, ignore_errors=True)


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`: of the wheel, else on the PATH, else the newest Debian has."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name))
    on_path = shutil.which("postgres")
    candidates = [_bundled_programs(), Path(on_path).resolve().parent if on_path else None, *reversed(installed)]
    for candidate in candidates:
        if candidate and _version(candidate) >= OLDEST_VERSION:
            return candidate
    raise PostgresMissing(
        "no PostgreSQL: the wheel `pgserver` is not there for this machine or Python, and no PostgreSQL "
        f"{OLDEST_VERSION} or newer is on the PATH or under /usr/lib/postgresql"
    )


def _bundled_programs() -> Path | None:
    """Found without importing it: `pgserver` itself would add a user and open up folders when it runs as root."""
    spec = importlib.util.find_spec("pgserver")
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0], "pginstall", "bin") if folders else None


def _version(bin_dir: Path) -> int:
    if not all((bin_dir / program).exists() for program in ("initdb", "postgres")):
        return 0
    said = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    return _number(said.removeprefix("postgres (PostgreSQL) "))


def _number(text: str) -> int:
    found = re.match(r"\d+", text)
    return int(found[0]) if found else 0


def _pick_identity() -> dict[str, Any]:
    """What makes `subprocess` run a program as somebody who is not root; nothing if we are not root anyway."""
    if os.geteuid() != 0:
        return {}
    for name in ("nobody", "postgres", "daemon"):
        try:
            user = pwd.getpwnam(name)
            identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            subprocess.run(["/bin/sh", "-c", ":"], check=True, **identity)
        except (KeyError, OSError, subprocess.SubprocessError):
            continue
        return identity
    raise PostgresMissing("PostgreSQL does not run as root, and this machine lets root become nobody else")


def _reachable(bin_dir: Path, home: Path, identity: dict[str, Any]) -> Path:
    """`bin_dir`, or a copy of it in `home` if it lies in a folder that only root may enter (a wheel can be moved)."""
    try:
        subprocess.run([bin_dir / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)
    except PermissionError:
        package = bin_dir.parent.parent
        if bin_dir != _bundled_programs():
            raise PostgresMissing(
                f"{bin_dir} is closed to everybody but root, whom PostgreSQL does not run for"
            ) from None
        shutil.copytree(package / "pginstall", home / package.name / "pginstall", symlinks=True)
        libraries = package.with_name("pgserver.libs")
        if libraries.exists():
            shutil.copytree(libraries, home / libraries.name)
        return home / package.name / "pginstall" / "bin"
    return bin_dir


def _give_away(home: Path, user: int) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, user, -1, follow_symlinks=False)


def _start_guard(bin_dir: Path, home: Path, identity: dict[str, Any]) -> subprocess.Popen[str]:
    """The guard has a session of its own, so that Ctrl-C in a terminal reaches the tests and not the server."""
    arguments: Sequence[str | Path] = ["/bin/sh", "-c", _GUARD, "guard", bin_dir, home]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(home)}
    pipe = subprocess.PIPE
    guard = subprocess.Popen(
        arguments, stdin=pipe, stdout=pipe, text=True, cwd=home, env=environment, start_new_session=True, **identity
    )
    assert guard.stdout is not None
    said = guard.stdout.readline().strip()
    if said != "ready":
        log = home / "log"
        words = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        _stop_guard(guard)
        raise RuntimeError(f"PostgreSQL under {bin_dir} did not start:\n{words}")
    return guard


def _stop_guard(guard: subprocess.Popen[str]) -> None:
    assert guard.stdin is not None
    assert guard.stdout is not None
    guard.stdin.close()
    guard.wait(STOP_TIMEOUT_S)
    guard.stdout.close()
