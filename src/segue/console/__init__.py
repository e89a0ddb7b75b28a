"""The operator's console: pages for those who have a role in an org, at ``/console`` of each of its domains.

Start at ``entrance`` (who may come in) and ``visit`` (what a page is given). A page shows and a form changes at the
same address; every change is a function of ``segue.admin``, the same that the management APIs call, so there is no rule
here. Everything works without JavaScript.

To add a page: a module with its class, its template, one line in ``PAGES``, and its entry in ``visit``'s navigation.
"""

from dataclasses import dataclass
from typing import Final

from segue.console import static_files
from segue.console.administrators import Administrators
from segue.console.apps import Apps
from segue.console.desk import Desk
from segue.console.entrance import CHANNEL, ConsoleChannel, Entrance, refuse
from segue.console.events import Events
from segue.console.group_rules import GroupRules
from segue.console.groups import Groups
from segue.console.handoff import Handoff
from segue.console.keys import Keys
from segue.console.lineage import Lineage
from segue.console.origins import Origins
from segue.console.overview import Overview
from segue.console.people import People
from segue.console.policies import Policies
from segue.console.rules import Rules
from segue.console.seals import Seals
from segue.console.search import Search
from segue.console.security import Security
from segue.console.servers import Servers
from segue.console.settings import Settings
from segue.console.simulator import Simulator
from segue.console.trust import Trust
from segue.console.users import Users
from segue.console.zones import Zones
from segue.web.surface import Route

__all__ = ["CHANNEL", "TEMPLATES", "Console", "ConsoleChannel", "Desk", "Entrance", "Seals"]

TEMPLATES: Final = {"console": "segue.console"}
"""Where the renderer finds the console's templates."""

PAGES: Final = (
    Overview,
    Search,
    Users,
    Security,
    People,
    Lineage,
    Groups,
    GroupRules,
    Apps,
    Handoff,
    Trust,
    Policies,
    Rules,
    Simulator,
    Zones,
    Origins,
    Servers,
    Keys,
    Settings,
    Administrators,
    Events,
)


@dataclass(frozen=True, slots=True)
class Console:
    """``routes`` are the same for every domain, whatever dialect it speaks."""

    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        return (*(route for page in PAGES for route in page(self.desk).routes()), *static_files.routes(refuse))
