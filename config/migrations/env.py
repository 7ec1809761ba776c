"""Run by Alembic: the versions, inside the transaction that config.migrations has begun."""

from __future__ import annotations

from alembic import context

from config.migrations.tables import OWNERS, rendered

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=OWNERS,
    render_item=rendered,
    transactional_ddl=True,
    # SQLite cannot alter a column in place.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
