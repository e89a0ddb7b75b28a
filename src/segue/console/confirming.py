"""The page between a wish and its doing: what it means, what ends with it, and what stays."""

from collections.abc import Mapping, Sequence

from segue.console.visit import Crumbs, Visit
from segue.web.message import Page

Things = Sequence[Mapping[str, str]]
"""Things with their ``name`` and a ``detail``."""


def confirm_page(
    visit: Visit,
    title: str,
    *,
    lead: str,
    action: str,
    button: str,
    back: str,
    hidden: Sequence[tuple[str, str]] = (),
    keep: str = "Leave it as it is",
    crumbs: Crumbs = (),
    section: str = "",
    ends: Things = (),
    asked: Things = (),
    stays: Things = (),
    dangerous: bool = True,
) -> Page:
    """Asks whether to go on: ``button`` posts ``hidden`` to ``action``, ``keep`` leads ``back``. ``asked`` are those
    who can only be asked to end something of theirs."""
    lists = (("What ends", ends), ("Whom we can only ask", asked), ("What stays", stays))
    return visit.page(
        "confirm.html",
        title,
        crumbs=crumbs,
        section=section,
        lead=lead,
        lists=[(heading, things) for heading, things in lists if things],
        action=action,
        hidden=hidden,
        button=button,
        dangerous=dangerous,
        back=back,
        keep=keep,
    )
