"""``segue epoch``: since when credentials count.

A restored backup knows nothing of what was spent or revoked after it was taken. The epoch is kept outside the database,
so that raising it voids every session, ticket and token of before (KE-03).
"""

import time
from datetime import UTC, datetime

from segue.cli.workplace import say
from segue.settings import load, read_epoch, write_epoch


def show_or_raise(*, raise_it: bool) -> None:
    """Prints the epoch, after setting it to now with ``raise_it``. Raises SettingsError."""
    settings = load()
    if raise_it:
        write_epoch(settings, max(int(time.time()), read_epoch(settings) + 1))
    seconds = read_epoch(settings)
    if not seconds:
        say("No epoch was ever set: everything that has not ended counts.")
        return
    say(f"Credentials count since {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC (epoch {seconds}).")
    if raise_it:
        say("Restart every server now, with this same epoch: SEGUE_EPOCH or SEGUE_EPOCH_FILE on other machines.")
