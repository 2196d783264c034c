"""What changed last: found near an incident or a question, said as what happened before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.changes import Change, ChangeStatus
from bot.alerts.model import Severity
from bot.channels.placing import in_room
from bot.clock import ManualClock
from bot.incidents.model import Incident, TimelineKind
from bot.incidents.records import Words, assemble, document_of
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.slack.blocks import render
from bot.store.database import Database
from bot.suggestions.changed import MOST_SHOWN, ChangedLast, is_same_place
from bot.suggestions.jobs import SUGGEST, SuggestJob, follow_changes
from bot.suggestions.knowing import KnowingSuggester
from bot.suggestions.model import Changed, Suggestion
from bot.suggestions.resolution import past_incident_of
from bot.suggestions.words import changed_last
from knowledge.model import Audience, PastIncident, Query, Visibility
from tests.support.changes import changed, deployed
from tests.support.databases import sqlite_database
from tests.support.saying import abstention, answer, card, one_cause
from tests.support.slack_world import ScriptedSuggester, World

NOW = datetime(2026, 11, 19, 3, 24, tzinfo=UTC)
CATALOGUE = Catalogue(
    [
        Service(name="payments-api", depends_on=("vault-agent",)),
        Service(name="vault-agent", aliases=("vault",)),
    ],
    ["prod/eu-1", "prod/us-1", "staging"],
)
HOUR = timedelta(hours=1)


class Night:
    """A database at 03:24, and what is looked for in it."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.changed = ChangedLast(CATALOGUE, 4 * HOUR)
        self.script = ScriptedSuggester()
        self.script.gives = abstention()
        self.suggester = KnowingSuggester(self.script, CATALOGUE, database, self.changed, clock)

    def happened(self, *changes: Change) -> None:
        with self.database.begin() as uow:
            uow.changes.save(changes, self.clock.now())

    def opens(self, service: str = "vault-agent", **changes: Any) -> Incident:
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key=f"g-{service}",
                title="VaultSealKeyRotationFailed: it stalls",
                service=service,
                environment="prod/eu-1",
                severity=Severity.HIGH,
                team_id="T1",
                now=self.clock.now(),
            )
            incident = replace(incident, **changes)
            uow.incidents.save(incident)
        return incident

    def before(self, incident: Incident) -> Sequence[Changed]:
        with self.database.read() as uow:
            return self.changed.before(uow, incident)

    def asked(self, text: str = "it hangs", **changes: Any) -> Suggestion:
        return self.suggester.suggest(Query(text=text, **changes), asked=True)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    clock = ManualClock(NOW)
    with sqlite_database(tmp_path, clock) as database:
        yield Night(database, clock)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def told(changes: Sequence[Changed]) -> list[str]:
    return [changed_last(one) for one in changes]


def test_the_version_before_and_how_long_ago_are_told(night: Night) -> None:
    night.happened(deployed("2.1.4", ago(9_000)), deployed("2.1.5", ago(12)))
    assert told(night.before(night.opens())) == ["vault-agent 2.1.4 → 2.1.5, 12 min before"]


def test_what_a_service_declares_to_need_counts_and_is_named(night: Night) -> None:
    night.happened(deployed("2.1.5", ago(12)))
    [one] = night.before(night.opens("payments-api"))
    assert one.needed_by == "payments-api"
    assert changed_last(one).endswith("12 min before, payments-api depends on it")


def test_what_depends_on_the_service_and_strangers_do_not_count(night: Night) -> None:
    night.happened(deployed(service="payments-api", at=ago(5)), deployed(service="web", at=ago(5)))
    assert told(night.before(night.opens())) == []


def test_other_environments_and_other_times_do_not_count(night: Night) -> None:
    night.happened(
        deployed("1", ago(5), environment="staging"),
        deployed("2", ago(5), environment="prod/us-1"),
        deployed("3", ago(241)),
        deployed("4", NOW + timedelta(minutes=1)),
    )
    assert told(night.before(night.opens())) == []


def test_an_alias_of_the_service_and_another_word_for_its_environment_will_do(night: Night) -> None:
    night.happened(deployed("7", ago(30), service="vault", environment="Production"))
    assert [one.version for one in night.before(night.opens())] == ["7"]


def test_an_environment_that_was_not_said_is_said_to_be_so(night: Night) -> None:
    night.happened(deployed("7", ago(30), environment=""))
    assert told(night.before(night.opens())) == [
        "vault-agent 7, 30 min before, environment not said"
    ]


@pytest.mark.parametrize("status", ["pending", "cancelled", "inactive"])
def test_what_touched_nothing_is_not_told(night: Night, status: str) -> None:
    night.happened(deployed(at=ago(5), status=ChangeStatus(status)))
    assert night.before(night.opens()) == ()


def test_that_it_failed_is_told(night: Night) -> None:
    night.happened(deployed(at=ago(5), status=ChangeStatus.FAILED))
    assert told(night.before(night.opens())) == ["vault-agent 2.1.5 (failed), 5 min before"]


def test_one_that_was_going_on_counts_from_when_it_began(night: Night) -> None:
    night.happened(deployed(at=ago(3), status=ChangeStatus.RUNNING))
    incident = night.opens()
    night.happened(deployed(at=NOW + timedelta(minutes=2)))
    [one] = night.before(incident)
    assert (one.at, one.seconds_before) == (ago(3), 180)


def test_only_the_newest_few_are_told_newest_first(night: Night) -> None:
    night.happened(*(deployed(str(n), ago(n)) for n in range(1, 9)))
    assert [one.version for one in night.before(night.opens())] == ["1", "2", "3"][:MOST_SHOWN]


def test_a_window_of_zero_tells_nothing(night: Night) -> None:
    night.happened(deployed(at=NOW))
    night.changed = ChangedLast(CATALOGUE, timedelta(0))
    assert night.before(night.opens()) == ()


def test_a_commit_is_told_by_seven_characters(night: Night) -> None:
    night.happened(deployed("5e1f00c2d4b79a8836cf0a1be2d3c4958677aa10", ago(12)))
    assert told(night.before(night.opens())) == ["vault-agent 5e1f00c, 12 min before"]


NAMES = st.sampled_from(["", "prod", "production", "PROD/eu-1", "prod/us-1", "staging", "stg/eu-1"])


@given(NAMES, NAMES)
def test_which_places_may_be_the_same_does_not_depend_on_who_is_asked(one: str, two: str) -> None:
    assert is_same_place(one, two) == is_same_place(two, one)
    assert is_same_place(one, one)
    assert not is_same_place("prod/eu-1", "prod/us-1")
    assert not is_same_place("staging", "prod/eu-1")


# -- asked ------------------------------------------------------------------------------------


def test_a_question_about_a_service_is_told_what_changed_until_now(night: Night) -> None:
    night.happened(deployed("2.1.5", ago(12)))
    found = night.asked(service="vault-agent", environment="prod/eu-1")
    assert told(found.changes) == ["vault-agent 2.1.5, 12 min ago"]
    night.script.gives = one_cause()
    assert told(night.asked("vault is slow").changes) == ["vault-agent 2.1.5, 12 min ago"]


def test_a_question_about_an_old_incident_still_learns_what_changed_before_it(
    night: Night,
) -> None:
    night.happened(deployed("2.1.5", ago(12)))
    night.opens()
    night.clock.advance(6 * 3_600)
    assert told(night.asked(service="vault-agent").changes) == ["vault-agent 2.1.5, 6 h ago"]


def test_a_question_that_names_a_firing_alert_is_about_its_service(night: Night) -> None:
    night.happened(deployed("2.1.5", ago(12)))
    night.opens()
    found = night.asked("Has anybody seen VaultSealKeyRotationFailed before?")
    [(query, _)] = night.script.asked
    assert query.alert_name == "VaultSealKeyRotationFailed"
    assert (query.service, query.environment) == ("vault-agent", "prod/eu-1")
    assert [one.version for one in found.changes] == ["2.1.5"]


def test_of_two_open_ones_with_that_alert_neither_is_taken(night: Night) -> None:
    night.opens()
    night.opens("payments-api")
    night.asked("Has anybody seen VaultSealKeyRotationFailed before?")
    assert night.script.asked[0][0].service is None


def test_an_incident_that_the_readers_may_not_see_is_not_taken_either(night: Night) -> None:
    night.opens(visibility=Visibility(frozenset({"T1/C9"})))
    outside, inside = Audience(channel="T1/C1"), Audience(channel="T1/C9")
    for audience in (outside, inside):
        night.asked("Has anybody seen VaultSealKeyRotationFailed?", audience=audience)
    assert [query.service for query, _ in night.script.asked] == [None, "vault-agent"]


def test_a_channel_shared_with_others_is_told_nothing(night: Night) -> None:
    night.happened(deployed("2.1.5", ago(12)))
    nothing = Audience(sees_nothing=True)
    assert night.asked(service="vault-agent", audience=nothing).changes == ()


def test_what_changed_is_evidence_in_the_search_for_a_question(night: Night) -> None:
    night.happened(deployed(at=ago(12)))
    night.asked(service="vault-agent", environment="prod/eu-1")
    night.asked(service="strangers", environment="prod/eu-1")
    night.asked(service="vault-agent", changes=("deploy it by hand",))
    assert [query.changes for query, _ in night.script.asked] == [
        ("deploy vault-agent 2.1.5",),
        (),
        ("deploy it by hand",),
    ]


# -- on the card -------------------------------------------------------------------------------


@pytest.fixture
def world(night: Night) -> World:
    world = World(night.database, night.clock)
    world.job = SuggestJob(
        night.database,
        world.builder,
        lambda _: in_room(world.room),
        night.clock,
        changed=ChangedLast(Catalogue(), 4 * HOUR),
    )
    return world


def happened_to_checkout(night: Night, minutes: float = 12, **changes: Any) -> Change:
    change = deployed(at=ago(minutes), service="checkout", environment="prod", **changes)
    night.happened(change)
    return change


def test_the_card_and_the_timeline_tell_it_as_what_happened_before(
    world: World, night: Night
) -> None:
    happened_to_checkout(night)
    world.follow(world.alert_fires())
    drawn = str(render(world.card()).blocks)
    assert "*Changed last:*" in drawn
    assert "12 min before" in drawn
    with night.database.read() as uow:
        [entry] = [one for one in uow.incidents.timeline(1) if one.kind is TimelineKind.CHANGE]
    assert (entry.text, entry.at) == ("happened before: checkout 2.1.5", ago(12))


def test_what_changed_before_is_evidence_in_the_search_for_an_incident(
    world: World, night: Night
) -> None:
    happened_to_checkout(night)
    happened_to_checkout(night, minutes=300, key="long ago")
    world.follow(world.alert_fires())
    [(query, asked)] = world.builder.asked
    assert (query.changes, asked) == (("deploy checkout 2.1.5",), False)


def test_what_changed_before_is_kept_in_the_record_of_the_incident(
    world: World, night: Night
) -> None:
    happened_to_checkout(night)
    world.follow(world.alert_fires())
    with night.database.read() as uow:
        incident, timeline = uow.incidents.get(1), uow.incidents.timeline(1)
        alerts = uow.alerts.of_incident(1)
    assert incident is not None
    like = PastIncident(id="INC-1", title="t", symptom="s", cause="c", resolution="r")
    document = past_incident_of(
        incident, alerts, timeline, like=like, confirmed_by="alice", now=night.clock.now()
    )
    assert document.changes == ("deploy checkout 2.1.5",)
    record = assemble(incident, alerts, timeline, Words())
    assert document_of(record, confirmed_by="alice").changes == ("deploy checkout 2.1.5",)


def test_a_change_alone_lets_nothing_be_said(world: World, night: Night) -> None:
    world.builder.gives = abstention(silent=True)
    happened_to_checkout(night)
    world.follow(world.alert_fires())
    assert world.chat.posts == []
    with night.database.read() as uow:
        stored = uow.suggestions.latest_of(1)
    assert stored is not None
    assert [one.version for one in stored.suggestion.changes] == ["2.1.5"]
    assert not stored.suggestion.answered


def test_one_that_is_reported_late_comes_onto_the_card_once(world: World, night: Night) -> None:
    world.follow(world.alert_fires())
    assert world.card().suggestion is not None
    assert world.card().suggestion.changes == ()
    change = happened_to_checkout(night)
    for _ in range(2):
        with night.database.begin() as uow:
            follow_changes(uow, ChangedLast(Catalogue()), [change], NOW, night.clock)
    with night.database.begin() as uow:
        jobs = [
            one for one in uow.jobs.claim([SUGGEST], NOW + HOUR, 60, 10) if one.payload.get("again")
        ]
    assert len(jobs) == 1
    world.job.handle(jobs[0])
    world.send()
    assert [one.version for one in world.card().suggestion.changes] == ["2.1.5"]


def test_a_change_elsewhere_has_no_card_looked_at_again(world: World, night: Night) -> None:
    world.follow(world.alert_fires())
    others = [
        deployed(at=ago(5), service="checkout", environment="staging"),
        deployed(at=ago(5), service="search", environment="prod"),
        deployed(at=ago(300), service="checkout", environment="prod"),
        deployed(at=NOW + HOUR, service="checkout", environment="prod"),
    ]
    with night.database.begin() as uow:
        follow_changes(uow, ChangedLast(Catalogue()), others, NOW, night.clock)
        assert uow.jobs.counts()["pending"] == 0


# -- said --------------------------------------------------------------------------------------


def test_it_stands_in_an_abstention_beside_the_nearest_case() -> None:
    drawn = str(render(answer(suggestion=abstention(changes=(changed(),)))).blocks)
    assert "Too far, because:* other service; other error" in drawn
    assert "<https://ci.example/9|vault-agent 2.1.4 → 2.1.5>, 12 min before" in drawn


def test_its_words_ping_nobody_and_lead_nowhere() -> None:
    hostile = changed(service="<!channel>", version="<@U1>", url="javascript:alert(1)")
    drawn = str(render(card(suggestion=one_cause(changes=(hostile,)))).blocks)
    assert "*Changed last:*" in drawn
    assert "<!channel>" not in drawn
    assert "<@U1>" not in drawn
    assert "javascript:" not in drawn
