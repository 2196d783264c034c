"""Bodies of log lines: three forms, whose lines they are, and never a crash."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.logs import (
    JSON,
    MEDIA_TYPES,
    NDJSON,
    TEXT,
    LogBatch,
    content_type_for,
    read_logs,
)
from bot.errors import BadPayload


def otlp(*records: dict[str, Any], service: str = "checkout", **resource: str) -> dict[str, Any]:
    named = {"service.name": service, **resource}
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in named.items()]
    return {
        "resourceLogs": [
            {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": list(records)}]}
        ]
    }


def as_body(value: object) -> bytes:
    return json.dumps(value).encode()


def test_plain_lines_are_those_of_the_service_in_the_address() -> None:
    kept_as = content_type_for(TEXT, "cart & till; one", "prod/eu-1")
    assert read_logs(b"one\r\ntwo\n", kept_as) == [
        LogBatch("cart & till; one", "prod/eu-1", ("one", "two"))
    ]


def test_each_line_of_ndjson_says_whose_it_is() -> None:
    lines = [
        {"service": "cart", "env": "prod", "msg": "a"},
        {"service.name": "till", "msg": "b"},
        {"service": {"name": "cart"}, "environment": "prod", "msg": "c"},
    ]
    body = "\n".join(map(json.dumps, lines)).encode() + b"\nbroken {\n\n"
    read = read_logs(body, NDJSON[0])
    assert [(one.service, one.environment, len(one.lines)) for one in read] == [
        ("cart", "prod", 2),
        ("till", "", 1),
        ("", "", 1),
    ]
    assert read[0].lines[0] == json.dumps(lines[0])


def test_the_address_goes_before_what_the_lines_say() -> None:
    body = as_body({"service": "cart", "msg": "a"})
    [batch] = read_logs(body, content_type_for(NDJSON[0], "till", ""))
    assert batch.service == "till"


def test_otlp_lines_have_time_level_words_and_the_exception_below() -> None:
    record = {
        "timeUnixNano": "1764237600123000000",
        "severityNumber": 17,
        "body": {"stringValue": "payment failed"},
        "attributes": [
            {"key": "exception.type", "value": {"stringValue": "TimeoutError"}},
            {"key": "exception.stacktrace", "value": {"stringValue": "TimeoutError: 30 s\n  at x"}},
        ],
    }
    body = as_body(otlp(record, service="till", **{"deployment.environment.name": "prod"}))
    assert read_logs(body, JSON) == [
        LogBatch(
            "till",
            "prod",
            (
                "2025-11-27T10:00:00.123Z ERROR payment failed",
                "TimeoutError: 30 s",
                "  at x",
            ),
        )
    ]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"intValue": "7"}, "7"),
        ({"boolValue": True}, "true"),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}, '["a", "1"]'),
        (
            {"kvlistValue": {"values": [{"key": "k", "value": {"doubleValue": 1.5}}]}},
            '{"k": 1.5}',
        ),
    ],
)
def test_an_otlp_body_may_be_any_value(value: dict[str, Any], line: str) -> None:
    [batch] = read_logs(as_body(otlp({"body": value, "severityText": "Warn"})), JSON)
    assert batch.lines == (f"WARN {line}",)


def test_json_records_without_a_wrapping_are_read_too() -> None:
    body = as_body([{"app": "cart", "msg": "a"}, {"app": "cart", "msg": "b"}])
    [batch] = read_logs(body, JSON)
    assert (batch.service, len(batch.lines)) == ("cart", 2)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", TEXT),
        (b" \n\n", TEXT),
        (b"plain words", NDJSON[0]),
        (b"{", JSON),
        (b"7", JSON),
        (b"[1]", JSON),
        (b"{}", JSON),
        (b'{"resourceLogs": 7}', JSON),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}', JSON),
    ],
)
def test_a_body_without_a_line_is_refused(body: bytes, media_type: str) -> None:
    with pytest.raises(BadPayload):
        read_logs(body, media_type)


OTLP_KEYS = (
    *("resourceLogs", "resource", "attributes", "key", "value", "scopeLogs", "logRecords"),
    *("body", "stringValue", "kvlistValue", "arrayValue", "values", "timeUnixNano"),
    *("severityNumber", "severityText", "service", "name", "env"),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(OTLP_KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(JSON_VALUES, st.sampled_from(MEDIA_TYPES))
def test_whatever_json_comes_is_read_or_refused(value: object, media_type: str) -> None:
    _read_or_refused(json.dumps(value).encode(), media_type)


@given(st.binary(max_size=200), st.sampled_from(MEDIA_TYPES))
def test_whatever_bytes_come_are_read_or_refused(body: bytes, media_type: str) -> None:
    _read_or_refused(body, media_type)


@given(st.data())
def test_a_mutated_otlp_body_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(as_body(otlp({"body": {"stringValue": "x"}, "timeUnixNano": "1"})))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refused(bytes(body), JSON)


def _read_or_refused(body: bytes, media_type: str) -> None:
    try:
        batches = read_logs(body, media_type)
    except BadPayload:
        return
    assert batches
    for batch in batches:
        assert any(line.strip() for line in batch.lines)
        assert "\0" not in "".join(batch.lines)
        "".join(batch.lines).encode()  # nothing in it that no database stores
