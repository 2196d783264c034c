"""What is open, and who takes it on."""

from collections.abc import Sequence
from dataclasses import replace

from bot.alerts.model import StoredAlert
from bot.channels.model import PersonSettings, QuietHours
from bot.commands.model import Pager
from bot.incidents.model import IncidentState
from bot.pager.references import pagerduty_incidents
from bot.people.model import Role
from knowledge.model import Visibility
from tests.support.desk import Desk


def test_open_incidents_are_listed_with_how_bad_where_and_since_when(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.clock.advance(7_200)
    desk.fires("VaultSealed", "vault")
    told = desk.says("status")
    assert "2 open incidents" in told
    assert "RCL-2 VaultSealed | high, open, vault, prod, for 0 s" in told
    assert "RCL-1 CheckoutDown | high, open, checkout, prod, for 2 h" in told


def test_a_snooze_is_told_by_the_clocks_of_whoever_asks(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    zone = PersonSettings(quiet=QuietHours(time_zone="Asia/Tokyo"))
    with desk.database.begin() as uow:
        uow.preferences.save_person("T1", "U0ALICE", zone, actor="t", now=desk.clock.now())
    told = "snoozed until Thu 19 Nov 14:12 (Asia/Tokyo)"
    assert "RCL-1 is " + told in desk.says("snooze RCL-1 2h")
    assert told in desk.says("status")
    assert "snoozed until Thu 19 Nov 05:12 (UTC)" in desk.says("status", desk.caller("bob"))


def test_with_nothing_open_it_says_so(desk: Desk) -> None:
    assert "Nothing is open" in desk.says("status")


def test_what_the_channel_may_not_see_is_not_there(desk: Desk) -> None:
    incident = desk.fires("CheckoutDown")
    assert incident is not None
    with desk.database.begin() as uow:
        uow.incidents.save(replace(incident, visibility=Visibility(frozenset({"T1/C0SECRET"}))))
    assert "CheckoutDown" not in desk.says("status")
    assert "There is no incident RCL-1" in desk.says("ack RCL-1")
    assert "CheckoutDown" in desk.says("status", desk.caller(channel="C0SECRET"))


def test_whoever_acknowledges_owns_it_and_is_told_that_the_page_goes_on(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    told = desk.says("ack 1")
    incident = desk.incident("RCL-1")
    assert incident.state is IncidentState.ACKNOWLEDGED
    assert incident.owner == "T1/U0ALICE"
    assert "This does not stop the page" in told
    assert "incident.acknowledged" in desk.audited()


def test_acknowledging_twice_changes_nothing_and_by_another_it_changes_hands(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.says("ack RCL-1")
    before = desk.incident("RCL-1")
    assert "yours already" in desk.says("ack RCL-1")
    assert desk.incident("RCL-1") == before
    desk.says("ack RCL-1", desk.caller("bob"))
    after = desk.incident("RCL-1")
    assert (after.owner, after.state) == ("T1/U0BOB", IncidentState.ACKNOWLEDGED)
    assert after.revision == before.revision + 1


def test_the_only_open_incident_of_the_channel_need_not_be_named(desk: Desk) -> None:
    incident = desk.fires("CheckoutDown")
    assert incident is not None
    assert "Say which incident" in desk.says("ack")
    with desk.database.begin() as uow:
        uow.placements.dedicate("T1", "C0INC", incident.id, desk.clock.now())
    desk.says("ack", desk.caller("bob", channel="C0INC"))
    assert desk.incident("RCL-1").owner == "T1/U0BOB"


def test_what_is_over_cannot_be_taken_on(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("CheckoutDown", status="resolved")
    assert "resolved already" in desk.says("ack RCL-1")


class FakePager:
    """The Pager port: remembers what it was told, or gives the reason why not."""

    name = "PagerDuty"

    def references(self, alerts: Sequence[StoredAlert]) -> tuple[str, ...]:
        return pagerduty_incidents(alerts)

    def __init__(self, problem: str | None = None) -> None:
        self.problem = problem
        self.told: list[tuple[str, tuple[str, ...], str]] = []

    def acknowledge(self, references: tuple[str, ...], actor: str) -> str | None:
        self.told.append(("acknowledge", references, actor))
        return self.problem

    def resolve(self, references: tuple[str, ...], actor: str) -> str | None:
        self.told.append(("resolve", references, actor))
        return self.problem


def test_an_alert_that_the_pager_did_not_send_is_no_matter_of_the_pager(desk: Desk) -> None:
    pager: Pager = FakePager()
    with_pager = Desk(desk.database, desk.clock, pager=pager)
    with_pager.fires("CheckoutDown")
    assert "PagerDuty sent none of its alerts" in with_pager.says(
        "ack RCL-1", with_pager.caller(role=Role.LEAD)
    )


def test_one_incident_is_shown_with_why_each_alert_is_in_it(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.clock.advance(20)
    desk.fires("CheckoutSlow")
    desk.says("ack RCL-1")
    told = desk.says("status RCL-1")
    assert "RCL-1 CheckoutDown" in told
    assert "acknowledged, high" in told
    assert "has it" in told
    assert "CheckoutDown (firing) | opened it" in told
    assert "CheckoutSlow (firing) | joined because: same service checkout, 20 s apart" in told


def test_an_incident_that_may_not_be_seen_here_does_not_exist_for_status(desk: Desk) -> None:
    incident = desk.fires("CheckoutDown")
    assert incident is not None
    with desk.database.begin() as uow:
        uow.incidents.save(replace(incident, visibility=Visibility(frozenset({"T1/C0SECRET"}))))
    assert "There is no incident RCL-1" in desk.says("status RCL-1")
