"""The addresses in recovery mails, at the pages behind them."""

from dataclasses import dataclass
from typing import Final

from segue.dialects.okta.errors import write_page
from segue.dialects.okta.names import LIMIT_PAGE, RESET_PAGE, UNLOCK_PAGE
from segue.web.message import Request, Response
from segue.web.recovery_pages import RecoveryPages
from segue.web.surface import Route

_EVENT: Final = "recovery.page"


@dataclass(frozen=True, slots=True)
class RecoveryLinks:
    pages: RecoveryPages
    paths: tuple[str, ...] = (RESET_PAGE, UNLOCK_PAGE)

    def routes(self) -> tuple[Route, ...]:
        return tuple(self._route(path) for path in self.paths)

    def _route(self, path: str) -> Route:
        return Route(
            ("GET", "POST"),
            path,
            self._answer,
            write_page,
            _EVENT,
            body="form",
            idempotent=True,
            document=True,
            limit=LIMIT_PAGE,
        )

    async def _answer(self, request: Request) -> Response:
        if request.method == "POST":
            return await self.pages.submit(request, request.path_params["token"])
        return await self.pages.show(request)
