"""What is asked of the stores by what happens on a schedule, on both databases."""

from dataclasses import replace
from datetime import timedelta

from bot.alerts.model import Severity
from bot.channels.interrupting import held_back_since, may_interrupt
from bot.channels.model import ChannelSettings, PersonSettings
from bot.chat.messages import Board, Notice
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.incidents.model import Firing, Incident, IncidentState, TimelineEntry, TimelineKind
from bot.store.database import Database
from bot.suggestions.model import Citation, CitedPassage
from bot.suggestions.ports import Feedback, StoredSuggestion
from bot.uow import UnitOfWork
from tests.support.saying import one_cause
from tests.support.together import together

HERE, THERE = Destination("T1", "C1"), Destination("T1", "C2", "7.0")
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def opens(unit: UnitOfWork, clock: ManualClock, group: str) -> Incident:
    incident, _ = unit.incidents.open(
        group_key=group,
        title=group,
        service="checkout",
        environment="prod",
        severity=Severity.HIGH,
        team_id="T1",
        now=clock.now(),
    )
    return incident


def says(database: Database, clock: ManualClock, ref: str) -> None:
    with database.begin() as unit:
        [message] = unit.outbox.claim(clock.now(), 30, 1)
        unit.outbox.mark_sent(message.key, message.revision, ref, clock.now())


def test_what_was_said_lately_and_how_often_it_was_edited(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as unit:
        unit.outbox.put("card:RCL-1", HERE, Notice(text="one"), clock.now())
    says(database, clock, "1.0")
    first = clock.now()
    clock.advance(7_200)
    with database.begin() as unit:
        unit.outbox.put("card:RCL-1", HERE, Notice(text="two"), clock.now())
        unit.outbox.put("reminder:1:1", THERE, Board(title="b", people=("U1",)), clock.now())
    says(database, clock, "1.0")
    with database.read() as unit:
        everything = unit.outbox.said_since(first - HOUR)
        lately = unit.outbox.said_since(clock.now() - HOUR)
        here = unit.outbox.said_since(first - HOUR, "T1", "C1")
        before = unit.outbox.said_since(first - HOUR, until=clock.now())
    assert [(one.key, one.at, one.edits, one.people) for one in everything] == [
        ("card:RCL-1", first, 1, ()),
        ("reminder:1:1", clock.now(), 0, ("U1",)),
    ]
    assert [(one.key, one.to) for one in lately] == [("reminder:1:1", THERE)]
    assert [one.key for one in here] == ["card:RCL-1"]
    assert [one.key for one in before] == ["card:RCL-1"]


def test_what_was_refused_was_not_said(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        unit.outbox.put("k", HERE, Notice(text="one"), clock.now())
        unit.outbox.claim(clock.now(), 30, 1)
        unit.outbox.mark_refused("k", "no", clock.now())
    with database.read() as unit:
        assert unit.outbox.said_since(clock.now() - HOUR) == []


def test_deciding_to_speak_is_done_in_turn(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        unit.outbox.speak_in_turn()
        unit.outbox.speak_in_turn()


def test_incidents_that_opened_and_that_ended_lately(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as unit:
        old = opens(unit, clock, "old")
        clock.advance(3_600)
        new = opens(unit, clock, "new")
        newer = opens(unit, clock, "newer")
        ended = replace(old, state=IncidentState.RESOLVED, resolved_at=clock.now())
        unit.incidents.save(ended)
    with database.read() as unit:
        assert [one.id for one in unit.incidents.opened_since(clock.now())] == [newer.id, new.id]
        assert [one.id for one in unit.incidents.opened_since(clock.now(), 1)] == [newer.id]
        before = unit.incidents.opened_since(clock.now() - HOUR, until=clock.now())
        assert [one.id for one in before] == [old.id]
        assert unit.incidents.resolved_since(clock.now()) == [ended]
        assert unit.incidents.resolved_since(clock.now() + HOUR) == []


def test_when_a_person_first_took_an_incident_on(database: Database, clock: ManualClock) -> None:
    def changed(actor: str) -> TimelineEntry:
        return TimelineEntry(
            at=clock.now(), kind=TimelineKind.STATE_CHANGED, text="changed", actor=actor
        )

    with database.begin() as unit:
        taken, alone = opens(unit, clock, "taken"), opens(unit, clock, "alone")
        unit.incidents.add_timeline(taken.id, [changed("")])
        unit.incidents.add_timeline(alone.id, [changed("")])
        clock.advance(60)
        first = clock.now()
        unit.incidents.add_timeline(taken.id, [changed("T1/U1")])
        clock.advance(60)
        unit.incidents.add_timeline(taken.id, [changed("T1/U2")])
    with database.read() as unit:
        assert unit.incidents.acknowledged([taken.id, alone.id, 9_999]) == {taken.id: first}
        assert unit.incidents.acknowledged([]) == {}


def test_what_fired_in_several_incidents(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        one, other = opens(unit, clock, "a"), opens(unit, clock, "b")
        for incident, alerts in ((other, ["HighLatency"]), (one, ["DiskFull", "DiskFull"])):
            entries = [
                TimelineEntry(
                    at=clock.now(), kind=TimelineKind.ALERT_FIRED, text="", data={"alert": name}
                )
                for name in alerts
            ]
            note = TimelineEntry(at=clock.now(), kind=TimelineKind.NOTE, text="a word")
            unit.incidents.add_timeline(incident.id, [note, *entries])
    with database.read() as unit:
        fired = unit.incidents.firings([other.id, one.id])
        assert len(unit.incidents.firings([other.id, one.id], 1)) == 1
        assert unit.incidents.firings([]) == []
    assert fired == [
        Firing(one.id, clock.now(), "DiskFull"),
        Firing(one.id, clock.now(), "DiskFull"),
        Firing(other.id, clock.now(), "HighLatency"),
    ]


def test_the_short_of_what_was_found_lately(database: Database, clock: ManualClock) -> None:
    def page(name: str, generic: bool) -> CitedPassage:
        return CitedPassage(
            id=f"{name}#1",
            document_id=name,
            title=name,
            section="",
            score=0.9,
            url=None,
            excerpt="",
            generic=generic,
            citation=Citation(document_id=name, version=1, title=name),
        )

    pages = (page("own", False), page("own", False), page("starter", True))
    with database.begin() as unit:
        incident = opens(unit, clock, "g")
        for name, answered, passages in (("s1", True, pages), ("s2", False, ())):
            suggestion = one_cause(id=name, answered=answered, passages=passages)
            unit.suggestions.add(
                StoredSuggestion(
                    suggestion=suggestion,
                    incident_id=incident.id if answered else None,
                    asked_by="T1/U1",
                    created_at=clock.now(),
                )
            )
    with database.read() as unit:
        found = unit.suggestions.outcomes_since(clock.now())
        assert unit.suggestions.outcomes_since(clock.now() + HOUR) == []
        assert len(unit.suggestions.outcomes_since(clock.now(), 1)) == 1
        assert unit.suggestions.outcomes_since(clock.now() - HOUR, until=clock.now()) == []
        uses = unit.suggestions.uses_of("own", clock.now(), 10)
        assert [(one.suggestion_id, one.incident_id) for one in uses] == [("s1", incident.id)]
        assert unit.suggestions.uses_of("own", clock.now() + HOUR, 10) == []
        assert unit.suggestions.uses_of("generic", clock.now(), 10) == []
    assert [(one.suggestion_id, one.incident_id, one.answered, one.runbooks) for one in found] == [
        ("s2", None, False, ()),
        ("s1", incident.id, True, ("own",)),
    ]


def test_words_said_lately(database: Database, clock: ManualClock) -> None:
    def word(actor: str, verdict: str) -> Feedback:
        return Feedback(
            team_id="T1",
            actor=actor,
            suggestion_id="s1",
            incident_id=None,
            verdict=verdict,
            past_incident_id=None,
            at=clock.now(),
        )

    with database.begin() as unit:
        unit.suggestions.add(
            StoredSuggestion(
                suggestion=one_cause(id="s1"),
                incident_id=None,
                asked_by="",
                created_at=clock.now(),
            )
        )
        unit.suggestions.record_feedback(word("T1/U1", "helpful"))
        clock.advance(3_600)
        unit.suggestions.record_feedback(word("T1/U2", "not_helpful"))
    with database.read() as unit:
        assert [one.verdict for one in unit.suggestions.feedback_since(clock.now())] == [
            "not_helpful"
        ]
        assert len(unit.suggestions.feedback_since(clock.now() - HOUR)) == 2
        before = unit.suggestions.feedback_since(clock.now() - HOUR, clock.now())
        assert [one.verdict for one in before] == ["helpful"]


def test_events_of_one_kind_lately(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        for action in ("held_back", "other", "held_back"):
            unit.audit.append(at=clock.now(), actor="a", action=action, subject="s", data={})
            clock.advance(60)
    with database.read() as unit:
        assert [one.seq for one in unit.audit.since("held_back", clock.now() - WEEK)] == [3, 1]
        assert [one.seq for one in unit.audit.since("held_back", clock.now() - HOUR, 1)] == [3]
        assert unit.audit.since("held_back", clock.now()) == []


def test_what_channels_chose_in_all_workspaces(database: Database, clock: ManualClock) -> None:
    chosen = ChannelSettings(handover="08:00")
    with database.begin() as unit:
        for team, channel in (("T2", "C1"), ("T1", "C2")):
            unit.preferences.save_channel(team, channel, chosen, actor="a", now=clock.now())
        unit.preferences.save_person("T1", "U1", PersonSettings(), actor="a", now=clock.now())
    with database.read() as unit:
        assert list(unit.preferences.everywhere().items()) == [
            (("T1", "C2"), chosen),
            (("T2", "C1"), chosen),
        ]


def test_one_token_lets_one_message_through_however_many_ask(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as unit:
        one_an_hour = ChannelSettings(posts_per_hour=1)
        unit.preferences.save_channel("T1", "C1", one_an_hour, actor="a", now=clock.now())

    def speaks_up(number: int) -> bool:
        key = f"card:RCL-{number}"
        with database.begin() as unit:
            if may_interrupt(unit, HERE, key, clock.now()) is not None:
                return False
            unit.outbox.put(key, HERE, Notice(text=key), clock.now())
            return True

    spoke = together(4, speaks_up)
    assert sorted(spoke) == [False, False, False, True]
    with database.read() as unit:
        assert held_back_since(unit, clock.now(), "T1/C1") == 3
        assert held_back_since(unit, clock.now(), "T1/C2") == 0
