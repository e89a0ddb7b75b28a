"""Links that an administrator has made for a user: to choose a first password, or a new one.

The same tokens as everywhere in recovery. They are mailed to the user, or given to the administrator to hand over.
"""

from dataclasses import dataclass

from segue.core.refusal import Refusal
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin.errands import Errands
from segue.signin.recovery_mail import activation_mail, recovery_mail
from segue.signin.recovery_token import ACTIVATION_LIFE_MS, LIFE_MS, give_recovery_token
from segue.signin.state import Purpose
from segue.signin.visit import Visit
from segue.stores import DeliveryFailed, EventStore, MailSender, SignInStore

_DAY_MS = 24 * 60 * 60_000


@dataclass(frozen=True, slots=True)
class Link:
    """A link and the token in it. Whoever has it can choose the user's password."""

    url: str
    token: str

    def __repr__(self) -> str:
        return "Link()"


@dataclass(frozen=True, slots=True)
class Invitations:
    """``mail`` is None where none is set up."""

    store: SignInStore
    events: EventStore
    errands: Errands
    mail: MailSender | None

    def require_mail(self) -> MailSender:
        """Raises Refusal ``invalid_value`` where no mail is set up: before anything is changed for which one is
        needed."""
        if self.mail is None:
            sentence = "No mail can be sent: SEGUE_MAIL is empty. Hand the link over yourself (sendEmail=false)."
            check = Check("sendEmail", False, "SEGUE_MAIL", mend=sentence)
            raise Refusal("invalid_value", sentence, Verdict((check,), rule="invitation"))
        return self.mail

    async def link(self, visit: Visit, user: User, purpose: Purpose, *, page: str) -> Link:
        """A new link to ``page``, a path with ``{token}`` in it. Raises Refusal where the user was changed
        meanwhile."""
        token = await give_recovery_token(self.store, visit, user, purpose, None)
        return Link(f"{visit.domain.base_url}{page.replace('{token}', token.text)}", token.text)

    async def send(self, visit: Visit, user: User, purpose: Purpose, *, page: str) -> None:
        """Mails such a link; what becomes of the mail is an event. Raises Refusal as the others here."""
        mail, link = self.require_mail(), await self.link(visit, user, purpose, page=page)
        self.errands.start(self._hand_over(mail, visit, user, purpose, link), "an invitation by mail")

    async def _hand_over(self, mail: MailSender, visit: Visit, user: User, purpose: Purpose, link: Link) -> None:
        if purpose == "activate":
            letter = activation_mail(visit.org, visit.domain, user, link.url, ACTIVATION_LIFE_MS // _DAY_MS)
        else:
            letter = recovery_mail(visit.org, visit.domain, user, link.url, purpose, LIFE_MS // 60_000)
        try:
            await mail.send(letter)
        except DeliveryFailed as failed:
            check = Check("mail_sent", False, "a mail handed over", str(failed), "Look at the mail server's log.")
            refusal = Refusal("mail_failed", "No mail was sent.", Verdict((check,), "invitation"), user_id=user.id)
            await self.events.append([visit.circumstances.refusal("invitation.send", refusal)])
