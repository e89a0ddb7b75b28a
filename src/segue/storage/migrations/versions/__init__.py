"""The steps, in the order of their numbers; Alembic finds them by path."""
