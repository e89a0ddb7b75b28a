"""HTTP mechanics without protocol words: requests and responses as values, the edge, cookies, pages, limits.

Start reading at ``frontchannel``: every way to sign in to something is a front channel and passes through its
``begin``. ``edge`` is the only module that knows the web framework; everything else works on the values of ``message``.

To add a kind of answer: one dataclass in ``message`` and one branch in ``rendering``.
"""
