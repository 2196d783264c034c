"""Storm mode on a real database: what is said, how often, and what is not."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity, Turning
from bot.alerts.ports import AlertWrite
from bot.channels.placing import in_room
from bot.chat.messages import IncidentCard, StormMessage
from bot.clock import ManualClock
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState
from bot.jobs.ports import Job
from bot.store.database import Database
from bot.storms.job import STORM, Storms
from bot.storms.model import StormRule
from bot.suggestions.jobs import SUGGEST, SuggestJob, look_again
from tests.support.databases import postgresql_database
from tests.support.slack_world import ROOM, TEAM, World

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


class Weather(World):
    """The Slack side with storm mode on: more than ten alerts a minute are a storm."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        super().__init__(database, clock)
        self.starts_anew()

    def starts_anew(self) -> None:
        """As after a restart: nothing is left but the database."""
        self.storms = Storms(self.database, self.clock, StormRule(alerts=10), look_again=look_again)
        self.job = SuggestJob(
            self.database, self.builder, lambda _: in_room(ROOM), self.clock, self.storms
        )

    def breaks(self, service: str, alerts: int, severity: Severity = WARNING) -> Incident:
        """So many alerts of a service begin to fire, in one incident of its own."""
        now = self.clock.now()
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key=service,
                title=f"{service} is broken",
                service=service,
                environment="prod",
                severity=severity,
                team_id=TEAM,
                now=now,
            )
            writes = [
                AlertWrite(
                    alert=Alert(
                        source="generic",
                        fingerprint=f"{service}:{now.isoformat()}:{number}",
                        name=f"{service}Broken",
                        status=AlertStatus.FIRING,
                        severity=severity,
                    ),
                    service=service,
                    environment="prod",
                    incident_id=incident.id,
                    turning=Turning(turned_at=now),
                )
                for number in range(alerts)
            ]
            uow.alerts.save(writes, now)
        return incident

    def looked_at(self, incident: Incident) -> None:
        payload = {"incident_id": incident.id, "revision": incident.revision, "again": True}
        self.job.handle(Job(key="j", kind=SUGGEST, payload=payload))
        self.works()

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.storms.tick()
        self.works()

    def works(self) -> None:
        """Do all jobs that are due, and say what is to be said."""
        while True:
            with self.database.begin() as uow:
                jobs = list(uow.jobs.claim([STORM, SUGGEST], self.clock.now(), 60, 100))
                for job in jobs:
                    uow.jobs.finish(job.key, self.clock.now())
            for job in jobs:
                (self.storms.handle if job.kind == STORM else self.job.handle)(job)
            if not jobs:
                break
        while self.sender.run_once():
            pass

    def ends(self, incident: Incident) -> None:
        with self.database.begin() as uow:
            there = uow.incidents.get(incident.id)
            assert there is not None
            moved = by_person(there, IncidentState.RESOLVED, actor="T1/U1", now=self.clock.now())
            uow.incidents.save(moved.incident)

    def storm_messages(self) -> list[StormMessage]:
        return [post.message for post in self.chat.posts if isinstance(post.message, StormMessage)]

    def cards(self) -> list[str]:
        return [
            post.message.incident_key
            for post in self.chat.posts
            if isinstance(post.message, IncidentCard)
        ]

    def edits(self) -> int:
        return sum(
            len(post.edits) for post in self.chat.posts if isinstance(post.message, StormMessage)
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def weather(
    request: pytest.FixtureRequest, database: Database, clock: ManualClock
) -> Iterator[Weather]:
    if request.param == "sqlite":
        yield Weather(database, clock)
        return
    with postgresql_database(clock) as other:
        yield Weather(other, clock)


def test_a_storm_is_one_message_and_no_cards(weather: Weather) -> None:
    edge, cart = weather.breaks("edge", 9), weather.breaks("cart", 3)
    weather.looked_at(edge)
    weather.looked_at(cart)
    weather.looked_at(edge)
    assert weather.cards() == []
    [message] = weather.storm_messages()
    assert not message.is_over
    assert [one.key for one in message.incidents] == [edge.key]  # cart comes with the next edit
    weather.passes(60)
    [message] = weather.storm_messages()
    assert [(one.key, one.alerts) for one in message.incidents] == [(edge.key, 9), (cart.key, 3)]
    assert [(one.name, one.alerts) for one in message.services] == [("edge", 9), ("cart", 3)]
    assert (message.alerts, message.incidents_total, message.services_total) == (12, 2, 2)


def test_it_is_changed_at_most_once_a_minute(weather: Weather) -> None:
    edge = weather.breaks("edge", 12)
    weather.looked_at(edge)
    for _ in range(36):  # three minutes, new alerts every five seconds
        weather.breaks("edge", 3)
        weather.looked_at(edge)
        weather.passes(5)
    assert len(weather.storm_messages()) == 1
    assert weather.edits() == 3


def test_a_critical_alert_outside_has_its_card_at_once(weather: Weather) -> None:
    weather.looked_at(weather.breaks("edge", 12))
    payments = weather.breaks("payments-api", 1, CRITICAL)
    weather.looked_at(payments)
    assert weather.cards() == [payments.key]
    assert len(weather.storm_messages()) == 1


def test_afterwards_its_message_is_the_summary_and_what_is_open_is_spoken_of(
    weather: Weather,
) -> None:
    edge, cart = weather.breaks("edge", 9), weather.breaks("cart", 3)
    weather.looked_at(edge)
    weather.looked_at(cart)
    weather.ends(cart)
    weather.passes(119)
    weather.passes(1)
    weather.passes(60)
    [message] = weather.storm_messages()
    assert message.is_over
    assert (message.incidents_total, message.open_total) == (2, 1)
    assert weather.cards() == [edge.key]
    weather.passes(600)
    assert weather.storm_messages() == [message]


def test_it_is_over_as_soon_as_all_of_it_is(weather: Weather) -> None:
    edge = weather.breaks("edge", 12)
    weather.looked_at(edge)
    weather.ends(edge)
    weather.passes(30)
    assert [one.is_over for one in weather.storm_messages()] == [False]
    weather.passes(30)
    [message] = weather.storm_messages()
    assert message.is_over
    assert message.ended_at == weather.clock.now() - timedelta(seconds=30)
    assert weather.cards() == []


def test_a_restart_in_the_middle_changes_nothing(weather: Weather) -> None:
    edge = weather.breaks("edge", 12)
    weather.looked_at(edge)
    weather.starts_anew()
    weather.looked_at(edge)
    weather.passes(60)
    weather.starts_anew()
    weather.passes(60)
    weather.passes(60)
    assert [one.is_over for one in weather.storm_messages()] == [True]
    assert weather.cards() == [edge.key]


def test_two_replicas_tell_of_it_once(weather: Weather, clock: ManualClock) -> None:
    weather.looked_at(weather.breaks("edge", 12))
    other = Weather(weather.database, clock)
    weather.clock.advance(60)
    assert [weather.storms.tick(), other.storms.tick()] == [True, False]


def test_a_card_that_stood_before_goes_on(weather: Weather) -> None:
    edge = weather.breaks("edge", 2)
    weather.looked_at(edge)
    assert weather.cards() == [edge.key]
    weather.breaks("edge", 12)
    weather.looked_at(edge)
    assert weather.cards() == [edge.key]
    assert [one.key for one in weather.storm_messages()[0].incidents] == [edge.key]


def test_the_first_card_of_what_grows_fast_waits_three_seconds(weather: Weather) -> None:
    edge = weather.breaks("edge", 5)
    weather.looked_at(edge)
    assert weather.cards() == []
    weather.passes(3)
    assert weather.cards() == [edge.key]
    assert weather.storm_messages() == []


def test_a_storm_of_what_nobody_knows_is_told_as_well(weather: Weather) -> None:
    from tests.support.saying import abstention

    weather.builder.gives = abstention()
    weather.looked_at(weather.breaks("edge", 12))
    assert len(weather.storm_messages()) == 1


def test_it_costs_one_of_the_channels_posts_and_waits_for_none(weather: Weather) -> None:
    with weather.database.begin() as uow:
        chosen = uow.preferences.channel(TEAM, "C1").model_copy(update={"posts_per_hour": 1})
        uow.preferences.save_channel(TEAM, "C1", chosen, actor="t", now=weather.clock.now())
    quiet, other = weather.breaks("quiet", 1), weather.breaks("other", 1)
    weather.looked_at(quiet)
    weather.looked_at(other)
    assert weather.cards() == [quiet.key]
    weather.looked_at(weather.breaks("edge", 12))
    assert len(weather.storm_messages()) == 1
