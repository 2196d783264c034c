"""Which post of the alerting tool is about which alerts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Alert, AlertStatus
from bot.channels.model import ToolPost
from bot.channels.rules import post_about

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
ALERT = Alert(
    source="alertmanager",
    fingerprint="f",
    name="DiskFull",
    status=AlertStatus.FIRING,
    links={"source": "https://prometheus.example/graph?g0=1"},
)


def post(text: str, minutes: int = 0) -> ToolPost:
    at = AT + timedelta(minutes=minutes)
    return ToolPost(team_id="T", channel="C", ts=str(at.timestamp()), text=text, at=at)


@pytest.mark.parametrize(
    "text",
    [
        "DiskFull",
        "[FIRING:1] diskfull on db-1",
        "(DiskFull)",
        "x https://prometheus.example/graph?g0=1 y",
        "NotDiskFull, but DiskFull",
    ],
)
def test_a_post_that_names_the_alert_is_about_it(text: str) -> None:
    assert post_about([post(text)], [ALERT]) is not None


@pytest.mark.parametrize("text", ["", "DiskFullSoon", "DiskFull_2", "MyDiskFull", "disk full"])
def test_a_post_that_only_looks_like_it_is_not(text: str) -> None:
    assert post_about([post(text)], [ALERT]) is None


def test_the_oldest_of_several_is_taken() -> None:
    newest_first = [post("DiskFull again", 9), post("other", 5), post("DiskFull", 2)]
    found = post_about(newest_first, [ALERT])
    assert found is not None
    assert found.text == "DiskFull"


@given(st.text(alphabet=st.characters(categories=("L", "N")), min_size=1, max_size=5))
def test_a_name_inside_a_longer_word_is_never_the_name(more: str) -> None:
    assert post_about([post(f"DiskFull{more}")], [ALERT]) is None
    assert post_about([post(f"{more}DiskFull")], [ALERT]) is None


def test_an_alert_without_a_name_is_named_by_no_post() -> None:
    nameless = Alert(source="g", fingerprint="f", name="", status=AlertStatus.FIRING)
    assert post_about([post("anything at all")], [nameless]) is None
