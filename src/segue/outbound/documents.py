"""Documents that other servers publish, read through the guarded fetcher."""

from dataclasses import dataclass

from segue.outbound.fetcher import Fetcher, FetchFailed
from segue.stores.documents import DocumentUnavailable


@dataclass(frozen=True, slots=True)
class FetchedDocuments:
    """``stores.documents.Documents``. Only a 200 with a JSON media type is a document."""

    fetcher: Fetcher

    async def read(self, url: str) -> bytes:
        try:
            answer = await self.fetcher.get(url, {"Accept": "application/json"})
        except FetchFailed as failed:
            raise DocumentUnavailable(str(failed)) from failed
        if answer.status != 200:
            raise DocumentUnavailable(f"it was answered with status {answer.status}")
        subtype = answer.content_type.partition("/")[2]
        if subtype != "json" and not subtype.endswith("+json"):
            raise DocumentUnavailable("it is not JSON")
        return answer.body
