"""Strict JSON: what is refused, and what is cleaned."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.json_body import MAX_DEPTH, parse_json
from bot.errors import BadPayload


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "line 1"),
        (b'{"a": 1} x', "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"a": 1, "a": 2}', "'a' appears twice"),
        (b'{"deep": [{"a": 1, "a": 1}]}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "too large"),
        (b"[" + b"9" * 5000 + b"]", "too long"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested"),
        (b'{"a": "line\nbreak"}', "not JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_the_reason(body: bytes, why: str) -> None:
    with pytest.raises(BadPayload, match=why):
        parse_json(body)


def test_the_deepest_nesting_allowed_is_accepted_and_one_more_is_not() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(BadPayload, match=str(MAX_DEPTH)):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_many_shallow_objects_are_not_deep() -> None:
    rows = [{"a": [1]}] * 500
    assert parse_json(json.dumps(rows).encode()) == rows


def test_a_byte_order_mark_is_no_error() -> None:
    assert parse_json(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("escape", [r"\u0000", r"\uD800", r"\udfff", r"\ud83d x"])
def test_what_no_database_stores_is_replaced(escape: str) -> None:
    parsed = parse_json(f'{{"a{escape}": ["b{escape}"]}}'.encode())
    text = json.dumps(parsed, ensure_ascii=False)
    text.encode("utf-8")
    assert "\x00" not in text
    assert "�" in text


def test_a_pair_of_surrogates_is_the_character_it_stands_for() -> None:
    assert parse_json(rb'["\ud83d\ude00"]') == ["😀"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_what_is_strict_json_comes_out_as_it_went_in(value: object) -> None:
    parsed = parse_json(json.dumps(value).encode())
    assert parsed == json.loads(json.dumps(value).replace(r"\u0000", r"\ufffd"))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_bad_payload(body: bytes) -> None:
    with suppress(BadPayload):
        parse_json(body)
