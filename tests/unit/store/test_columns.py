"""What goes into a column comes out again, or is made storable in a way that is told."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from knowledge.store.columns import UtcDateTime, storable, storable_json

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANY_TEXT)
def test_any_text_becomes_one_that_databases_take(text: str) -> None:
    made = storable(text)
    made.encode()
    assert "\x00" not in made
    assert len(made) == len(text)
    assert storable(made) == made


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert storable(text) == text


def test_json_is_made_storable_to_its_last_corner() -> None:
    value = {"a\x00": [("b\ud800", 1.5), {"c": None, "d": True}], "e": "f"}
    assert storable_json(value) == {
        "a\ufffd": [["b\ufffd", 1.5], {"c": None, "d": True}],
        "e": "f",
    }


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), sqlite.dialect())


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1970, 1, 2)))
def test_a_moment_stays_that_moment(moment: datetime) -> None:
    column, dialect = UtcDateTime(), sqlite.dialect()
    back = column.process_result_value(column.process_bind_param(moment, dialect), dialect)
    assert back == moment.astimezone(UTC)
    assert back is not None
    assert back.tzinfo is UTC
