"""PostgreSQL has its own proof of its own log; what is left to chatd is to run it with the settings that hold.

Each is asked for on a connection as the writer makes it: `synchronous_commit` may be set there, the others belong to
the server (https://www.postgresql.org/docs/current/runtime-config-wal.html).
"""

from chatd.store.database import Postgres

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def unsafe_settings(url: str) -> dict[str, str]:
    """The settings with which an acknowledged commit may be lost, as the writer's connection has them."""
    database = Postgres(url)
    try:
        found = {name: str(database.run(f"SHOW {name}")[0][0][0]) for name in DURABLE}
    finally:
        database.close()
    return {name: value for name, value in found.items() if value != DURABLE[name]}
