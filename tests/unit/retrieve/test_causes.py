import dataclasses

from knowledge.retrieve.causes import Case, groups_of, is_separated
from knowledge.retrieve.clues import Clues
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
        Clues(),
    )
    assert sorted(group.incident_ids for group in groups) == [("A", "B"), ("C",)]


def test_the_page_that_helped_joins_causes_where_pages_differ() -> None:
    groups = groups_of(
        [
            Case("A", facts("scraper wave", page="bots"), {}),
            Case("B", facts("aggressive crawler", page="bots"), {}),
            Case("C", facts("bad deploy", page="rollback"), {}),
        ],
        Clues(),
    )
    assert sorted(group.incident_ids for group in groups) == [("A", "B"), ("C",)]


def test_one_page_for_everything_joins_nothing() -> None:
    cases = [
        Case("A", facts("scraper wave", page="edge"), {}),
        Case("B", facts("expired certificate", page="edge"), {}),
    ]
    assert len(groups_of(cases, Clues())) == 2


def test_close_meanings_join_causes_that_share_no_word() -> None:
    cases = [
        Case("A", facts("scraper wave"), {}, (1.0, 0.0)),
        Case("B", facts("aggressive crawler"), {}, (0.8, 0.6)),
        Case("C", facts("expired certificate"), {}, (0.0, 1.0)),
    ]
    found = [group.incident_ids for group in groups_of(cases, Clues())]
    assert ("A", "B") in found


def test_words_that_all_causes_have_tell_nothing() -> None:
    cases = [
        Case("A", facts("pool leaked", words="orders fail slots"), {}),
        Case("B", facts("bad deploy", words="orders fail build"), {}),
    ]
    level = groups_of(cases, Clues(words=content_words("orders fail")))
    assert level[0].probability == level[1].probability
    assert not is_separated(level)
    told = groups_of(cases, Clues(words=content_words("orders fail build")))
    assert told[0].incident_ids == ("B",)
    assert told[0].evidence > told[1].evidence


def test_a_cause_that_was_never_recorded_is_no_cause_of_its_own() -> None:
    cases = [Case("A", facts("pool leaked"), {}), Case("B", facts(""), {})]
    assert [group.incident_ids for group in groups_of(cases, Clues())] == [("A",)]
    assert groups_of(cases[::-1], Clues())[0].share == 0.5


def test_frequency_alone_never_separates() -> None:
    many = [Case(f"A{n}", facts("pool of the worker leaked"), {}) for n in range(9)]
    groups = groups_of([*many, Case("B", facts("bad deploy"), {})], Clues())
    assert groups[0].share == 0.9
    assert not is_separated(groups)


def test_telling_lines_are_those_that_no_other_cause_has() -> None:
    shared = "ERROR order not placed"
    cases = [
        Case("A", facts("pool leaked", logs=(shared, "FATAL too many clients already")), {}),
        Case("B", facts("bad deploy", logs=(shared, "TypeError in pricing code")), {}),
    ]
    lines = {
        group.incident_ids[0]: tuple(one.text for one in group.telling)
        for group in groups_of(cases, Clues())
    }
    assert lines == {"A": ("FATAL too many clients already",), "B": ("TypeError in pricing code",)}


def test_no_cases_give_no_groups() -> None:
    assert groups_of([], Clues()) == ()
    assert not is_separated(())


def test_words_that_a_record_has_from_the_alert_itself_tell_nothing() -> None:
    said = content_words("checkout fails for more orders than allowed")
    cases = [
        Case("A", facts("bad deploy", words="checkout fails for more orders than allowed"), {}),
        Case("B", facts("no connections", words="the shop is down"), {}),
    ]
    first, second = groups_of(cases, Clues(words=said))
    assert first.incident_ids == ("A",)
    assert first.evidence > second.evidence
    repeated = [dataclasses.replace(cases[0], repeated=said), cases[1]]
    level = groups_of(repeated, Clues(words=said))
    assert level[0].evidence == level[1].evidence


def test_a_line_of_one_cause_speaks_for_it_and_against_the_others() -> None:
    line = "FATAL too many clients already"
    cases = [
        Case("A", facts("pool leaked", logs=(line, "ERROR slow")), {}),
        Case("B", facts("bad deploy", logs=("TypeError in pricing code", "ERROR slow")), {}),
        Case("C", facts("certificate expired"), {}),
    ]
    found = groups_of(cases, Clues(lines=(line_words(line), line_words("ERROR slow"))))
    evidence = {group.incident_ids[0]: group.parts["lines"] for group in found}
    assert evidence["A"] > evidence["C"] > evidence["B"]


def test_neighbours_changes_and_labels_tell_causes_apart() -> None:
    plain = facts("pool leaked"), facts("bad deploy")
    for part, clue in (("neighbours", "connect"), ("changes", "deploy"), ("labels", "zone=b")):
        cases = [
            Case("A", dataclasses.replace(plain[0], **{part: frozenset({"other"})}), {}),
            Case("B", dataclasses.replace(plain[1], **{part: frozenset({clue})}), {}),
        ]
        found = groups_of(cases, Clues(**{part: frozenset({clue})}))
        assert found[0].incident_ids == ("B",)
        assert found[0].parts[part] > 0.0 > found[1].parts[part]


def test_what_came_lately_counts_but_never_separates_alone() -> None:
    cases = [
        *(Case(f"A{n}", facts("pool of the worker leaked"), {"recency": 1.0}) for n in range(19)),
        Case("B", facts("bad deploy"), {"recency": 0.0}),
    ]
    groups = groups_of(cases, Clues())
    assert groups[0].incident_ids[0] == "A0"
    assert groups[0].probability > 0.75
    assert not is_separated(groups)


def test_what_is_known_today_is_not_to_be_looked_for() -> None:
    line = "FATAL too many clients already"
    cases = [
        Case("A", facts("pool leaked", logs=(line,)), {}),
        Case("B", facts("bad deploy"), {}),
    ]
    (first, _) = groups_of(cases, Clues())
    assert [one.text for one in first.telling] == [line]
    assert first.telling[0].elsewhere == ("B",)
    (first, _) = groups_of(cases, Clues(lines=(line_words(line),)))
    assert first.telling == ()
