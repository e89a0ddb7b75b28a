"""Run by Alembic inside ``storage.migrate``, which opened the connection and its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
