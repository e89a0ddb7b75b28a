"""Work that nobody asks for: removing what has ended, replacing signing keys.

Every process runs every job, so each is safe to run twice at once: purging removes what is dead anyway, and of several
processes that find a key too old one wins a claim and rotates. ``periodic`` runs a job again and again.

To add a job: a module with one coroutine that does one round, and a line in ``app``.
"""
