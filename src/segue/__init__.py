"""Segue, a self-hosted identity provider that carries a sign-in from one place to another.

The packages are layers; each imports only what stands to its right (the contracts are in ``pyproject.toml``)::

    cli > app > settings > console | demo | dialects | jobs | storage | outbound > protocols > web | admin > hooks
        > signin > handoff > tokens > policy > stores > events > core

Start reading at ``segue.web.frontchannel``: it is the one dispatcher that every sign-in passes through.
"""

__version__ = "0.1.0"
