"""Seeding on a real store: once, again, after a move, and after something got lost."""

import base64
import dataclasses
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from segue.admin import applications, orgs, users
from segue.admin.orgs import NewServer
from segue.core.clock import Source
from segue.core.factor import FactorEnrollment
from segue.core.identifiers import normalise_password
from segue.core.org import Org, OrgSettings
from segue.core.sealing import Sealer, sealing_context
from segue.core.secret import digest
from segue.core.user import User
from segue.demo.addresses import Addresses
from segue.demo.folder import Kept
from segue.demo.manifest import Manifest, new_manifest
from segue.demo.seed import Seeded, new_password, seed
from segue.demo.workplace import Workplace
from segue.policy.second_factor import asks_for_second_factor
from segue.signin.passwords import PasswordHasher
from segue.storage import migrate, open_store
from segue.stores import Store

SERVERS = (NewServer("Org server", ""), NewServer("default", "oauth2/default", "api://default"))
PEOPLE = {"ann", "bob", "otp", "outsider", "half", "stepup"}
# Applications whose entry in the manifest names no address, so that a move changes nothing of it.
WITHOUT_ADDRESSES = {"native", "stranger"}
HERE, MOVED, SAFE = Addresses(), Addresses(18080), Addresses(tls=True)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "segue.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def hasher() -> Iterator[PasswordHasher]:
    pool = PasswordHasher(memory_kib=8, passes=1)
    yield pool
    pool.close()


@pytest.fixture
async def at(migrated: Path, tmp_path: Path, hasher: PasswordHasher) -> AsyncIterator[Workplace]:
    shutil.copy(migrated, tmp_path / "segue.db")
    store = open_store(f"sqlite:///{tmp_path / 'segue.db'}", epoch=0)
    await store.open()
    yield Workplace(store, Sealer(bytes(range(32))), hasher, Source(), Kept(), lambda: None)
    await store.close()


def manifest(seeded: Seeded, at: Workplace, addresses: Addresses = HERE) -> Manifest:
    return new_manifest(seeded, at.kept, addresses)


async def org_of(store: Store) -> str:
    [org] = await store.orgs()
    return org.id


async def knows(at: Workplace, user: User, password: str) -> bool:
    return (await at.hasher.verify(user.password_hash, normalise_password(password))).ok


async def may_use(at: Workplace, app_id: str) -> set[str]:
    org = await org_of(at.store)
    subjects = [await at.store.subject(org, user.id, app_id) for user in await at.store.users(org)]
    return {subject.user.login_key.partition("@")[0] for subject in subjects if subject and subject.assigned}


async def test_what_a_newcomer_gets(at: Workplace) -> None:
    seeded = await seed(at, HERE, SERVERS)
    okta = manifest(seeded, at)["okta"]
    assert not at.kept.announced
    assert [domain.base_url for domain in await at.store.domains()] == [HERE.idp]
    assert (okta["issuer"], okta["default_issuer"]) == (HERE.idp, f"{HERE.idp}/oauth2/default")
    assert set(okta["users"]) == PEOPLE
    for name, entry in okta["apps"].items():
        half = {"half"} if name == "native" else set()
        assert await may_use(at, entry["app_id"]) == {"ann", "bob", "otp", "stepup"} | half
    assert set(okta["apps"]["web"]) == {"app_id", "client_id", "client_secret", "redirect_uri", "embed_url"}
    assert set(okta["apps"]["spa"]) == {"app_id", "client_id", "redirect_uri"}
    assert set(okta["apps"]["saml"]) == {"app_id", "sso_url", "embed_url", "metadata_url", "entity_id", "acs_url"}
    assert set(okta["apps"]["wsfed"]) == {"app_id", "sso_url", "embed_url", "issuer", "realm", "reply_url"}
    org = await org_of(at.store)
    web = await at.store.application(org, okta["apps"]["web"]["app_id"])
    assert web is not None
    assert web.oidc is not None
    assert web.oidc.secret_digests == (digest(okta["apps"]["web"]["client_secret"]),)
    assert web.oidc.response_types == {"code", "id_token", "code id_token"}
    for name, entry in okta["users"].items():
        user = await at.store.user(org, entry["id"])
        assert user is not None
        assert user.limits_exempt
        assert user.login == entry["login"] == f"{name}@harborbooks.example"
        assert await knows(at, user, entry["password"])


async def test_nobody_but_the_users_of_the_demo_is_exempt_from_limits(at: Workplace) -> None:
    assert not (await seed(at, HERE, SERVERS)).admin.user.limits_exempt


async def test_the_trusted_origins_are_those_of_the_apps(at: Workplace) -> None:
    seeded = await seed(at, HERE, SERVERS)
    trusted = await at.store.trusted_origins(await org_of(at.store))
    assert {origin.origin for origin in trusted} == set(HERE.all) - {HERE.idp}
    assert all(origin.scopes == {"CORS", "REDIRECT"} for origin in trusted)
    assert manifest(seeded, at)["okta"]["trusted_origin"] in {origin.origin for origin in trusted}


async def test_a_second_run_changes_nothing(at: Workplace) -> None:
    first = await seed(at, HERE, SERVERS)
    org = await org_of(at.store)
    before = manifest(first, at), await at.store.signing_keys(org, "main"), await at.store.trusted_origins(org)
    version = await at.store.org_version(org)
    again = await seed(at, HERE, SERVERS)
    assert (
        manifest(again, at),
        await at.store.signing_keys(org, "main"),
        await at.store.trusted_origins(org),
    ) == before
    assert await at.store.org_version(org) == version
    assert len(await at.store.users(org)) == 7
    assert len(await at.store.applications(org)) == 12


@pytest.mark.parametrize("there", [MOVED, SAFE], ids=["another port", "https"])
async def test_a_move_keeps_the_data(at: Workplace, there: Addresses) -> None:
    before = manifest(await seed(at, HERE, SERVERS), at)
    after = manifest(await seed(at, there, SERVERS), at, there)
    org = await org_of(at.store)
    assert [domain.base_url for domain in await at.store.domains()] == [there.idp]
    assert after["okta"]["users"] == before["okta"]["users"]
    assert after["admin"] | {"console_url": ""} == before["admin"] | {"console_url": ""}
    assert after["admin"]["console_url"] == f"{after['okta']['base_url']}/console"
    assert after["okta"]["ssws"] == before["okta"]["ssws"]
    for name, entry in before["okta"]["apps"].items():
        now = after["okta"]["apps"][name]
        for key in ("app_id", "client_id", "client_secret"):
            assert now.get(key) == entry.get(key)
        assert now != entry or name in WITHOUT_ADDRESSES
    active = {origin.origin for origin in await at.store.trusted_origins(org) if origin.status == "active"}
    assert active == set(there.all) - {there.idp}
    found = await at.store.org(org)
    assert found is not None
    assert {link[1] for link in found.settings.landing_links} <= set(there.all)
    saml = await at.store.application(org, after["okta"]["apps"]["saml"]["app_id"])
    assert saml is not None
    assert saml.home_authority == there.idp.partition("://")[2]
    back = manifest(await seed(at, HERE, SERVERS), at)
    assert back == before


async def test_a_lost_folder_means_new_secrets_for_the_same_org(at: Workplace) -> None:
    before = manifest(await seed(at, HERE, SERVERS), at)
    forgetful = dataclasses.replace(at, kept=Kept(announced=True))
    after = manifest(await seed(forgetful, HERE, SERVERS), forgetful)
    assert not forgetful.kept.announced, "a new password of the administrator is told again"
    org = await org_of(at.store)
    for name, entry in after["okta"]["users"].items():
        assert entry["id"] == before["okta"]["users"][name]["id"]
        assert entry["password"] != before["okta"]["users"][name]["password"]
        user = await at.store.user(org, entry["id"])
        assert user is not None
        assert await knows(at, user, entry["password"])
    web = await at.store.application(org, after["okta"]["apps"]["web"]["app_id"])
    assert web is not None
    assert web.oidc is not None
    assert web.oidc.secret_digests == (digest(after["okta"]["apps"]["web"]["client_secret"]),)


async def test_a_lost_database_means_the_same_passwords_for_a_new_org(
    at: Workplace, migrated: Path, tmp_path: Path
) -> None:
    before = manifest(await seed(at, HERE, SERVERS), at)
    shutil.copy(migrated, tmp_path / "other.db")
    store = open_store(f"sqlite:///{tmp_path / 'other.db'}", epoch=0)
    await store.open()
    empty = dataclasses.replace(at, store=store)
    after = manifest(await seed(empty, HERE, SERVERS), empty)
    await store.close()
    for name, entry in after["okta"]["users"].items():
        assert entry["password"] == before["okta"]["users"][name]["password"]
    assert after["okta"]["ssws"] != before["okta"]["ssws"]
    assert after["okta"]["apps"]["web"]["client_secret"] != before["okta"]["apps"]["web"]["client_secret"]


async def test_secrets_are_kept_before_they_are_needed(at: Workplace) -> None:
    """What is saved at each moment is enough for a run after a crash."""
    saved: list[Kept] = []
    careful = dataclasses.replace(at, save=lambda: saved.append(dataclasses.replace(at.kept)))
    await seed(careful, HERE, SERVERS)
    assert saved[-1] == at.kept
    assert set(at.kept.passwords) == PEOPLE | {"admin"}
    assert set(at.kept.totp_secrets) == {"otp", "stepup"}
    assert set(at.kept.client_secrets) == {"web", "playground", "native", "stranger", "target", "target_mfa"}


async def test_what_somebody_changed_by_hand_is_mended(at: Workplace) -> None:
    seeded = await seed(at, HERE, SERVERS)
    change = at.change(await org_of(at.store))
    await applications.unassign(at.store, seeded.apps["web"].id, seeded.people["ann"].user.id, change)
    [login, *_] = await at.store.trusted_origins(change.org_id)
    await at.store.put_trusted_origin(
        dataclasses.replace(login, status="inactive"), change.event("origin.distrust", origin_id=login.id)
    )
    await users.set_status(at.store, seeded.people["bob"].user.id, "suspended", change)
    await seed(at, HERE, SERVERS)
    assert "ann" in await may_use(at, seeded.apps["web"].id)
    trusted = await at.store.trusted_origins(change.org_id)
    assert {origin.origin for origin in trusted if origin.status == "active"} == set(HERE.all) - {HERE.idp}
    bob = await at.store.user(change.org_id, seeded.people["bob"].user.id)
    assert bob is not None
    assert bob.status == "suspended", "what an operator did to a person stays"


async def factors_of(at: Workplace, seeded: Seeded, name: str) -> list[FactorEnrollment]:
    return list(await at.store.factors(await org_of(at.store), seeded.people[name].user.id))


async def org_now(at: Workplace) -> Org:
    [org] = await at.store.orgs()
    return org


async def test_one_of_them_is_always_asked_for_a_code(at: Workplace) -> None:
    """By the org's own rule, and with an app whose secret the manifest tells."""
    seeded = await seed(at, HERE, SERVERS)
    org = await org_now(at)
    [group] = [one for one in await at.store.groups(org.id) if one.type == "standard"]
    assert org.settings.second_factor_groups == (group.id,)
    assert org.settings.remember_device_s > 0
    for name, person in seeded.people.items():
        subject = await at.store.subject(org.id, person.user.id, None)
        assert subject is not None
        assert asks_for_second_factor(org.settings, subject) == (name == "otp")
        assert len(await factors_of(at, seeded, name)) == (name in ("otp", "stepup"))
    [app] = await factors_of(at, seeded, "otp")
    assert (app.type, app.status) == ("totp", "active")
    secret = manifest(seeded, at)["okta"]["users"]["otp"]["totp_secret"]
    sealed = at.sealer.open(app.sealed_secret, context=sealing_context(org.id, "factor", app.id))
    assert base64.b32decode(secret) == sealed


async def test_a_password_that_somebody_changed_is_the_manifests_again(at: Workplace) -> None:
    """Recovery is there to be tried, and the manifest tells the truth all the same."""
    seeded = await seed(at, HERE, SERVERS)
    change = at.change(await org_of(at.store))
    await users.set_password(at.store, at.hasher, seeded.people["ann"].user.id, "another password", change)
    again = await seed(at, HERE, SERVERS)
    assert again.people["ann"].password == seeded.people["ann"].password
    assert await knows(at, again.people["ann"].user, again.people["ann"].password)
    assert not await knows(at, again.people["ann"].user, "another password")


async def test_a_lost_secret_of_the_app_means_another_one(at: Workplace) -> None:
    before = manifest(await seed(at, HERE, SERVERS), at)["okta"]["users"]["otp"]
    at.kept.totp_secrets.clear()
    seeded = await seed(at, HERE, SERVERS)
    after = manifest(seeded, at)["okta"]["users"]["otp"]
    assert after["id"] == before["id"]
    assert after["totp_secret"] != before["totp_secret"]
    assert len(await factors_of(at, seeded, "otp")) == 1


async def test_an_app_that_somebody_removed_is_there_again(at: Workplace) -> None:
    seeded = await seed(at, HERE, SERVERS)
    [app] = await factors_of(at, seeded, "otp")
    event = at.change(app.org_id).event("factor.remove", user_id=app.user_id)
    await at.store.remove_factor(app.org_id, app.user_id, app.id, event)
    assert len(await factors_of(at, await seed(at, HERE, SERVERS), "otp")) == 1


async def test_a_session_image_is_allowed_in_the_demo(at: Workplace) -> None:
    await seed(at, HERE, SERVERS)
    assert (await org_now(at)).settings.session_image
    assert not OrgSettings().session_image, "and nowhere else unless it is wanted"


async def test_a_demo_of_an_earlier_release_grows_into_this_one(at: Workplace) -> None:
    """Applications without links, an org without a second factor: ids and secrets stay, and links get ids of their
    own."""
    seeded = await seed(at, HERE, SERVERS)
    before, org = manifest(seeded, at), await org_now(at)
    change = at.change(org.id)
    for key in ("web", "saml", "playground"):
        app = seeded.apps[key]
        oidc = dataclasses.replace(app.oidc, initiate_login_uri="") if app.oidc else None
        await applications.update_application(at.store, dataclasses.replace(app, links=(), oidc=oidc), change)
    older = dataclasses.replace(org.settings, second_factor_groups=(), remember_device_s=0, session_image=False)
    await orgs.change_settings(at.store, older, change)
    after = manifest(await seed(at, HERE, SERVERS), at)
    assert (await org_now(at)).settings == org.settings
    for key, entry in after["okta"]["apps"].items():
        known = before["okta"]["apps"][key]
        assert {**known, "embed_url": ""} == {**entry, "embed_url": ""}
    assert after["okta"]["users"] == before["okta"]["users"]
    assert manifest(await seed(at, HERE, SERVERS), at) == after


def test_passwords_are_many_and_easy_to_type() -> None:
    made = {new_password(Source().random) for _ in range(200)}
    assert len(made) == 200
    assert all(len(password) == 14 and password.replace("-", "").isalnum() and password.islower() for password in made)
