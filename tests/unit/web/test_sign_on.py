"""Single sign-on against a real provider on loopback: who comes in, and who does not."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from bot.clock import ManualClock
from bot.errors import SettingsError
from bot.people.model import Role
from bot.people.sign_on import actor_of, groups_of
from bot.settings import Settings, load_settings
from bot.store.database import Database
from bot.web.oidc import is_safe_address
from tests.support.console import Browser, console
from tests.support.front_fakes import FakeEngine
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, a_key, oidc_provider

HERE = "http://localhost"
WHOLE = {
    "RECALL_PUBLIC_URL": "https://recall.example.org",
    "RECALL_OIDC_ISSUER": "https://login.example.org",
    "RECALL_OIDC_CLIENT_ID": "recall",
    "RECALL_OIDC_CLIENT_SECRET": "not-shown-anywhere",
}


@pytest.fixture
def provider(clock: ManualClock) -> Iterator[Provider]:
    with oidc_provider(clock) as provider:
        yield provider


@pytest.fixture
def settings(provider: Provider, tmp_path: Path) -> dict[str, Any]:
    return {
        "data_dir": tmp_path,
        "public_url": HERE,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_leads": ("team-leads",),
        "oidc_admins": ("platform",),
        "oidc_actor_claim": "slack",
    }


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, settings: dict[str, Any]
) -> Iterator[Browser]:
    with console(database, clock, engine, Settings(**settings)) as browser:
        browser.client.base_url = HERE
        yield browser


def go_there(browser: Browser, back: str = "/console") -> str:
    """Press the button and agree at the provider; the address that leads back here."""
    began = browser.client.get(f"/console/oidc/start?back={back}", follow_redirects=False)
    assert began.status_code == 303, began.text
    with httpx.Client(trust_env=False) as elsewhere:
        return elsewhere.get(began.headers["location"]).headers["location"]


def comes_in(browser: Browser, back: str = "/console") -> Any:
    return browser.client.get(go_there(browser, back))


def test_the_button_is_there(browser: Browser) -> None:
    assert "/console/oidc/start?back=" in browser.get("/console/login").text


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ([], Role.RESPONDER),
        (["team-leads"], Role.LEAD),
        (["team-leads", "platform"], Role.ADMIN),
        ("team-leads", Role.LEAD),
        ([{"name": "platform"}, None], Role.RESPONDER),
    ],
)
def test_groups_make_the_role(
    browser: Browser,
    provider: Provider,
    database: Database,
    clock: ManualClock,
    groups: Any,
    role: Role,
) -> None:
    provider.person["groups"] = groups
    shown = comes_in(browser, "/console/search")
    assert shown.url.path == "/console/search"
    assert f'Anna <span class="soft">{role.value}' in shown.text
    with database.read() as uow:
        [event] = uow.audit.since("console.entered", clock.now())
    assert event.actor == actor_of(provider.issuer, "anna").key
    assert event.data == {"role": role.value, "by": "started"}


def test_a_claim_makes_somebody_the_same_person_as_in_slack(
    browser: Browser, provider: Provider, database: Database, clock: ManualClock
) -> None:
    provider.person["slack"] = "T1/U2"
    assert comes_in(browser).status_code == 200
    with database.read() as uow:
        [event] = uow.audit.since("console.entered", clock.now())
    assert event.actor == "T1/U2"


@pytest.mark.parametrize("claim", ["T1", "recall/system", "OIDC/ABC", "T1/U2\n", 7, ["T1/U2"]])
def test_a_claim_of_another_shape_is_nobody(
    browser: Browser, provider: Provider, claim: object
) -> None:
    provider.person["slack"] = claim
    assert_refused(comes_in(browser), browser, "TEAM_ID/USER_ID")


def assert_refused(answer: Any, browser: Browser, why: str) -> None:
    assert answer.status_code == 403, answer.text
    assert why in answer.text
    assert browser.get("/console/incidents").url.path == "/console/login"


def unsigned(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*texts, ""])


def by_a_shared_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET.ljust(32, "x")))


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another-app"}, "aud"),
        ({"aud": ["recall", "another-app"]}, "azp"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"exp": 1}, "past its time"),
        ({"exp": None}, "not for this sign-in"),
        ({"iat": 99_999_999_999}, "not for this sign-in"),
        ({"at_hash": "bm90IGl0"}, "at_hash"),
        ({"sub": None}, "sub"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    browser: Browser,
    provider: Provider,
    database: Database,
    clock: ManualClock,
    spoilt: dict[str, Any],
    why: str,
) -> None:
    provider.spoil = lambda claims: claims.update(spoilt)
    assert_refused(comes_in(browser), browser, why)
    with database.read() as uow:
        [event] = uow.audit.since("console.refused", clock.now())
        assert not uow.audit.since("console.entered", clock.now())
    assert why in str(event.data["why"])


@pytest.mark.parametrize("sign", [unsigned, by_a_shared_secret, lambda claims: "no.token"])
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    browser: Browser, provider: Provider, sign: Any
) -> None:
    provider.sign = sign
    assert_refused(comes_in(browser), browser, "The ID token")


@pytest.mark.parametrize("kid", ["k1", "k9"])
def test_a_key_of_somebody_else_opens_nothing(
    browser: Browser, provider: Provider, kid: str
) -> None:
    provider.key = a_key(kid)
    assert_refused(comes_in(browser), browser, "not signed by a key")


@pytest.mark.parametrize("kid", ["k1", "k2"])
def test_keys_that_were_changed_are_read_again(
    browser: Browser, provider: Provider, clock: ManualClock, kid: str
) -> None:
    assert comes_in(browser).status_code == 200
    provider.key = a_key(kid)
    provider.published = [provider.key]
    assert comes_in(browser).status_code == 403  # the keys were read this very moment
    clock.advance(31)
    assert comes_in(browser).status_code == 200
    assert provider.asked["/keys"] == 2
    assert provider.asked["/.well-known/openid-configuration"] == 1


def test_a_state_counts_once(browser: Browser, provider: Provider) -> None:
    address = go_there(browser)
    assert browser.client.get(address).status_code == 200
    browser.client.cookies.clear()
    assert_refused(browser.client.get(address), browser, "used before")


def test_nobody_is_led_into_the_sign_in_of_another_browser(browser: Browser) -> None:
    address = go_there(browser)
    browser.client.cookies.clear()
    assert_refused(browser.client.get(address), browser, "another browser")


def test_a_sign_in_that_took_too_long_is_over(browser: Browser, clock: ManualClock) -> None:
    address = go_there(browser)
    clock.advance(601)
    assert_refused(browser.client.get(address), browser, "too old")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("error=access_denied", "access_denied"),
        ("error=%3Cscript%3E", "&lt;script&gt;"),
        ("", "no code"),
        ("code=x&iss=https://evil.example", "another identity provider"),
        ("code=guessed", "invalid_grant"),
    ],
)
def test_answers_without_a_good_code_open_nothing(browser: Browser, query: str, why: str) -> None:
    address = go_there(browser)
    state = httpx.URL(address).params["state"]
    assert_refused(browser.client.get(f"/console/oidc/back?state={state}&{query}"), browser, why)


def test_guessing_states_is_stopped_and_does_not_fill_the_record(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    path = "/console/oidc/back?code=x&state="
    codes = [browser.client.get(f"{path}{n}").status_code for n in range(14)]
    assert codes == [403] * 10 + [429] * 4
    with database.read() as uow:
        assert len(uow.audit.since("console.refused", clock.now())) == 10


def test_a_provider_that_is_away_is_told_and_comes_back(
    browser: Browser, provider: Provider, clock: ManualClock
) -> None:
    provider.is_away = True
    for _ in range(3):
        away = browser.client.get("/console/oidc/start")
        assert away.status_code == 503
        assert "cannot be used right now" in away.text
    assert provider.asked["/.well-known/openid-configuration"] == 1
    provider.is_away = False
    clock.advance(6)
    address = go_there(browser)
    provider.is_away = True
    assert browser.client.get(address).status_code == 503
    provider.is_away = False
    clock.advance(6)
    assert comes_in(browser).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://login.example.org/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": 7},
        {"much": "x" * 2_000_000},
    ],
)
def test_a_discovery_document_that_cannot_be_trusted_leads_nowhere(
    browser: Browser, provider: Provider, document: dict[str, Any]
) -> None:
    provider.document = document
    answer = browser.client.get("/console/oidc/start", follow_redirects=False)
    assert answer.status_code == 503


class TestOnlySomeMayComeIn:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "oidc_responders": ("on-call",), "oidc_role_claim": "realm.roles"}

    @pytest.mark.parametrize("group", ["on-call", "team-leads", "platform"])
    def test_who_is_in_a_group_comes_in(
        self, browser: Browser, provider: Provider, group: str
    ) -> None:
        provider.person["realm"] = {"roles": [group]}
        assert comes_in(browser).status_code == 200

    @pytest.mark.parametrize("groups", [[], ["sales"], ["on-call-no"], None])
    def test_others_do_not(
        self, browser: Browser, provider: Provider, groups: list[str] | None
    ) -> None:
        provider.person["realm"] = {"roles": groups}
        assert_refused(comes_in(browser), browser, "None of your groups")


class TestAnotherSecret:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "oidc_client_secret": "not-the-secret"}

    def test_the_setting_is_named_and_the_secret_is_not(self, browser: Browser) -> None:
        answer = comes_in(browser)
        assert_refused(answer, browser, "RECALL_OIDC_CLIENT_SECRET")
        assert "not-the-secret" not in answer.text


def test_without_a_provider_there_is_no_such_page(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> None:
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        assert browser.get("/console/oidc/start").status_code == 404
        assert browser.get("/console/oidc/back?state=x&code=y").status_code == 404
        assert "oidc" not in browser.get("/console/login").text


def test_settings_are_whole_and_read_as_lists() -> None:
    groups = {"RECALL_OIDC_LEADS": "team leads, on-call leads ,"}
    settings = load_settings(environment={**WHOLE, **groups})
    assert settings.oidc_leads == ("team leads", "on-call leads")
    assert "not-shown-anywhere" not in repr(settings)


@pytest.mark.parametrize("missing", list(WHOLE))
def test_half_of_the_settings_is_an_error_that_names_the_rest(missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        load_settings(environment={k: v for k, v in WHOLE.items() if k != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECALL_OIDC_ISSUER", "http://login.example.org"),
        ("RECALL_OIDC_ISSUER", "https://login.example.org/?x=1"),
        ("RECALL_PUBLIC_URL", "http://recall.example.org"),
        ("RECALL_OIDC_SCOPES", "profile"),
    ],
)
def test_settings_that_would_be_unsafe_or_useless_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings(environment={**WHOLE, name: value})


def test_groups_without_a_provider_are_refused() -> None:
    with pytest.raises(SettingsError, match="RECALL_OIDC_ISSUER"):
        load_settings(environment={"RECALL_OIDC_LEADS": "team-leads"})


def test_subjects_are_kept_apart_by_issuer() -> None:
    one, same, other = (
        actor_of(issuer, "anna") for issuer in ("https://a", "https://a", "https://b")
    )
    assert one == same != other
    assert one.key.replace("/", "").isalnum()


def test_a_claim_with_dots_in_its_name_is_found_before_a_path() -> None:
    claims = {"https://x.org/roles": ["a"], "realm": {"roles": ["b"]}}
    assert groups_of(claims, "https://x.org/roles") == {"a"}
    assert groups_of(claims, "realm.roles") == {"b"}
    assert groups_of(claims, "realm.roles.more") == frozenset()


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://login.example.org/x", True),
        ("http://127.0.0.1:81/x", True),
        ("http://[::1]/x", True),
        ("http://localhost.evil.example/x", False),
        ("http://login.example.org/x", False),
        ("https://user@login.example.org/x", False),
        ("https://[broken", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_tls_or_this_machine_is_believed(address: str, is_safe: bool) -> None:
    assert is_safe_address(address) is is_safe
