"""The sign-in pipeline: a request in no protocol's words goes in, one of three answers comes out.

``request`` and ``decide`` are its two ends, ``transaction`` proves the factors, ``sessions`` opens and finds sessions,
``interaction`` parks a request that waits for the user. To add a factor: one file in ``factors``.
"""
