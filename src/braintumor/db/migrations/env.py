"""Environment that Alembic runs: upgrades the database of the connection it is given."""

from alembic import context

from braintumor.db.tables import Base


def _run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


_run()
