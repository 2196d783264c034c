"""What an edit of a runbook would have done to the team's own past."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from knowledge.curate.impact import Case, impact_of
from knowledge.curate.preview import Previewer
from knowledge.errors import Cancelled
from knowledge.learn.examples import question_of
from knowledge.model import Document, PastIncident, Query, Visibility
from tests.support.memory_knowledge import case, page, previewing

DISK = page(
    "db/disk",
    "Database disk is full",
    "# Database disk is full\n\n## Confirm\n\n1. Look at the free space of the volume.\n\n"
    "## Mitigate\n\n1. Delete old write-ahead logs.\n",
    alerts=("DiskFull",),
    services=("db",),
)
SLOTS = page(
    "db/slots",
    "Too many clients",
    "# Too many clients\n\n## Confirm\n\n1. Count the sessions of each client.\n\n"
    "## Mitigate\n\n1. Restart the client that leaks connections.\n",
    alerts=("TooManyClients",),
    services=("db",),
)
QUEUE = page(
    "queue/lag",
    "Queue lags behind",
    "# Queue lags behind\n\n## Confirm\n\n1. Look at the consumers of the queue.\n",
    alerts=("QueueLag",),
    services=("queue",),
)
FULL = case(
    "INC-1",
    "Disk of the database is full",
    "No space left on device, free space of the volume is 0.",
    alerts=("DiskFull",),
    services=("db",),
    runbook="db/disk",
)
CLIENTS = case(
    "INC-2",
    "Too many clients",
    "FATAL: sorry, too many clients already; sessions are used up.",
    alerts=("TooManyClients",),
    services=("db",),
    runbook="db/slots",
)
ALL: tuple[Document, ...] = (DISK, SLOTS, QUEUE, FULL, CLIENTS)


def asked(*incidents: PastIncident) -> list[Case]:
    return [
        Case(
            id=one.id,
            title=one.title,
            at=one.started_at,
            query=question_of(one),
            right=frozenset([one.runbook] if one.runbook else []),
        )
        for one in incidents
    ]


def test_an_edit_that_changes_nothing_moves_nobody() -> None:
    with previewing(*ALL) as previews:
        found = previews.preview("db/disk", DISK, asked(FULL, CLIENTS))
    assert found.moved == ()
    assert (found.cases, found.known) == (2, 2)


def test_a_page_that_takes_over_anothers_alert_is_told_with_the_right_answer_it_costs() -> None:
    greedy = replace(
        DISK,
        title="Too many clients already",
        alerts=("DiskFull", "TooManyClients"),
        body=f"{SLOTS.body}\n\nFATAL: sorry, too many clients already; sessions are used up.\n",
    )
    with previewing(*ALL) as previews:
        found = previews.preview("db/disk", greedy, asked(FULL, CLIENTS))
    assert [one.case.id for one in found.gets] == ["INC-2"]
    assert {one.case.id: (one.before, one.after) for one in found.lost} == {
        "INC-1": ("db/disk", None),  # under its new title it is not sure enough to be shown
        "INC-2": ("db/slots", "db/disk"),
    }
    assert found.won == ()


def test_a_retired_page_leaves_its_incidents_without() -> None:
    with previewing(*ALL) as previews:
        found = previews.preview("db/disk", None, asked(FULL, CLIENTS))
    assert [one.case.id for one in found.leaves] == ["INC-1"]
    assert [one.case.id for one in found.lost] == ["INC-1"]
    assert found.gets == ()


def test_a_new_page_wins_what_had_none() -> None:
    with previewing(SLOTS, QUEUE, FULL, CLIENTS) as previews:
        found = previews.preview("db/disk", DISK, asked(FULL, CLIENTS))
    assert [one.case.id for one in found.gets] == ["INC-1"]
    assert [one.case.id for one in found.won] == ["INC-1"]


def test_a_page_hidden_from_most_is_nobodys_answer() -> None:
    hidden = replace(DISK, visibility=Visibility(frozenset({"T1/C9"})))
    with previewing(*ALL) as previews:
        found = previews.preview("db/disk", hidden, asked(FULL))
    assert [one.case.id for one in found.lost] == ["INC-1"]


def test_what_is_foretold_comes_true_when_the_page_is_published() -> None:
    greedy = replace(
        DISK,
        title="Too many clients already",
        alerts=("DiskFull", "TooManyClients"),
        body=f"{SLOTS.body}\n\nFATAL: sorry, too many clients already; sessions are used up.\n",
    )
    with previewing(*ALL) as previews:
        foretold = previews.preview("db/disk", greedy, asked(FULL, CLIENTS))
    with previewing(greedy, SLOTS, QUEUE, FULL, CLIENTS) as previews:
        true = previews.preview("db/disk", None, asked(FULL, CLIENTS))
    assert {one.case.id for one in foretold.gets} <= {one.case.id for one in true.leaves}


def test_the_shortlist_misses_nothing_that_searching_for_all_finds() -> None:
    chance = random.Random(4)
    words = [
        "disk",
        "queue",
        "login",
        "cache",
        "mail",
        "search",
        "index",
        "node",
        "probe",
        "token",
        "batch",
        "export",
    ]
    pages = [
        page(
            f"p/{one}-{two}",
            f"{one} {two} fails",
            f"# {one} {two} fails\n\n1. Look at the {one} of the {two}.\n",
            alerts=(f"{one.title()}{two.title()}",),
            services=(one,),
        )
        for one in words[:6]
        for two in words[6:]
    ]
    incidents = []
    for number in range(60):
        one, two = chance.choice(words[:6]), chance.choice(words[6:])
        name = (f"{one.title()}{two.title()}",) if chance.random() < 0.7 else ()
        text = f"The {one} of the {two} fails since {number} minutes."
        incidents.append(case(f"INC-{number}", text, text, alerts=name, services=(one,)))
    with previewing(*pages, *incidents) as previews:
        for number in (0, 7, 20):
            other = pages[(number + 5) % len(pages)]
            edit = replace(
                pages[number],
                title=other.title,
                alerts=other.alerts,
                services=other.services,
                body=other.body,
            )
            for new in (edit, None):
                quick = previews.preview(pages[number].id, new, asked(*incidents))
                whole = previews.preview(pages[number].id, new, asked(*incidents), shortlist=False)
                assert quick.moved == whole.moved
                assert quick.searched < whole.searched == 60
        assert any(one.moved for one in [whole, quick])


def test_progress_goes_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    with previewing(*ALL) as previews:
        previews.preview(
            "db/disk", None, asked(FULL, CLIENTS), progress=lambda *one: told.append(one)
        )
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)
    assert told == sorted(told)


def test_a_preview_that_nobody_wants_any_more_stops() -> None:
    with previewing(*ALL) as previews, pytest.raises(Cancelled):
        previews.preview("db/disk", None, asked(FULL), is_cancelled=lambda: True)


def test_without_any_past_there_is_nothing_to_tell() -> None:
    with previewing(DISK) as previews:
        found = previews.preview("db/disk", None, [])
    assert (found.cases, found.moved) == (0, ())


def test_cases_that_move_come_newest_first_and_lists_must_fit() -> None:
    first, second = (
        Case(id=name, title=name, at=at, query=Query(text="x"))
        for name, at in (
            ("A", datetime(2026, 1, 1, tzinfo=UTC)),
            ("B", datetime(2026, 2, 1, tzinfo=UTC)),
        )
    )
    found = impact_of("p", [first, second], ["p", None], [None, "p"], 2)
    assert [one.case.id for one in found.moved] == ["B", "A"]
    with pytest.raises(ValueError, match="zip"):
        impact_of("p", [first], [], [], 0)


def test_a_link_is_read_as_the_page_it_means() -> None:
    linked = replace(DISK, url="https://wiki.example.net/ops/db-disk")
    with previewing(linked, FULL) as previews:
        assert isinstance(previews, Previewer)
        assert previews.page_at("https://wiki.example.net/ops/db-disk", Query(text="x")) == DISK.id


def test_what_is_previewed_changes_nothing() -> None:
    """A preview leaves the index as it was."""
    with previewing(*ALL) as previews:
        before = previews.preview("db/disk", None, asked(FULL))
        again = previews.preview("db/disk", None, asked(FULL))
    assert before == again
