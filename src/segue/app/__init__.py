"""The whole of Segue, put together: ``wiring`` is the only module that knows every concrete class.

``build(settings)`` makes an application that nobody has started yet; ``Segue.start`` opens the database and sets the
jobs going, ``Segue.stop`` ends both. ``asgi.WithLifespan`` does so when its server says so, and ``asgi.create_asgi`` is
what each worker process calls. ``checks`` is what must hold at a start, ``logs`` is how everything is logged.

To add a dialect, a front channel or a job: one line in ``wiring``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segue.app.wiring import Segue, build

__all__ = ["Segue", "build"]


def __getattr__(name: str) -> object:
    """``Segue`` and ``build``, imported when first asked for: a command that looks one thing up waits for no more."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from segue.app import wiring

    return getattr(wiring, name)
