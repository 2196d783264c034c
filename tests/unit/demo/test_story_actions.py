"""The story's actions, its past nights and its storm are data that hang together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.acting import build_book
from bot.actions.catalogue import read_actions
from bot.actions.model import OVER
from bot.alerts.model import AlertStatus, Severity
from bot.alerts.sources import SOURCES
from bot.clock import ManualClock
from bot.demo.opening import _write_actions
from bot.demo.past import PastNights
from bot.demo.story import DATA, Story, StoryAlert, load_story
from bot.errors import DataError
from bot.incidents.model import TimelineEntry, TimelineKind
from bot.services.file import load_catalogue
from bot.settings import load_settings
from tests.support.databases import sqlite_database

STORY: Story = load_story()
NOW = datetime(2026, 11, 26, 3, 12, tzinfo=UTC)
every_cause = pytest.mark.parametrize("cause", STORY.causes, ids=lambda cause: cause.name)


@pytest.fixture
def actions(tmp_path: Path) -> Path:
    """The templates as the demo writes them."""
    _write_actions(tmp_path / "actions", tmp_path / "programs")
    return tmp_path / "actions"


def past(actions: Path) -> PastNights:
    return PastNights.read(
        DATA / "nights.yaml",
        actions=actions,
        services=DATA / "services.yaml",
        team_id="T1",
        user_id=lambda name: f"U0{name.upper()}",
        values={one.action.template: one.action.parameters for one in STORY.causes},
    )


def test_the_templates_have_no_mistake_and_start_the_demos_own_programs(
    actions: Path, tmp_path: Path
) -> None:
    catalogue, mistakes = read_actions(actions)
    assert not mistakes
    for template in catalogue.templates.values():
        assert template.command is not None
        assert template.command.argv[:2] == (str(tmp_path / "programs" / template.id), "--")
        assert template.four_eyes


@every_cause
def test_each_cause_has_a_way_out_and_a_program_that_it_mends(cause, actions: Path) -> None:
    catalogue, _ = read_actions(actions)
    fix = cause.action
    assert fix.template in catalogue.templates
    mended = {plan.mended_by: plan for plan in cause.plant.programs if plan.mended_by}
    [(called, plan)] = mended.items()
    assert plan.name == fix.restarts
    assert fix.command == f"{called[0]} -- {called[1]}"
    assert called == (fix.template, *fix.parameters.values())
    held = sum(one.holds for one in cause.plant.programs)
    assert held > cause.plant.slots, "somebody is turned away"
    assert plan.holds == 19
    assert sum(one.afterwards for one in cause.plant.programs) == 4


@every_cause
def test_what_joins_has_a_ground_to_join(cause) -> None:
    catalogue = load_catalogue(DATA / "services.yaml")
    own, first = cause.joins.alert.labels["service"], STORY.first_alert.labels["service"]
    depends = own in catalogue.services[first].depends_on
    said = f"{first} depends on {own}" if depends else f"same service {own}"
    assert depends or own == first
    assert cause.joins.because == said
    assert cause.joins.below < cause.joins.at_least < cause.plant.slots


@every_cause
def test_the_record_that_the_story_tells_is_what_its_nights_give(
    cause, actions: Path, tmp_path: Path
) -> None:
    clock = ManualClock(NOW)
    settings = load_settings(
        environment={
            "RECALL_ACTIONS_DIR": str(actions),
            "RECALL_SERVICES_FILE": str(DATA / "services.yaml"),
        }
    )
    book = build_book(settings)
    with sqlite_database(tmp_path, clock) as database:
        with database.begin() as uow:
            assert past(actions).keep(uow, NOW) == 27
            tonight, _ = uow.incidents.open(
                group_key="tonight",
                title=STORY.first_alert.name,
                service="checkout",
                environment="prod/eu-1",
                severity=Severity.CRITICAL,
                team_id="T1",
                now=NOW,
            )
            data = {"alert": STORY.first_alert.name, "fingerprint": "f", "severity": "critical"}
            fired = TimelineEntry(at=NOW, kind=TimelineKind.ALERT_FIRED, text="", data=data)
            uow.incidents.add_timeline(tonight.id, [fired])
        with database.read() as uow:
            template = book.catalogue.templates[cause.action.template]
            record = book.record(uow, template, tonight, NOW + timedelta(minutes=1))
            assert record is not None
            assert record.said == cause.action.record
            assert all(one.state in OVER for one in uow.actions.newest(100))
            assert not [one for one in uow.incidents.active() if one.id != tonight.id]


def test_a_template_with_a_mistake_is_told(actions: Path) -> None:
    (actions / "roll-back.yaml").write_text("id: roll-back\n")
    with pytest.raises(DataError, match=r"roll-back\.yaml"):
        past(actions)


# -- the bodies ----------------------------------------------------------------------------


def parsed(alert: StoryAlert, status: str = "firing"):
    return SOURCES[alert.source].parse(alert.body(NOW, status=status))


def test_the_storm_is_sixty_alerts_of_one_node_and_one_that_has_nothing_to_do_with_it() -> None:
    storm = STORY.storm
    alerts = [alert for wave in storm.waves for alert in parsed(wave)]
    assert len(alerts) == storm.alerts == 60
    assert len({alert.fingerprint for alert in alerts}) == 60
    assert len({alert.labels["node"] for alert in alerts}) == 1
    assert len({alert.labels["service"] for alert in alerts}) == 5
    [unrelated] = parsed(storm.unrelated)
    assert unrelated.severity is Severity.CRITICAL
    assert unrelated.labels["cluster"] != alerts[0].labels["cluster"]
    assert "node" not in unrelated.labels


def test_no_alert_of_the_storm_is_one_of_the_rest_of_the_story() -> None:
    told = [STORY.first_alert, STORY.unfamiliar_alert, STORY.hostile_alert, *STORY.fire_more]
    told += [cause.joins.alert for cause in STORY.causes]
    stormy = [*STORY.storm.waves, STORY.storm.unrelated]
    assert not {alert.name for alert in told} & {alert.name for alert in stormy}


@every_cause
def test_grafana_tells_of_the_same_alert_when_it_ends_with_what_was_measured(cause) -> None:
    alert = cause.joins.alert
    [fires] = parsed(alert.with_values({"taken": "20", "total": "20"}))
    [ends] = parsed(alert.with_values({"taken": "4", "total": "20"}), "resolved")
    assert fires.source == ends.source == "grafana"
    assert fires.fingerprint == ends.fingerprint
    assert (fires.status, ends.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert "20 of 20" in fires.summary
    assert "4 of 20" in ends.summary


def test_values_are_put_in_their_places_and_nothing_else_is_read() -> None:
    alert = replace(STORY.first_alert, annotations={"summary": "{taken} {0} {taken!r} {other}"})
    told = alert.with_values({"taken": "{other}"}).annotations["summary"]
    assert told == "{other} {0} {taken!r} {other}"
