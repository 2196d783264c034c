"""Typed reads from parsed JSON."""

from datetime import UTC, datetime

import pytest

from bot.alerts.model import Severity
from bot.alerts.reading import severity_of, text_at, time_at, web_link
from bot.errors import BadPayload


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("page", Severity.CRITICAL),
        ("Critical", Severity.CRITICAL),
        (" P1 ", Severity.CRITICAL),
        ("error", Severity.HIGH),
        ("severe", Severity.HIGH),
        ("warning", Severity.WARNING),
        ("none", Severity.INFO),
        ("info", Severity.INFO),
        ("purple", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_tools_own_words_for_severity_are_understood(
    word: str | None, severity: Severity
) -> None:
    assert severity_of(word) is severity


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-19T03:12:00Z", datetime(2026, 11, 19, 3, 12, tzinfo=UTC)),
        ("2026-11-19T03:12:00.123456789Z", datetime(2026, 11, 19, 3, 12, 0, 123456, tzinfo=UTC)),
        ("2026-11-19T03:12:00.5+02:00", datetime(2026, 11, 19, 1, 12, 0, 500000, tzinfo=UTC)),
        ("2026-11-19T03:12:00", datetime(2026, 11, 19, 3, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", datetime.max.replace(tzinfo=UTC)),
        ("", None),
    ],
)
def test_times_become_aware_utc_and_zero_times_become_none(
    text: str, moment: datetime | None
) -> None:
    assert time_at({"t": text}, "t", "$") == moment


@pytest.mark.parametrize("value", ["yesterday", 5, True, [], "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused_with_its_path(value: object) -> None:
    with pytest.raises(BadPayload, match=r"^\$\.alerts\[3\]\.startsAt is "):
        time_at({"startsAt": value}, "startsAt", "$.alerts[3]")


def test_a_text_of_another_type_is_refused_with_its_path() -> None:
    with pytest.raises(BadPayload, match=r"\$\.status is a number; a text is expected"):
        text_at({"status": 1}, "status", "$")


@pytest.mark.parametrize(
    "text", ["", "javascript:alert(1)", "wiki/page", "http://a b", "https://x/" + "y" * 3000]
)
def test_only_web_addresses_become_links(text: str) -> None:
    assert web_link(text) is None


def test_a_web_address_is_kept_as_it_is() -> None:
    assert web_link(" https://wiki.example/a?b=c#d ") == "https://wiki.example/a?b=c#d"
