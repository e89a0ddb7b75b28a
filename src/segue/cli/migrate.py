"""``segue migrate``: the database's schema brought to this release's."""

from segue.cli.workplace import Problem, say
from segue.settings import Settings


def bring_up(settings: Settings) -> None:
    """Upgrades the schema where it is older. Raises Problem with what the database said."""
    from segue.storage import migrate

    try:
        before = migrate.current(settings.database)
        after = migrate.upgrade(settings.database)
    # Drivers, the network and Alembic each have their own errors, and every one of them means the same here.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise Problem(f"The schema of {settings.database_label} could not be brought up: {reason}.") from error
    if before == after:
        say(f"The schema of {settings.database_label} is {after}, as it should be.")
    else:
        say(f"The schema of {settings.database_label} is {after} now ({before or 'there was none'} before).")
