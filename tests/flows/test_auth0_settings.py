"""The settings of session transfer, changed at the command line while the server runs."""

import time

from tests.auth0_steps import HOST, Tenant, at_login, authorize, code_in, exchange, transfer_token


def test_settings_are_changed_merged_and_taken_away(tenant: Tenant) -> None:
    async def read(installation: object) -> object:
        found = await installation.segue.store.application(tenant.org_id, tenant.clients["spare"].app_id)  # type: ignore[attr-defined]
        return found.session_transfer

    def say(*options: str, check: bool = True) -> str:
        done = tenant.server.command("app", "transfer", "acme-spare", "--org", HOST, *options, check=check)
        return done.stdout + done.stderr

    assert "neither hands a sign-in over nor takes one" in say()
    token = tenant.by_password("spare")["refresh_token"]
    assert exchange(tenant, token, "spare").status_code == 400
    assert "Hands sign-ins over: yes" in say("--can-create", "--carriers", "query,cookie")
    assert "Hands sign-ins over: yes" in say("--device-binding", "none")
    assert "one of: ip, asn, none" in say("--device-binding", "mac", check=False)
    assert "Takes them by: query, cookie" in say("--no-cascade")
    time.sleep(1.1)  # a process may go on with the settings of a second ago
    assert exchange(tenant, token, "spare").status_code == 200
    spare = tenant.clients["spare"]
    assert code_in(authorize(tenant.browser(), spare, session_transfer_token=transfer_token(tenant)))
    say("--forget")
    assert tenant.inside(read) is None
    time.sleep(1.1)
    browser = tenant.browser()
    assert at_login(browser, authorize(browser, spare, session_transfer_token=transfer_token(tenant)))
    (event,) = [one for one in tenant.events("application.update") if one["app_id"] == spare.app_id][-1:]
    assert "session_transfer" in event["detail"]["fields"]
