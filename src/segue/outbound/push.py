"""Push requests through a webhook that the operator connects to the provider of an app."""

from dataclasses import dataclass

from segue.core import strict
from segue.outbound.webhook import Webhook
from segue.stores import DeliveryFailed, PushAnswer, PushRequest


@dataclass(frozen=True, slots=True)
class WebhookPush:
    """Posts ``push.start`` with the whole request, then ``push.poll`` with its ``id`` as often as the user's browser
    asks; a poll is answered with ``{"id", "status"}``, the status ``waiting``, ``approved`` or ``rejected``.

    The id is 256 random bits that only we and the provider know, and has to come back: an answer to one request is none
    to another.
    """

    webhook: Webhook

    async def start(self, request: PushRequest) -> None:
        """Raises DeliveryFailed."""
        data = {
            "id": request.id,
            "org": request.org_name,
            "user": {"id": request.user_id, "login": request.login},
            "number": request.number,
            "address": request.address,
            "user_agent": request.user_agent,
            "expires_at": request.expires_at,
        }
        await self.webhook.post("push.start", data)

    async def poll(self, request_id: str) -> PushAnswer:
        """Raises DeliveryFailed, also for an answer that is none of the three."""
        answer = await self.webhook.post("push.poll", {"id": request_id})
        if answer.content_type != "application/json":
            raise DeliveryFailed("the provider's answer is not JSON")
        try:
            said = strict.read_json_object(answer.body)
        except strict.Malformed as problem:
            raise DeliveryFailed(f"the provider's answer: {problem}") from problem
        match said:
            case {"id": str(ident), "status": ("waiting" | "approved" | "rejected") as status} if ident == request_id:
                return status
        raise DeliveryFailed("the provider's answer lacks the id of the request or one of the three states")
