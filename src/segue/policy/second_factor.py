"""Does the org itself ask for a second factor, whatever the application wants?"""

from segue.core.org import OrgSettings
from segue.core.requirement import Requirement
from segue.core.user import Subject


def org_requirement(settings: OrgSettings, subject: Subject, *, device_remembered: bool) -> Requirement:
    """What every sign-in of this user has to meet, for a session, a ticket or an application alike (ASVS 6.3.4).

    Members of ``settings.second_factor_groups`` need two kinds of factor, unless they proved a second one on this
    device not long ago. A remembered device excuses from the org's rule alone, never from what an application asks.
    """
    asked = asks_for_second_factor(settings, subject) and not device_remembered
    return Requirement(factors=2 if asked else 1)


def asks_for_second_factor(settings: OrgSettings, subject: Subject) -> bool:
    """Whether the org's rule names this user; a remembered device may still excuse them."""
    return not subject.group_ids.isdisjoint(settings.second_factor_groups)
