"""Times as tools write them, and labels in every shape that they come in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.lenient import first, is_placeholder, labels_of, links_of, moment, text
from bot.alerts.reading import MAX_LABELS

SAME = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
SECONDS = int(SAME.timestamp())


@pytest.mark.parametrize(
    "written",
    [
        SECONDS,
        SECONDS * 1_000,
        SECONDS * 1_000_000,
        SECONDS * 1_000_000_000,
        str(SECONDS),
        f"{SECONDS}000",
        "2026-11-19T03:12:00Z",
        "2026-11-19T05:12:00+02:00",
        "2026-11-19T05:12:00+0200",
        "2026-11-19T05:12:00+02.00",
        "2026-11-19 03:12:00 +0000 UTC",
        "2026-11-19 03:12:00 UTC",
        "2026-11-19 05:12:00 +0200",
        "2026/11/19 03:12:00 GMT",
        "2026.11.19 03:12:00",
        "Thu, 19 Nov 2026 03:12:00 GMT",
        "Thu Nov 19 03:12:00 UTC 2026",
    ],
)
def test_one_moment_in_many_spellings(written: object) -> None:
    assert moment(written) == SAME


@pytest.mark.parametrize(
    "written",
    [None, True, 0, -5, "", "soon", "0001-01-01T00:00:00Z", 10**400, 1e300, float("inf"), [], {}],
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


@given(st.one_of(st.text(max_size=70), st.integers(), st.floats(), st.datetimes().map(str)))
def test_no_time_makes_a_surprise(written: object) -> None:
    found = moment(written)
    assert found is None or found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "shape",
    [
        {"env": "prod", "n": 1, "deep": {"x": 1}},
        ["env:prod", "n=1", "a word", "no mark"],
        [["env", "prod"], ["n", 1]],
        [{"key": "env", "value": "prod"}, {"tag": "n", "value": "1"}],
        [{"key": "env", "value": {"stringValue": "prod"}}, {"name": "n", "value": 1}],
        "env:prod, n:1, a word",
    ],
)
def test_labels_in_every_shape(shape: object) -> None:
    assert labels_of(shape) == {"env": "prod", "n": "1"}


def test_the_first_to_name_a_label_wins_and_there_is_a_limit() -> None:
    assert labels_of({"a": "1", "b": ""}, {"a": "2", "b": "3"}) == {"a": "1", "b": "3"}
    assert len(labels_of({str(i): "v" for i in range(1000)})) == MAX_LABELS
    assert labels_of({"x" * 300: "v"}) == {}


@pytest.mark.parametrize("word", ["$SERVICE", "{{ALERT_TITLE}}", "{{ $title }}", "{EVENT.ID}"])
def test_a_variable_that_was_not_filled_in_says_nothing(word: str) -> None:
    assert is_placeholder(word)
    assert first(word, "x") == "x"
    assert labels_of({"a": word}) == {}


def test_only_web_addresses_are_links() -> None:
    found = links_of(
        ("a", "https://x.example"), ("b", "javascript:x"), ("c", None), ("", "http://x")
    )
    assert found == {"a": "https://x.example"}


def test_scalars_are_written_as_json_writes_them() -> None:
    body = {"a": [True, 2.0, 2.5, 10**40, {}]}
    assert [text(body, "a", i) for i in range(6)] == ["true", "2", "2.5", "", "", ""]
