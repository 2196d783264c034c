"""Keeping runbooks on both databases: versions, two people on one page, drafts, rights."""

from dataclasses import replace

import pytest

from bot.clock import ManualClock
from bot.drafts.curation import Curation, Editor
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.errors import NotAllowed
from bot.people.model import Role
from bot.store.database import Database
from knowledge.curate.model import MergeNeeded, Published
from knowledge.errors import BadDocument, Unpublishable
from knowledge.model import (
    DocumentState,
    NamedAction,
    Origin,
    PastIncident,
    Runbook,
    Visibility,
)
from knowledge.text.passages import passages_of
from tests.support.together import together

ANN = Editor("T1/U0ANN", Role.LEAD)
BEN = Editor("T1/U0BEN", Role.LEAD)
EVE = Editor("T1/U0EVE", Role.RESPONDER)
PAGE = "# Connections\n\n1. Look at the graph.\n2. Count the sessions.\n3. Restart one pod.\n"


@pytest.fixture
def curation(database: Database, clock: ManualClock) -> Curation:
    return Curation(database, clock)


def published(done: Published | MergeNeeded) -> Published:
    assert isinstance(done, Published), done
    return done


def actions_of(database: Database) -> list[str]:
    with database.read() as uow:
        return [event.action for event in uow.audit.list()]


def test_each_edit_is_a_version_with_who_and_when(
    curation: Curation, clock: ManualClock, database: Database
) -> None:
    head = database.knowledge_source().head()
    assert published(curation.publish(ANN, "db/connections", PAGE, 0)).version == 1
    assert database.knowledge_source().head() > head
    clock.advance(60)
    text = PAGE.replace("one pod", "two pods")
    done = published(curation.publish(BEN, "db/connections", text, 1))
    assert (done.version, done.changed, done.merged, done.text) == (2, True, False, text)
    newest, first = curation.history(EVE, "db/connections")
    assert (newest.version, newest.by, newest.at) == (2, BEN.key, clock.now())
    assert (first.version, first.by) == (1, ANN.key)
    kept = curation.version(EVE, "db/connections", 1)
    assert kept is not None
    assert kept.text == PAGE
    lines = curation.diff(EVE, "db/connections", 1, 2)
    assert "-3. Restart one pod." in lines
    assert "+3. Restart two pods." in lines
    assert actions_of(database).count("runbook.published") == 2


def test_the_same_text_again_is_no_new_version(curation: Curation, database: Database) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    done = published(curation.publish(BEN, "p", PAGE, 1))
    assert (done.version, done.changed) == (1, False)
    assert actions_of(database).count("runbook.published") == 1


def test_the_second_of_two_editors_loses_nothing(curation: Curation) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    curation.publish(ANN, "p", PAGE.replace("Look at", "Open"), 1)
    done = published(curation.publish(BEN, "p", PAGE.replace("one pod", "a pod"), 1))
    assert done.merged
    assert done.text == PAGE.replace("Look at", "Open").replace("one pod", "a pod")


def test_where_two_edits_meet_the_second_sees_both_and_decides(curation: Curation) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    curation.publish(ANN, "p", PAGE.replace("Restart one pod.", "Restart all."), 1)
    done = curation.publish(BEN, "p", PAGE.replace("Restart one pod.", "Drain first."), 1)
    assert isinstance(done, MergeNeeded)
    assert (done.base_version, done.conflicts) == (2, 1)
    assert "3. Restart all." in done.text
    assert "3. Drain first." in done.text
    assert ANN.key in done.text
    with pytest.raises(Unpublishable, match="both sides of a conflict"):
        curation.publish(BEN, "p", done.text, done.base_version)
    decided = PAGE.replace("Restart one pod.", "Drain, then restart all.")
    assert published(curation.publish(BEN, "p", decided, done.base_version)).version == 3


def test_two_people_who_make_one_page_at_the_same_time_both_are_kept(
    curation: Curation,
) -> None:
    texts = ["# Disk\n\nRotate the logs.\n", "# Disk\n\nGrow the volume.\n"]
    done = together(2, lambda n: curation.publish(ANN, "disk", texts[n], 0))
    [merge] = [one for one in done if isinstance(one, MergeNeeded)]
    assert sum(isinstance(one, Published) for one in done) == 1
    assert "Rotate the logs." in merge.text
    assert "Grow the volume." in merge.text


def test_many_edits_at_once_make_as_many_versions(curation: Curation) -> None:
    lines = [f"Step {n}." for n in range(8)]
    gap = "\n\n(stays)\n\n"
    curation.publish(ANN, "p", gap.join(lines), 0)
    base = gap.join(lines)
    together(
        8,
        lambda n: curation.publish(ANN, "p", base.replace(f"Step {n}.", f"Step {n}, better."), 1),
    )
    newest = curation.page(ANN, "p")
    assert newest is not None
    assert newest.version == 9
    assert newest.text.count("better") == 8


def test_revert_is_one_step_and_can_be_reverted(curation: Curation, database: Database) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    curation.publish(BEN, "p", "# Nonsense\n\nDelete everything.\n", 1)
    assert curation.revert(ANN, "p", 1).version == 3
    newest = curation.page(ANN, "p")
    assert newest is not None
    assert newest.text == PAGE
    assert curation.revert(BEN, "p", 2).text.startswith("# Nonsense")
    assert actions_of(database).count("runbook.reverted") == 2
    with pytest.raises(Unpublishable, match="no version 9"):
        curation.revert(ANN, "p", 9)


def test_only_leads_change_text(curation: Curation) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    for attempt in (
        lambda: curation.publish(EVE, "p", PAGE, 1),
        lambda: curation.revert(EVE, "p", 1),
        lambda: curation.retire(EVE, "p"),
        lambda: curation.bring_back(EVE, "p"),
        lambda: curation.accept(EVE, 1),
        lambda: curation.reject(EVE, 1),
        lambda: curation.curate_incident(EVE, "INC-1"),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert len(curation.history(ANN, "p")) == 1


def test_a_restricted_page_is_as_if_it_were_not_there(curation: Curation) -> None:
    insider = replace(ANN, channels=frozenset({"T1/C9"}))
    curation.publish(insider, "p", f"---\nvisibility: [T1/C9]\n---\n{PAGE}", 0)
    curation.publish(insider, "p", PAGE, 1)
    assert curation.version(BEN, "p", 1) is None
    with pytest.raises(Unpublishable):
        curation.revert(BEN, "p", 1)
    curation.revert(insider, "p", 1)
    assert curation.runbooks(BEN) == ()
    assert curation.tree(BEN) == ()
    assert curation.lines(BEN, ["p"]) == ()
    assert curation.page(BEN, "p") is None
    assert curation.history(BEN, "p") == ()
    with pytest.raises(Unpublishable, match="no page that you could change"):
        curation.publish(BEN, "p", PAGE, 0)
    assert [line.id for line in curation.runbooks(insider)] == ["p"]


def test_pages_hang_in_a_tree_by_service(curation: Curation) -> None:
    head = "---\nservices: [checkout, api]\nowner: ann\nreview_by: 2027-01-01\n---\n"
    curation.publish(ANN, "b", f"{head}{PAGE}", 0)
    curation.publish(ANN, "a", "# Apart\n\nWords.\n", 0)
    api, checkout, other = curation.tree(EVE)
    assert (api.service, checkout.service, other.service) == ("api", "checkout", "")
    assert [one.id for one in api.pages] == [one.id for one in checkout.pages] == ["b"]
    [line] = curation.lines(EVE, ["b", "nowhere"])
    assert (line.owner, str(line.review_by), line.updated_by) == ("ann", "2027-01-01", ANN.key)
    assert [one.service for one in curation.tree(EVE, "ANN api")] == ["api", "checkout"]
    assert curation.tree(EVE, "ann nowhere") == ()
    curation.retire(ANN, "a")
    assert len(curation.tree(EVE)) == 2
    [gone] = curation.tree(EVE, retired=True)
    assert [one.id for one in gone.pages] == ["a"]
    with pytest.raises(Unpublishable, match="retired"):
        curation.publish(ANN, "a", PAGE, 1)
    curation.bring_back(ANN, "a")
    assert len(curation.tree(EVE)) == 3


@pytest.mark.parametrize(
    ("document_id", "text", "base", "error", "says"),
    [
        ("../etc/passwd", PAGE, 0, Unpublishable, "cannot be a page's id"),
        ("a b", PAGE, 0, Unpublishable, "cannot be a page's id"),
        ("x" * 201, PAGE, 0, Unpublishable, "cannot be a page's id"),
        ("p", "---\nservices: {a: b}\n---\nx", 0, BadDocument, "'services'"),
        ("p", "  \n", 0, BadDocument, "empty"),
        ("p", PAGE, 4, Unpublishable, "there is no page"),
        ("known", PAGE, 7, Unpublishable, "no version 7"),
        ("INC-1", PAGE, 0, Unpublishable, "no page that you could change"),
    ],
)
def test_what_cannot_be_published_is_refused_in_plain_words(
    curation: Curation,
    database: Database,
    document_id: str,
    text: str,
    base: int,
    error: type[Exception],
    says: str,
) -> None:
    curation.publish(ANN, "known", PAGE, 0)
    keep_incident(database)
    with pytest.raises(error, match=says):
        curation.publish(ANN, document_id, text, base)


def keep_incident(database: Database) -> None:
    incident = PastIncident(id="INC-1", title="t", symptom="s", state=DocumentState.CONFIRMED)
    with database.begin() as uow:
        now = ManualClock().now()
        uow.knowledge.upsert([(incident, passages_of(incident))], actor="t", now=now)


def test_a_confirmed_incident_is_curated_by_a_lead(curation: Curation, database: Database) -> None:
    keep_incident(database)
    curation.curate_incident(ANN, "INC-1")
    with database.read() as uow:
        found = uow.knowledge.get("INC-1")
    assert found is not None
    assert found.state is DocumentState.REVIEWED
    with pytest.raises(Unpublishable):
        curation.curate_incident(ANN, "nothing")


def test_an_edited_starter_page_is_the_teams_own(curation: Curation, database: Database) -> None:
    generic = Runbook(id="starter/disk", title="Disk", body="# Disk\n\nx", origin=Origin.STARTER)
    with database.begin() as uow:
        now = ManualClock().now()
        uow.knowledge.upsert([(generic, passages_of(generic))], actor="t", now=now)
    curation.publish(ANN, "starter/disk", "# Disk\n\nOurs.\n", 1)
    [line] = curation.runbooks(ANN)
    assert line.origin is Origin.TEAM


# --- drafts ---------------------------------------------------------------------------------


def propose(database: Database, clock: ManualClock, page: str, text: str) -> int:
    content = {"page": page, "problem": "Step 2 is wrong.", "text": text, "incident": ""}
    with database.begin() as uow:
        return uow.drafts.add(
            Draft(
                kind=DraftKind.RUNBOOK_EDIT,
                subject=page,
                content=content,
                made_by=EVE.key,
                made_at=clock.now(),
            )
        ).id


def test_an_accepted_proposal_is_published_under_the_leads_name(
    curation: Curation, database: Database, clock: ManualClock
) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    number = propose(database, clock, "p", "Count twice.")
    assert [draft.id for draft in curation.drafts(EVE)] == [number]
    proposal = curation.proposal(ANN, number)
    assert proposal is not None
    assert proposal.before == PAGE
    assert proposal.text == f"{PAGE}\n## Step 2 is wrong\n\nCount twice.\n"
    done = published(curation.accept(ANN, number))
    assert (done.version, done.text) == (2, proposal.text)
    assert curation.history(ANN, "p")[0].by == ANN.key
    assert curation.drafts(ANN) == ()
    with pytest.raises(Unpublishable, match="is waiting"):
        curation.accept(BEN, number)
    with database.read() as uow:
        draft = uow.drafts.get(number)
    assert draft is not None
    assert (draft.state, draft.decided_by) == (DraftState.ACCEPTED, ANN.key)
    assert actions_of(database)[-2:] == ["runbook.published", "runbook_edit.accepted"]


def test_a_lead_changes_the_words_before_accepting_and_a_conflict_leaves_it_waiting(
    curation: Curation, database: Database, clock: ManualClock
) -> None:
    curation.publish(ANN, "p", PAGE, 0)
    number = propose(database, clock, "p", "Count twice.")
    curation.publish(BEN, "p", PAGE.replace("Count the", "Kill the"), 1)
    mine = PAGE.replace("Count the sessions", "Count twice")
    assert isinstance(curation.accept(ANN, number, mine, 1), MergeNeeded)
    assert len(curation.drafts(ANN)) == 1
    assert published(curation.accept(ANN, number, mine, 2)).text == mine
    assert curation.drafts(ANN) == ()


def test_a_proposal_for_a_page_that_is_missing_makes_it(
    curation: Curation, database: Database, clock: ManualClock
) -> None:
    number = propose(database, clock, "new", "# New\n\nLook.")
    assert published(curation.accept(ANN, number)).version == 1
    silent = propose(database, clock, "new", "")
    with pytest.raises(Unpublishable, match="not what to write"):
        curation.accept(ANN, silent)
    curation.reject(ANN, silent)
    assert curation.drafts(ANN) == ()
    with pytest.raises(Unpublishable):
        curation.reject(ANN, silent)


def test_a_proposal_for_a_page_that_may_not_be_seen_is_not_seen(
    curation: Curation, database: Database, clock: ManualClock
) -> None:
    insider = replace(ANN, channels=None)
    curation.publish(insider, "p", f"---\nvisibility: [T1/C9]\n---\n{PAGE}", 0)
    number = propose(database, clock, "p", "x")
    assert curation.drafts(BEN) == ()
    assert curation.proposal(BEN, number) is None
    with pytest.raises(Unpublishable):
        curation.accept(BEN, number)


def test_a_list_of_pages_has_the_actions_and_the_channels_of_each(database: Database) -> None:
    actions = (NamedAction(template="touch"), NamedAction(template="scale"))
    some = Visibility(channels=frozenset({"T1/C1", "T1/C2"}))
    pages = [
        Runbook(id="bare", title="Bare", body="Words."),
        Runbook(id="open", title="Open", body="Words.", actions=actions),
        Runbook(id="some", title="Some", body="Words.", visibility=some),
        Runbook(id="twin", title="Twin", body="Words.", actions=actions, visibility=some),
    ]
    with database.begin() as uow:
        uow.knowledge.upsert([(page, ()) for page in pages], actor="t", now=ManualClock().now())
        lines = uow.knowledge.runbooks()
    assert [(one.id, one.actions, one.visibility) for one in lines] == [
        (page.id, tuple(action.template for action in page.actions), page.visibility)
        for page in pages
    ]
