"""The parameters of a form that a client sends: each once, and those that are needed."""

from collections.abc import Collection

from segue.core.strict import Params
from segue.core.verdict import Check
from segue.protocols.oauth.errors import refusal


def check_once(form: Params, *, repeatable: Collection[str] = ()) -> None:
    """RFC 6749 3.2: a parameter occurs once (OT-12). Raises Refusal ``invalid_request``."""
    repeated = [name for name in form.names() if len(form.all(name)) > 1 and name not in repeatable]
    if repeated:
        text = "A parameter is given more than once."
        raise refusal("invalid_request", text, Check("parameters_once", passed=False, seen=repeated[0][:64], mend=text))


def needed(form: Params, name: str, *, app_id: str | None = None) -> str:
    """A parameter that has to be there; an empty one is not (RFC 6749 3.2). Raises Refusal ``invalid_request``."""
    value = form.get(name)
    if not value:
        text = f"The parameter {name} is missing."
        check = Check(f"{name}_present", passed=False, expected=name, seen="nothing", mend=text)
        raise refusal("invalid_request", text, check, app_id=app_id)
    return value
