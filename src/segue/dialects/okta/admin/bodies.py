"""The members of a request's body, read one by one: what is not of the type that is expected is refused by name."""

from collections.abc import Collection, Mapping

from segue.core.strict import JsonValue
from segue.dialects.okta.errors import ValidationFailed
from segue.web.message import Request

Body = Mapping[str, JsonValue]


def object_member(body: Body, name: str, subject: str) -> Body | None:
    """A member that is an object, None where it is left out. Raises ValidationFailed."""
    value = body.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise ValidationFailed(subject, name, f"{name}: an object")


def text_member(body: Body, name: str, subject: str, *, longest: int = 1024) -> str | None:
    """A member that is a text, None where it is left out. Raises ValidationFailed."""
    value = body.get(name)
    if value is None or (isinstance(value, str) and len(value) <= longest):
        return value
    raise ValidationFailed(subject, name, f"{name}: a text of at most {longest} characters")


def needed_text(body: Body, name: str, subject: str, *, longest: int = 1024) -> str:
    """A member that is a text with something in it. Raises ValidationFailed."""
    value = text_member(body, name, subject, longest=longest)
    if not value:
        raise ValidationFailed(subject, name, f"{name}: a text is needed")
    return value


def ids_member(body: Body, name: str, subject: str, *, most: int) -> tuple[str, ...]:
    """A member that is a list of ids, each kept once; empty where it is left out. Raises ValidationFailed."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > most:
        raise ValidationFailed(subject, name, f"{name}: a list of at most {most} ids")
    ids = [one for one in value if isinstance(one, str) and 0 < len(one) <= 64]
    if len(ids) != len(value):
        raise ValidationFailed(subject, name, f"{name}: a list of at most {most} ids")
    return tuple(dict.fromkeys(ids))


def flag_member(body: Body, name: str, subject: str) -> bool:
    """A member that is true or false, false where it is left out. Raises ValidationFailed."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ValidationFailed(subject, name, f"{name}: true or false")
    return value


def only(body: Body, known: Collection[str], subject: str) -> None:
    """Raises ValidationFailed for a member that nothing reads: a caller who sends it means something by it (MG-03)."""
    for name in body:
        if name not in known:
            raise ValidationFailed(subject, "body", f"{name[:80]}: no such member")


def query_flag(request: Request, name: str, *, default: bool) -> bool:
    """A parameter of the query that is true or false. Raises ValidationFailed."""
    given = request.query.get(name)
    if given is None:
        return default
    if given.lower() not in ("true", "false"):
        raise ValidationFailed(name, name, f"{name}: true or false")
    return given.lower() == "true"
