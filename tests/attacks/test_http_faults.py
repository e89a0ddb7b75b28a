"""When the database cannot be written: nothing is said to have happened that did not (OA-11, I9, I10)."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.okta_steps import (
    ORG,
    answer,
    authorize,
    code_for,
    exchange,
    is_signed_in,
    session_token,
    sign_in,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.postgres_server import FreshDatabase
from tests.server import running_server

pytestmark = pytest.mark.server


@contextmanager
def nobody_can_write(url: str) -> Iterator[None]:
    """Every table of a PostgreSQL database can be read and not written, until the block ends."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(url))
    try:
        found = loop.run_until_complete(connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        names = ", ".join(row["tablename"] for row in found)
        loop.run_until_complete(connection.execute("BEGIN"))
        loop.run_until_complete(connection.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
        yield
        loop.run_until_complete(connection.execute("ROLLBACK"))
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


def test_OA_11_what_could_not_be_written_is_not_said_to_have_happened(
    tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    url, faults = fresh_database(), ("the store did not answer", "a refusal could not be recorded")
    with running_server(tmp_path, database_url=url, faults=faults) as server:
        site, web = server.site, server.site.org.clients["web"]
        browser = signed_in(site)
        given = tokens_for(browser, site)
        ticket, code, home = session_token(site), code_for(browser, web), browser.get("/")
        hint = {"id_token_hint": given["id_token"]}
        wishes: dict[str, Callable[[], httpx.Response]] = {
            "sign-out": lambda: browser.copy().submit(home),
            "sign-out by an application": lambda: browser.copy().get(f"{ORG}/logout", params=hint),
            "closing the session": lambda: browser.copy().request("DELETE", "/api/v1/sessions/me"),
            "a ticket": lambda: authorize(site.browser(), web, prompt="none", sessionToken=ticket),
            "a ticket at a SAML application": lambda: site.browser().get(
                site.saml("saml").sso_path, params={"sessionToken": ticket}
            ),
            "a code": lambda: exchange(site, web, code),
            "a password": lambda: sign_in(site, site.person("ann")),
            "a refusal": lambda: exchange(site, web, "nonsense"),
        }
        with nobody_can_write(url), ThreadPoolExecutor(len(wishes)) as pool:
            asked = {name: pool.submit(wish) for name, wish in wishes.items()}
            # What only reads goes on meanwhile.
            assert userinfo(site, given["access_token"]).status_code == 200
            assert site.browser().get(f"{ORG}/keys").status_code == 200
            assert is_signed_in(browser)
            answers = {name: future.result() for name, future in asked.items()}
        for name, response in answers.items():
            assert response.status_code == 503, name
            assert int(response.headers["retry-after"]) > 0, name
            assert "set-cookie" not in response.headers, name
            assert response.content, name
        assert is_signed_in(browser)
        assert "code" in answer(authorize(site.browser(), web, prompt="none", sessionToken=ticket))
        assert exchange(site, web, code).status_code == 200
