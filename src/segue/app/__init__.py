"""The whole of Segue, put together: ``build`` is the only module that knows every concrete class.

``build(settings)`` makes an application that nobody has started yet; ``Segue.start`` opens the database and sets the
jobs going, ``Segue.stop`` ends both; as an ASGI application it does so by itself, when the server says so (``asgi``).
``create_asgi`` is what each worker process of a server calls. ``logs`` is how everything is logged.

To add a dialect, a front channel or a job: one line in ``build``.
"""

from segue.app.asgi import WithLifespan, create_asgi
from segue.app.build import Segue, build
from segue.app.checks import CannotStart

__all__ = ["CannotStart", "Segue", "WithLifespan", "build", "create_asgi"]
