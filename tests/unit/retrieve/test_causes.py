import dataclasses

from knowledge.retrieve.causes import Case, groups_of, is_separated
from knowledge.retrieve.facts import NOTHING, Facts
from knowledge.retrieve.reading import content_words, line_words


def facts(
    cause: str, *, page: str | None = None, words: str = "", logs: tuple[str, ...] = ()
) -> Facts:
    return dataclasses.replace(
        NOTHING,
        words=content_words(words),
        logs=tuple(line_words(line) for line in logs),
        log_lines=logs,
        cause=cause,
        cause_words=content_words(cause),
        ending=cause,
        runbook=page,
    )


def test_cases_in_like_words_are_one_cause() -> None:
    groups = groups_of(
        [
            Case("A", facts("connection pool of report worker leaked"), {}),
            Case("B", facts("report worker leaked its connection pool again"), {}),
            Case("C", facts("certificate expired"), {}),
        ],
        frozenset(),
    )
    assert sorted(group.incident_ids for group in groups) == [("A", "B"), ("C",)]


def test_the_page_that_helped_joins_causes_where_pages_differ() -> None:
    groups = groups_of(
        [
            Case("A", facts("scraper wave", page="bots"), {}),
            Case("B", facts("aggressive crawler", page="bots"), {}),
            Case("C", facts("bad deploy", page="rollback"), {}),
        ],
        frozenset(),
    )
    assert sorted(group.incident_ids for group in groups) == [("A", "B"), ("C",)]


def test_one_page_for_everything_joins_nothing() -> None:
    cases = [
        Case("A", facts("scraper wave", page="edge"), {}),
        Case("B", facts("expired certificate", page="edge"), {}),
    ]
    assert len(groups_of(cases, frozenset())) == 2


def test_close_meanings_join_causes_that_share_no_word() -> None:
    cases = [
        Case("A", facts("scraper wave"), {}, (1.0, 0.0)),
        Case("B", facts("aggressive crawler"), {}, (0.8, 0.6)),
        Case("C", facts("expired certificate"), {}, (0.0, 1.0)),
    ]
    found = [group.incident_ids for group in groups_of(cases, frozenset())]
    assert ("A", "B") in found


def test_words_that_all_causes_have_tell_nothing() -> None:
    cases = [
        Case("A", facts("pool leaked", words="orders fail slots"), {}),
        Case("B", facts("bad deploy", words="orders fail build"), {}),
    ]
    level = groups_of(cases, content_words("orders fail"))
    assert level[0].probability == level[1].probability
    assert not is_separated(level)
    told = groups_of(cases, content_words("orders fail build"))
    assert told[0].incident_ids == ("B",)


def test_a_cause_that_was_never_recorded_is_no_cause_of_its_own() -> None:
    cases = [Case("A", facts("pool leaked"), {}), Case("B", facts(""), {})]
    assert [group.incident_ids for group in groups_of(cases, frozenset())] == [("A",)]
    assert groups_of(cases[::-1], frozenset())[0].share == 0.5


def test_frequency_alone_never_separates() -> None:
    many = [Case(f"A{n}", facts("pool of the worker leaked"), {}) for n in range(9)]
    groups = groups_of([*many, Case("B", facts("bad deploy"), {})], frozenset())
    assert groups[0].share == 0.9
    assert not is_separated(groups)


def test_telling_lines_are_those_that_no_other_cause_has() -> None:
    shared = "ERROR order not placed"
    cases = [
        Case("A", facts("pool leaked", logs=(shared, "FATAL too many clients already")), {}),
        Case("B", facts("bad deploy", logs=(shared, "TypeError in pricing code")), {}),
    ]
    lines = {group.incident_ids[0]: group.telling for group in groups_of(cases, frozenset())}
    assert lines == {"A": ("FATAL too many clients already",), "B": ("TypeError in pricing code",)}


def test_no_cases_give_no_groups() -> None:
    assert groups_of([], frozenset()) == ()
    assert not is_separated(())


def test_words_that_a_record_has_from_the_alert_itself_tell_nothing() -> None:
    said = content_words("checkout fails for more orders than allowed")
    cases = [
        Case("A", facts("bad deploy", words="checkout fails for more orders than allowed"), {}),
        Case("B", facts("no connections", words="the shop is down"), {}),
    ]
    assert is_separated(groups_of(cases, said))
    repeated = [dataclasses.replace(cases[0], repeated=said), cases[1]]
    assert not is_separated(groups_of(repeated, said))
