"""Segue measured against another provider on the same work, in one run, and told as ratios.

``python -m bench`` (or ``./dev bench``) runs everything; docs/how-to/measure.md says how to read what it prints.

``operations`` names what is measured, ``sides`` makes the requests for it at either server, ``rounds`` alternates
between the servers and keeps the figures, ``counting`` counts statements and signatures without a network, ``hotspots``
profiles, ``report`` writes the tables. To measure something new: a row in ``operations`` and a method in ``sides``.
"""
