"""The factors of an installation, with the providers that its settings name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from segue.core.clock import Source
from segue.core.sealing import Sealer
from segue.outbound.fetcher import Fetcher
from segue.outbound.providers import allowed_targets, mail_provider, message_provider, push_provider
from segue.settings import PREFIX, Settings, SettingsError
from segue.signin.factors.registry import Factors, build_factors
from segue.signin.passwords import PasswordHasher
from segue.stores import AttemptStore, MailSender, MessageSender, PushProvider

_Provider = TypeVar("_Provider")


@dataclass(frozen=True, slots=True)
class Providers:
    """What reaches people; None where nothing is set up."""

    mail: MailSender | None
    messages: MessageSender | None
    push: PushProvider | None


def providers_of(settings: Settings, source: Source) -> Providers:
    """Raises SettingsError where a provider's address cannot be used."""
    fetcher = fetcher_of(settings)
    mail, messages, push = (_text(given) for given in (settings.mail, settings.messages, settings.push))
    secret = _text(settings.webhook_secret)
    return Providers(
        mail=_read("MAIL", lambda: mail_provider(mail, settings.mail_from, source)) if mail else None,
        messages=_read("MESSAGES", lambda: message_provider(messages, secret, fetcher, source)) if messages else None,
        push=_read("PUSH", lambda: push_provider(push, secret, fetcher, source)) if push else None,
    )


def fetcher_of(settings: Settings) -> Fetcher:
    """The one way to other servers. Raises SettingsError where an allowed target cannot be read."""
    return Fetcher(allowed=_read("ALLOWED_TARGETS", lambda: allowed_targets(settings.allowed_targets)))


def factors_of(providers: Providers, sealer: Sealer, hasher: PasswordHasher, attempts: AttemptStore) -> Factors:
    return build_factors(
        sealer=sealer,
        hasher=hasher,
        attempts=attempts,
        mail=providers.mail,
        messages=providers.messages,
        push=providers.push,
    )


def _text(given: SecretStr | None) -> str:
    return given.get_secret_value() if given else ""


def _read(name: str, read: Callable[[], _Provider]) -> _Provider:
    try:
        return read()
    except ValueError as problem:
        raise SettingsError(f"{PREFIX}{name}: {problem}.") from None
