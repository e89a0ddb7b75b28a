"""The special job: tickets that carry a sign-in from one place to another.

``kinds`` holds one row per kind of ticket, ``mint`` gives a ticket out once, ``signed`` one that is a JWT, ``redeem``
spends either in one write. To add a kind: a row in ``kinds``, a slot in a dialect that carries it, and one place that
mints.
"""
