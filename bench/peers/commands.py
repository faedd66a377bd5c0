"""How each peer is started: from the folder of the run and a port of 127.0.0.1 to a command. It must not run anything,
except the compiler for what is compiled on the spot.
"""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from pathlib import Path

from bench.generator import COMPILERS, compile_c
from bench.peers import place

HISTORY = 1000


def compiler_missing() -> str:
    return "" if any(map(shutil.which, COMPILERS)) else f"there is none of {', '.join(COMPILERS)} on the PATH"


def _c_server() -> Path:
    """Compiled once for each state of its source."""
    sources = sorted((place.SOURCES / "c").iterdir())
    state = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    program = place.folder() / "c" / f"server-{state}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        compile_c(place.SOURCES / "c" / "server.c", program)
    return program


def serve_c(_: Path, port: int) -> list[str]:
    return [str(_c_server()), str(port)]


def serve_c_joined(_: Path, port: int) -> list[str]:
    return [str(_c_server()), str(port), "joined"]


def _fill(name: str, directory: Path, **values: object) -> str:
    """A configuration from `conf`, with what is between @ and @ put in."""
    text = (place.SOURCES / "conf" / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    path = directory / name
    path.write_text(text)
    return str(path)


def serve_nats(directory: Path, port: int) -> list[str]:
    return [str(place.nats_server()), "-c", _fill("nats.conf", directory, port=port, jetstream="")]


def serve_jetstream(directory: Path, port: int) -> list[str]:
    jetstream = f'jetstream {{ store_dir: "{directory}" }}'
    return [str(place.nats_server()), "-c", _fill("nats.conf", directory, port=port, jetstream=jetstream)]


def serve_jetstream_sync(directory: Path, port: int) -> list[str]:
    jetstream = f'jetstream {{ store_dir: "{directory}", sync_interval: always }}'
    return [str(place.nats_server()), "-c", _fill("nats.conf", directory, port=port, jetstream=jetstream)]


def serve_centrifuge(_: Path, port: int) -> list[str]:
    return [str(place.centrifuge()), str(port)]


def serve_centrifuge_history(_: Path, port: int) -> list[str]:
    return [str(place.centrifuge()), str(port), str(HISTORY)]


def serve_node(_: Path, port: int) -> list[str]:
    return ["env", f"NODE_PATH={place.node_modules()}", "node", str(place.SOURCES / "node" / "server.js"), str(port)]


def serve_node_sqlite(directory: Path, port: int) -> list[str]:
    return [*serve_node(directory, port), str(directory / "node.db")]


def serve_broadcast(_: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "bench.peers.python.broadcast", str(port)]


def serve_tutorial(_: Path, port: int) -> list[str]:
    return [str(place.python()), str(place.SOURCES / "python" / "tutorial.py"), str(port)]


def serve_tutorial_sqlite(directory: Path, port: int) -> list[str]:
    return [*serve_tutorial(directory, port), str(directory / "tutorial.db")]


def serve_ejabberd(directory: Path, port: int) -> list[str]:
    return _ejabberd(directory, port, archive=False)


def serve_ejabberd_archive(directory: Path, port: int) -> list[str]:
    return _ejabberd(directory, port, archive=True)


def _ejabberd(directory: Path, port: int, *, archive: bool) -> list[str]:
    """Without its start script, which knows the places of an installed one only."""
    mam = "  mod_mam: {default: always, db_type: mnesia, request_activates_archiving: false}" if archive else ""
    configuration = _fill("ejabberd.yml", directory, port=port, archive=str(archive).lower(), mam=mam)
    root, home = place.ejabberd(), place.ejabberd() / "usr/lib/erlang"
    libraries = [root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"]
    programs = next(iter(sorted(home.glob("erts-*/bin"))), home)
    environment = {
        "HOME": directory,
        "ROOTDIR": home,
        "BINDIR": programs,
        "EMU": "beam",
        "PROGNAME": "erl",
        "ERL_LIBS": libraries[0],
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "EJABBERD_CONFIG_PATH": configuration,
        "EJABBERD_LOG_PATH": directory / "ejabberd.log",
    }
    settings = [f"{name}={value}" for name, value in environment.items()]
    start = ["-noinput", "-mnesia", "dir", f'"{directory}"', "+P", "250000", "+K", "true", "-s", "ejabberd"]
    return ["env", *settings, str(programs / "erlexec"), *start]
