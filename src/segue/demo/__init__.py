"""The demo that ``./dev run`` shows: a seeded org, four example apps, and a playground that walks the flows.

The apps (``login_app``, ``oidc_app``, ``saml_app``, ``spa_app``, ``playground``) are programs of their own that happen
to share a process with Segue: they know it by its address alone and talk to it over HTTP, with client libraries that
Segue itself never imports. What they share with each other is how a page is made (``pages``). Only ``seed`` goes
through :mod:`segue.admin`, and only ``__main__`` starts Segue itself.

The rest is the running of it: ``addresses`` (every address, from one port), ``folder`` (what the demo keeps, and the
lock on it), ``certificates`` (the throw-away CA of ``--tls``), ``servers`` (several in one event loop) and ``manifest``
(``var/demo.json``).

To add an example app: its address in ``addresses``, a module with a frozen configuration and one function that makes
the Starlette application, its registration in ``seed``, and one line in ``__main__``. To add a flow to the playground:
a ``Flow`` in ``playground.flows``.
"""
