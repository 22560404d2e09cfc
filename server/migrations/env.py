"""Alembic's entry: migrates the engine it is given, in one transaction."""

from alembic import context

from server.db import Model

engine = context.config.attributes["engine"]


def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out the queue's own tables, which huey makes on PostgreSQL."""
    return not (kind == "table" and name is not None and name.startswith("huey"))


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        render_as_batch=True,
        include_object=ours,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":  # a page may not take so long, but an index may
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        context.run_migrations()
    connection.commit()
