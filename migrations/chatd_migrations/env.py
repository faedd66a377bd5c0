"""How Alembic meets the database: with the connection that `chatd.store.migrate` hands it, never on its own."""

from __future__ import annotations

from alembic import context

from chatd.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
