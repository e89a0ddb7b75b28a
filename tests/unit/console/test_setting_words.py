"""What the page of the org's settings shows, and what the command line takes: the same."""

from segue.admin import org_settings
from segue.console.setting_words import SECTIONS
from segue.core.org import OrgSettings


def test_every_setting_stands_on_the_page_once() -> None:
    shown = [field.name for _, _, fields in SECTIONS for field in fields]
    assert sorted(shown) == sorted(org_settings.settable(OrgSettings(gateways=("192.0.2.1",))))
