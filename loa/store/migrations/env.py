"""Run by Alembic: brings the connection it is given to the newest schema, in one transaction."""

from __future__ import annotations

from alembic import context

from loa.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
