"""What is different this time: told from logs and labels, with the lines that show it."""

from knowledge.model import PastIncident, Query
from knowledge.retrieve.differences import MOST_ROWS, DifferenceKind, differences
from tests.generated.pairs_measure import precision_and_recall
from tests.generated.pairs_world import make_pairs

USUAL = (
    "03:12:{s}.100 WARN pool exhausted in_use={n} client={client}",
    "03:12:{s}.200 ERROR order {n} not placed, upstream timeout after {n}ms",
    "03:12:{s}.300 INFO GET /healthz status=200",
    "03:12:{s}.400 ERROR request failed status=500 trace=4bf92f{n}",
    "03:12:{s}.500 INFO worker started build={build}",
)
DISK = "03:12:59.100 ERROR write failed: no space left on device"


def log(
    *more: str, second: int = 10, n: int = 312, client: str = "stock-sync", build: str = "1.2.3"
) -> tuple[str, ...]:
    return (*(one.format(s=second, n=n, client=client, build=build) for one in USUAL), *more)


def past(logs: tuple[str, ...], **labels: str) -> PastIncident:
    return PastIncident(id="INC-1", title="t", symptom="s", logs=logs, labels=labels)


def asked(logs: tuple[str, ...], **labels: str) -> Query:
    return Query(text="OrdersFailing", logs=("\n".join(logs),), labels=labels)


def test_times_ids_and_counts_are_no_difference() -> None:
    assert differences(past(log()), asked(log(second=47, n=9871))) == ()


def test_a_client_that_changed_is_told_with_both_lines() -> None:
    (row,) = differences(past(log()), asked(log(second=41, client="mail-sender")))
    assert row.kind is DifferenceKind.CHANGED_VALUE
    assert (row.name, row.was, row.is_now) == ("client", "stock-sync", "mail-sender")
    assert row.then in log()
    assert row.now in log(second=41, client="mail-sender")


def test_a_client_that_was_there_then_as_well_did_not_change() -> None:
    then = log(
        "03:12:58.000 WARN retrying batch for mail-sender",
        "03:12:58.000 WARN retrying batch for stock-sync",
    )
    rows = differences(past(then), asked(log(client="mail-sender")))
    assert DifferenceKind.CHANGED_VALUE not in {row.kind for row in rows}


def test_another_version_is_told_as_such() -> None:
    (row,) = differences(past(log()), asked(log(build="1.3.0")))
    assert (row.kind, row.was, row.is_now) == (DifferenceKind.OTHER_VERSION, "1.2.3", "1.3.0")


def test_an_error_line_that_is_new_is_told() -> None:
    (row,) = differences(past(log()), asked(log(DISK)))
    assert (row.kind, row.now, row.then) == (DifferenceKind.NEW_LINE, DISK, "")


def test_a_new_line_without_trouble_in_it_is_not_told() -> None:
    assert differences(past(log()), asked(log("03:12:58.000 INFO cache warmed in 3s"))) == ()


def test_an_error_line_that_is_gone_is_told() -> None:
    (row,) = differences(past(log(DISK)), asked(log()))
    assert (row.kind, row.then, row.now) == (DifferenceKind.MISSING_LINE, DISK, "")


def test_of_a_snippet_nothing_is_said_to_be_missing() -> None:
    assert differences(past(log(DISK)), asked(log()[:2])) == ()


def test_against_an_excerpt_nothing_is_said_to_be_new() -> None:
    then = log()[:2]
    assert differences(past(then), asked(log(DISK, "03:12:58.000 FATAL out of memory"))) == ()


def test_logs_of_other_things_are_not_compared() -> None:
    other = ("03:00:00.000 ERROR replica lag 30s", "03:00:01.000 FATAL no primary")
    assert differences(past(other), asked(log(DISK))) == ()


def test_without_stored_logs_only_labels_can_differ() -> None:
    rows = differences(
        past((), tenant="north", pod="orders-1", cluster="eu-1"),
        asked(log(DISK), tenant="south", pod="orders-2", cluster="us-1"),
    )
    assert [(row.kind, row.then, row.now) for row in rows] == [
        (DifferenceKind.OTHER_LABEL, "tenant=north", "tenant=south")
    ]


def test_what_people_write_around_a_log_is_no_line_of_it() -> None:
    pasted = "\n".join(("checkout cannot order, error again?", "```", *log(second=31), "```"))
    assert differences(past(log()), Query(text="error: it fails again", logs=(pasted,))) == ()


def test_never_more_than_three_rows() -> None:
    now = log(
        DISK,
        "03:12:58.000 FATAL out of memory in arena",
        client="mail-sender",
        build="2.0.0",
    )
    rows = differences(past(log(), tenant="north"), asked(now, tenant="south"))
    assert len(rows) == MOST_ROWS
    assert rows[0].kind is DifferenceKind.CHANGED_VALUE


def test_logs_full_of_anything_are_read_without_an_error() -> None:
    odd = ("\x00\ufffd" * 50, "=" * 500, "key=", "a=b=c", "ERROR", " ", "<*> <num>", "ERROR \u202e")
    assert differences(past(odd), asked(odd)) == ()


def test_planted_differences_are_told_and_hardly_any_other() -> None:
    precision, recall, told, planted = precision_and_recall(make_pairs(5))
    assert planted >= 90
    assert told >= 60
    assert precision >= 0.9
    assert recall >= 0.7
