"""Saying that it is over, by form, by command, by shortcut."""

import pytest

from bot.alerts.model import AlertStatus
from bot.chat.forms import Form
from bot.chat.messages import Notice
from bot.commands.model import FieldErrors, Refused
from bot.drafts.model import DraftKind
from bot.errors import PagerUnavailable
from bot.incidents.keeping import follow_record
from bot.incidents.lifecycle import resolve_by_alerts
from bot.incidents.model import IncidentState
from bot.incidents.noting import Message, follow_deletion, put_in
from bot.incidents.records import IncidentRecord
from bot.pager.jobs import PAGER, PagerJob
from bot.people.model import Role
from knowledge.model import Visibility
from tests.support.ending_desk import Desk, initial, person
from tests.support.saying import abstention
from tests.support.slack_world import CHANNEL, TEAM


def drafts(desk: Desk, kind: DraftKind) -> list[dict[str, object]]:
    with desk.world.database.read() as uow:
        return [draft.content for draft in uow.drafts.waiting(kind)]


def record(desk: Desk) -> IncidentRecord:
    [content] = drafts(desk, DraftKind.RECORD)
    return IncidentRecord.model_validate(content)


def test_one_tap_fills_the_form_and_the_card_says_how_it_ended(desk: Desk) -> None:
    card = desk.incident_with_a_card()
    assert [(one.form, one.label) for one in card.openers] == [("resolve", "Resolve…")]
    form = desk.opens("resolve")
    assert [offer.label for offer in form.fills] == ["Like INC-87"]
    filled = desk.fills(form, "INC-87")
    assert initial(filled, "cause") == "Like INC-87: report-worker leaked connections"
    said = desk.submits(filled, {"impact": "Nobody could pay."})
    assert isinstance(said, Notice)
    assert "RCL-1 is resolved" in said.text
    assert "does not stop the page" in said.text
    card = desk.world.card()
    assert card.state == "resolved"
    assert card.resolution_note.startswith("Resolved like INC-87")
    assert [one.label for one in card.openers] == ["Write it up"]
    assert [button.action for button in card.buttons] == ["helpful", "not_helpful", "why"]
    known = desk.known()
    assert known is not None
    assert known.resolution == "Like INC-87: restarted report-worker"
    assert known.confirmed_by == "alice (T1/U0ALICE)"
    assert ("T1/U0ALICE", "incident.resolved") in desk.world.audited()


@pytest.mark.parametrize("words", ["INC-87", "like INC-87"])
def test_a_past_case_in_the_command_opens_the_form_filled_in_like_it(
    desk: Desk, words: str
) -> None:
    desk.incident_with_a_card()
    form = desk.runs(f"resolve RCL-1 {words}")
    assert isinstance(form, Form)
    assert initial(form, "cause") == "Like INC-87: report-worker leaked connections"
    assert desk.incident().state is IncidentState.OPEN


def test_own_words_are_what_is_found_next_time(desk: Desk) -> None:
    desk.incident_with_a_card()
    desk.submits(desk.opens("resolve"), {"fix": "Drained node 7.", "suggestion_right": "no"})
    known = desk.known()
    assert known is not None
    assert (known.resolution, known.cause) == ("Drained node 7.", "")
    assert desk.world.card().resolution_note == "Resolved by alice: Drained node 7."
    assert [said.verdict for said in desk.world.card().said] == ["Not helpful"]
    assert record(desk).missing == ("impact", "cause")


def test_what_is_left_out_or_too_long_is_told_at_its_field(desk: Desk) -> None:
    desk.incident_with_a_card()
    form = desk.opens("resolve")
    with pytest.raises(FieldErrors) as told:
        desk.submits(form, {"fix": "   ", "cause": "x" * 3_001})
    assert set(told.value.errors) == {"fix", "cause"}
    assert "1 characters longer" in told.value.errors["cause"]
    assert desk.incident().state is IncidentState.OPEN


def test_what_went_by_itself_needs_no_fix_and_teaches_nothing_yet(desk: Desk) -> None:
    desk.incident_with_a_card()
    desk.submits(desk.opens("resolve"), {"how": "by_itself"})
    assert desk.incident().state is IncidentState.RESOLVED
    assert desk.known() is None
    assert record(desk).words.fix == "Nothing was done; it went by itself."


def test_the_second_is_told_who_was_quicker_and_adds_to_the_record(desk: Desk) -> None:
    desk.incident_with_a_card()
    hers, his = desk.opens("resolve"), desk.opens("resolve", who="bob")
    desk.submits(hers, {"fix": "Restarted it."})
    said = desk.submits(his, {"fix": "Turned it off and on.", "cause": "A leak."}, who="bob")
    assert isinstance(said, Form)
    assert said.name == "record"
    assert "Resolved by alice" in said.intro
    assert initial(said, "fix") == "Restarted it."
    assert initial(said, "cause") == "A leak."
    known = desk.known()
    assert known is not None
    assert known.resolution == "Restarted it."


def test_the_one_tap_on_an_old_card_does_not_take_her_words_place(desk: Desk) -> None:
    card = desk.incident_with_a_card()
    desk.told("resolve RCL-1 restarted it")
    desk.world.presses(card, "resolved_like", user="U0BOB")
    known = desk.known()
    assert known is not None
    assert known.resolution == "restarted it"
    assert desk.world.audited()[-1] == ("T1/U0BOB", "button.refused")


def test_what_its_alerts_ended_is_only_annotated(desk: Desk) -> None:
    desk.incident_with_a_card()
    with desk.world.database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        ended = resolve_by_alerts(incident, [AlertStatus.RESOLVED], desk.world.clock.now())
        assert ended.entry is not None
        uow.incidents.save(ended.incident)
        uow.incidents.add_timeline(1, [ended.entry])
        follow_record(uow, ended.incident, desk.world.clock.now())
    assert record(desk).missing == ("impact", "cause", "fix")
    said = desk.told("resolve RCL-1 restarted report-worker")
    assert said.startswith("RCL-1 had ended; what you said is kept.")
    assert "Not filled in yet: impact, cause" in said
    assert record(desk).words.fix == "restarted report-worker"


def test_a_runbook_gap_becomes_a_proposal(desk: Desk) -> None:
    desk.incident_with_a_card()
    desk.submits(desk.opens("resolve"), {"fix": "x", "runbook_gap": "It names the old host."})
    [content] = drafts(desk, DraftKind.RUNBOOK_EDIT)
    assert content["problem"] == "It names the old host."
    assert content["incident"] == "RCL-1"


def test_the_command_with_words_resolves_at_once_and_asks_without(desk: Desk) -> None:
    desk.incident_with_a_card()
    form = desk.runs("resolve")
    assert isinstance(form, Form)
    assert form.about == "RCL-1"
    assert "RCL-1 is resolved" in desk.told("resolve rcl-1 restarted the pods")
    again = desk.runs("resolve RCL-1 me too", who="bob")
    assert isinstance(again, Form)
    assert again.name == "record"


def test_a_key_with_a_colon_behind_it_is_a_key(desk: Desk) -> None:
    desk.incident_with_a_card()
    assert "There is no incident RCL-9" in desk.told("resolve RCL-9: restarted the pods")
    assert desk.incident().state is IncidentState.OPEN


def test_a_bare_number_in_front_of_words_is_looked_at_first(desk: Desk) -> None:
    desk.incident_with_a_card()
    form = desk.runs("resolve 1 pod restarted")
    assert isinstance(form, Form)
    assert initial(form, "fix") == "pod restarted"
    assert desk.incident().state is IncidentState.OPEN


def test_a_message_becomes_the_fix_of_its_threads_incident(desk: Desk) -> None:
    desk.incident_with_a_card()
    here = person("alice", thread=desk.world.card_ref())
    form = desk.book.shortcut(here, "recall_save_resolution", "Rolled back checkout.")
    assert form.about == "RCL-1"
    assert initial(form, "fix") == "Rolled back checkout."


def test_a_message_of_no_incident_is_told_so(desk: Desk) -> None:
    with pytest.raises(Refused, match="cannot be told which incident"):
        desk.book.shortcut(person("alice", thread="9.9"), "recall_save_resolution", "x")


def test_guests_may_not(desk: Desk) -> None:
    desk.incident_with_a_card()
    with pytest.raises(Refused, match="Guests hold no role"):
        desk.book.open(person("mallory", role=Role.GUEST), "resolve", "RCL-1")


def test_a_case_that_not_everybody_here_may_see_is_no_offer(desk: Desk) -> None:
    desk.incident_with_a_card()
    desk.world.knows(visibility=Visibility(frozenset({"T1/C0SECRET"})))
    form = desk.opens("resolve")
    assert form.fills == ()
    with pytest.raises(Refused, match="not on record"):
        desk.fills(form, "INC-87")


def test_an_incident_that_may_not_be_seen_here_does_not_exist(desk: Desk) -> None:
    desk.incident_with_a_card()
    desk.restrict("T1/C0SECRET")
    with pytest.raises(Refused, match="no incident RCL-1"):
        desk.opens("resolve")


def test_an_abstention_offers_no_case(desk: Desk) -> None:
    desk.world.builder.gives = abstention()
    desk.world.knows()
    desk.world.alert_fires()
    desk.world.follow()
    assert desk.opens("resolve").fills == ()


class ScriptedPager:
    """A pager that did send the alert; `troubles` are raised by the next calls."""

    name = "PagerDuty"

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[str, ...]]] = []
        self.troubles: list[Exception] = []
        self.refuses: str | None = None

    def references(self, alerts: object) -> tuple[str, ...]:
        return ("PT1",)

    def acknowledge(self, references: tuple[str, ...], actor: str) -> str | None:
        return self._tell("acknowledge", references)

    def resolve(self, references: tuple[str, ...], actor: str) -> str | None:
        return self._tell("resolve", references)

    def _tell(self, what: str, references: tuple[str, ...]) -> str | None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.told.append((what, references))
        return self.refuses


def test_the_pager_is_told_as_well(desk: Desk) -> None:
    pager = ScriptedPager()
    desk = Desk(desk.world, pager)
    desk.incident_with_a_card()
    assert "PagerDuty was told to acknowledge as well" in desk.told("ack RCL-1")
    assert "PagerDuty was told to resolve as well" in desk.told("resolve RCL-1 restarted it")
    assert pager.told == [("acknowledge", ("PT1",)), ("resolve", ("PT1",))]


def test_a_pager_that_is_away_is_told_later_and_the_answer_says_so(desk: Desk) -> None:
    pager = ScriptedPager()
    pager.troubles = [PagerUnavailable("PagerDuty did not answer within 1.2 s")] * 2
    desk = Desk(desk.world, pager)
    desk.incident_with_a_card()
    said = desk.told("resolve RCL-1 restarted it")
    assert "has not stopped the page yet: PagerDuty did not answer" in said
    [job] = desk.due(PAGER)
    again = PagerJob(desk.world.database, pager, desk.world.clock)
    with pytest.raises(PagerUnavailable):
        again.handle(job)
    again.handle(job)
    assert pager.told == [("resolve", ("PT1",))]
    with desk.world.database.read() as uow:
        assert uow.incidents.timeline(1)[-1].text == "PagerDuty was told to resolve"


def test_a_pager_that_stays_away_is_given_up_on_and_noted(desk: Desk) -> None:
    pager = ScriptedPager()
    pager.troubles = [PagerUnavailable("PagerDuty cannot be reached")] * 2
    desk = Desk(desk.world, pager)
    desk.incident_with_a_card()
    desk.told("ack RCL-1")
    desk.world.clock.advance(16 * 60)
    [job] = desk.due(PAGER)
    PagerJob(desk.world.database, pager, desk.world.clock).handle(job)
    with desk.world.database.read() as uow:
        last = uow.incidents.timeline(1)[-1].text
    assert last == "PagerDuty could not be told to acknowledge: PagerDuty cannot be reached"


def test_what_the_pager_refuses_is_told_plainly(desk: Desk) -> None:
    pager = ScriptedPager()
    pager.refuses = "PagerDuty does not know that incident any more."
    desk = Desk(desk.world, pager)
    desk.incident_with_a_card()
    assert "This did not stop the page: PagerDuty does not know" in desk.told("ack RCL-1")


def confirmed(desk: Desk, kind: str, text: str, number: int, **more: str) -> str:
    """A message that somebody confirmed for the timeline; its source."""
    message = Message(
        team_id=TEAM,
        channel=CHANNEL,
        ts=f"60.{number}",
        author="bob",
        text=text,
        at=desk.world.clock.now(),
        cue=kind,
        **more,
    )
    with desk.world.database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        put_in(uow, incident, message, actor="T1/U0ALICE", now=desk.world.clock.now())
    return message.source


def test_what_was_confirmed_in_the_channel_stands_in_the_form(desk: Desk) -> None:
    desk.incident_with_a_card()
    confirmed(desk, "restarted", "restarted the workers", 1)
    confirmed(desk, "rolled_back", "rolled back to 1.4.1", 2)
    confirmed(desk, "root_cause", "root cause was the leak", 3)
    confirmed(desk, "mitigated", "mitigated", 4)
    form = desk.opens("resolve")
    assert initial(form, "fix") == "bob: restarted the workers\nbob: rolled back to 1.4.1"
    assert initial(form, "cause") == "bob: root cause was the leak"
    filled = desk.fills(form, "INC-87")
    assert initial(filled, "cause") == "Like INC-87: report-worker leaked connections"


def test_what_was_deleted_or_said_in_private_does_not(desk: Desk) -> None:
    desk.incident_with_a_card()
    gone = confirmed(desk, "rolled_back", "rolled back to 1.4.1", 1)
    confirmed(desk, "root_cause", "root cause was the leak", 2, only="T1/C0PRIVATE")
    with desk.world.database.begin() as uow:
        follow_deletion(uow, gone, actor="T1/U0BOB", now=desk.world.clock.now())
    form = desk.opens("resolve")
    assert (initial(form, "fix"), initial(form, "cause")) == ("", "")
