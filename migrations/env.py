"""Alembic's entry: runs the migrations on the connection that `migrations.upgrade` hands in."""

from alembic import context

from core.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    # Alembic doubts SQLite's transactions because of the driver; `core.database` begins real ones.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
