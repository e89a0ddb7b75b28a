"""What the routes below an application have in common."""

from segue.admin import applications
from segue.admin.change import Change
from segue.core.application import Application
from segue.core.refusal import Refusal
from segue.dialects.okta.admin.caller import not_found
from segue.dialects.okta.errors import write_error
from segue.dialects.okta.names import LIMIT_API
from segue.stores import Store
from segue.web.message import Request
from segue.web.surface import Handler, Route


async def named_app(store: Store, request: Request, change: Change) -> Application:
    """The application of the address. Raises ResourceNotFound."""
    ident = request.path_params["app"]
    try:
        return await applications.find_application(store, ident, change)
    except Refusal as refusal:
        raise not_found(refusal, ident, "AppInstance") from None


def app_route(method: str, path: str, handler: Handler, *, body: bool = False) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "applications",
        body="json" if body else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )
