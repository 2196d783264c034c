"""Asking for an action by command and form, and the switch."""

from pathlib import Path

import pytest

from bot.actions.model import RequestState
from bot.actions.offers import ActionOffers
from bot.chat.messages import ActionCard, Opener
from bot.commands.model import FieldErrors, Refused
from bot.people.model import Role
from bot.suggestions.model import Citation, Step, Suggestion, SuggestionKind
from knowledge.model import DocumentState, NamedAction, Runbook, Visibility
from tests.support.actions import TOUCH, Team
from tests.support.desk import Desk, words_of


@pytest.fixture
def team(desk: Desk, tmp_path: Path) -> Team:
    made = Team(desk.database, desk.clock, tmp_path)
    object.__setattr__(desk.tools, "actions", made.requests)
    return made


def opened(desk: Desk, line: str, **who: str):
    form = desk.book.run(desk.caller(**who), line).opens
    assert form is not None
    return form


def test_without_a_catalogue_it_says_so(desk: Desk) -> None:
    assert "RECALL_ACTIONS_DIR" in desk.says("act")


def test_the_list_names_what_can_be_run(desk: Desk, team: Team) -> None:
    assert "/recall act touch | Touch a file; low risk, 1 approvals" in desk.says("act")
    assert "Did you mean touch?" in desk.says("act tuoch")


def test_the_form_is_filled_from_labels_and_shows_what_runs(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown", pod="web-1")
    form = opened(desk, "act RCL-1 touch")
    assert [(f.name, f.initial) for f in form.fields] == [("name", "web-1"), ("reason", "")]
    shown = desk.book.submit(desk.caller(), "act", form.about, {"name": "it", "reason": "full"})
    assert shown.opens is not None
    assert f"/usr/bin/touch -- {team.folder}/it" in shown.opens.intro
    assert "needs 1 approval." in shown.opens.intro
    with desk.database.read() as uow:
        assert uow.actions.get(1) is None, "nothing is asked for before it was seen"

    done = desk.book.submit(desk.caller(), "act_confirm", shown.opens.about, {"sure": "yes"})
    assert "ACT-1 is asked for: waits for approval" in words_of(done)
    team.says()
    card = team.chat.posts[0].message
    assert isinstance(card, ActionCard)
    assert (card.reason, card.incident_key, card.environment) == ("full", "RCL-1", "prod")


def test_labels_from_outside_that_do_not_fit_are_left_out(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown", pod="x; rm -rf /")
    assert opened(desk, "act RCL-1 touch").fields[0].initial == ""


def test_a_mistake_stands_next_to_its_field(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    with pytest.raises(FieldErrors) as refused:
        desk.book.submit(desk.caller(), "act", form.about, {"name": "../x"})
    assert "does not match" in refused.value.errors["name"]


def test_somebody_elses_form_and_an_unknown_one_are_refused(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    for about in (form.about, "forged"):
        with pytest.raises(Refused, match="somebody else's"):
            desk.book.submit(desk.caller("bob"), "act", about, {"name": "it"})
    with pytest.raises(Refused):
        desk.book.submit(desk.caller(), "act_confirm", form.about, {"sure": "yes"})


def test_what_was_changed_since_it_was_seen_is_not_asked_for(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    shown = desk.book.submit(desk.caller(), "act", form.about, {"name": "it"}).opens
    assert shown is not None
    team.writes("0.yaml", TOUCH.replace("version: 1", "version: 2"))
    with pytest.raises(Refused, match="changed since you saw it"):
        desk.book.submit(desk.caller(), "act_confirm", shown.about, {"sure": "yes"})
    assert "action.denied" in desk.audited()


def test_what_is_not_allowed_is_refused_and_on_record(desk: Desk, team: Team) -> None:
    team.writes("0.yaml", TOUCH + "may_request: {role: admin}\n")
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    with pytest.raises(Refused, match="you may not ask for it"):
        desk.book.submit(desk.caller(), "act", form.about, {"name": "it"})
    assert "action.denied" in desk.audited()


def test_a_channel_that_is_shared_since_the_form_was_opened_gets_nothing(
    desk: Desk, team: Team
) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    desk.rooms.shared = frozenset({"C1"})
    with pytest.raises(Refused, match="shared"):
        desk.book.submit(desk.caller(), "act", form.about, {"name": "it"})


def test_anybody_stops_and_an_admin_resumes(desk: Desk, team: Team) -> None:
    assert "All actions are stopped" in desk.says("actions stop it looks wrong")
    told = desk.says("actions")
    assert "All actions are stopped" in told
    assert "it looks wrong" in told
    assert "Only an admin" in desk.says("actions resume", desk.caller("lena", Role.LEAD))
    assert "may run again" in desk.says("actions resume", desk.caller("ada", Role.ADMIN))
    assert "Say /recall actions" in desk.says("actions frobnicate")


def test_what_waits_is_listed(desk: Desk, team: Team) -> None:
    request = team.asked()
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert "ACT-1 Touch a file | Waits for approval" in desk.says("actions")


def offers(desk: Desk, team: Team, page: Runbook) -> list[Opener]:
    """What a card in the channel offers, for an answer that cites that page."""
    with desk.database.begin() as uow:
        uow.knowledge.upsert([(page, ())], actor="tests", now=desk.clock.now())
    cited = Citation(document_id=page.id, version=1, title=page.title)
    answer = Suggestion(
        id="s",
        kind=SuggestionKind.RUNBOOK_ONLY,
        answered=True,
        confidence=0.9,
        confidence_words="likely",
        headline="",
        steps=(Step(text="x", is_code=False, citation=cited),),
        receipt={},
    )
    incident = desk.incident("RCL-1")
    with desk.database.begin() as uow:
        make = ActionOffers(team.book)
        at = desk.caller().at
        return list(make(uow, "card:RCL-1", answer, incident, at, desk.clock.now()))


def page_with(name: str, template: str = "touch", **more: object) -> Runbook:
    named = NamedAction(template=template, parameters={"name": name})
    return Runbook(id="shop", title="Shop is down", body="# Shop", actions=(named,), **more)  # type: ignore[arg-type]


def test_an_offer_opens_the_same_form_filled_in_from_the_page(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown", pod="web-1")
    [offer] = offers(desk, team, page_with("it"))
    form = desk.book.open(desk.caller(), offer.form, offer.about)
    assert form.name == "act"
    assert [(f.name, f.initial) for f in form.fields] == [("name", "it"), ("reason", "")]
    assert "Filled in from the runbook “Shop is down”." in form.intro
    shown = desk.book.submit(desk.caller(), "act", form.about, {"name": "it", "reason": ""})
    assert shown.opens is not None
    done = desk.book.submit(desk.caller(), "act_confirm", shown.opens.about, {"sure": "yes"})
    assert "ACT-1 is asked for: waits for approval" in words_of(done)


@pytest.mark.parametrize(
    "hostile",
    [
        "-rf",
        "--help",
        "$(id)",
        "`id`",
        "it; rm -rf /",
        "it\nrm",
        "a" * 300,
        "${secret:TOKEN}",
        "it\x00",
    ],
)
def test_what_a_page_says_beyond_the_templates_own_checks_is_left_out(
    desk: Desk, team: Team, hostile: str
) -> None:
    desk.fires("CheckoutDown", pod="web-1")
    [offer] = offers(desk, team, page_with(hostile))
    form = desk.book.open(desk.caller(), offer.form, offer.about)
    assert form.fields[0].initial == "", "neither the page's value nor another one in its place"
    assert "left out" in form.intro
    assert hostile not in form.intro
    with pytest.raises(FieldErrors):
        desk.book.submit(desk.caller(), "act", form.about, {"name": hostile, "reason": ""})


def test_importing_a_page_widens_nothing(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    before = dict(team.book.catalogue.templates)
    assert offers(desk, team, page_with("it", template="drop-database")) == []
    assert dict(team.book.catalogue.templates) == before
    assert "no action called “drop-database”" in desk.says("act RCL-1 drop-database")


@pytest.mark.parametrize("change", ["edited", "retired", "hidden", "template gone", "over"])
def test_a_button_whose_page_says_otherwise_by_now_is_refused_politely(
    desk: Desk, team: Team, change: str
) -> None:
    desk.fires("CheckoutDown")
    [offer] = offers(desk, team, page_with("it"))
    match change:
        case "edited":
            offers(desk, team, page_with("another"))
        case "retired":
            with desk.database.begin() as uow:
                now = desk.clock.now()
                uow.knowledge.set_state("shop", DocumentState.RETIRED, actor="x", now=now)
        case "hidden":
            offers(desk, team, page_with("it", visibility=Visibility(frozenset({"T1/C9"}))))
        case "template gone":
            team.writes("0.yaml", TOUCH.replace("id: touch", "id: other"))
        case _:
            desk.says("resolve RCL-1 it is over")
    told = {"template gone": "not in the catalogue", "over": "RCL-1 is over"}
    with pytest.raises(Refused, match=told.get(change, "was changed since")):
        desk.book.open(desk.caller(), offer.form, offer.about)


def test_a_forged_or_foreign_token_opens_nothing(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    [offer] = offers(desk, team, page_with("it"))
    form = desk.book.open(desk.caller(), offer.form, offer.about)
    for token in ("", "x" * 24, "touch", form.about):
        with pytest.raises(Refused, match="too old"):
            desk.book.open(desk.caller(), "act_offer", token)
    with pytest.raises(Refused, match="too old"):
        desk.book.submit(desk.caller(), "act_offer", offer.about, {})
    with pytest.raises(Refused):
        desk.book.open(desk.caller(role=Role.GUEST), "act_offer", offer.about)
