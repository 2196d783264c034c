"""What posts of tools say: words, signs, colours, and what stays the same until it is over."""

from contextlib import suppress
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import MAX_LABELS
from bot.alerts.sources import slack_post
from bot.errors import BadPayload, NotAnAlert

POST = {"channel": "C1", "ts": "1763521920.000100", "bot_id": "B1"}


def read(**fields: Any) -> list[Alert]:
    return slack_post.parse({**POST, **fields})


def titled(title: str, color: str = "") -> Alert:
    [alert] = read(attachments=[{"title": title, "color": color}])
    return alert


@pytest.mark.parametrize(
    ("title", "status", "severity", "name"),
    [
        ("[FIRING:3] DiskFull db (prod)", AlertStatus.FIRING, Severity.UNKNOWN, "DiskFull"),
        ("[RESOLVED] DiskFull db (prod)", AlertStatus.RESOLVED, Severity.UNKNOWN, "DiskFull"),
        ("[P1] Triggered: Queue grows", AlertStatus.FIRING, Severity.CRITICAL, "Queue grows"),
        ("CRITICAL: disk of web-1", AlertStatus.FIRING, Severity.CRITICAL, "disk of web-1"),
        ("PROBLEM: disk of web-1", AlertStatus.FIRING, Severity.UNKNOWN, "disk of web-1"),
        ("Recovered: disk of web-1", AlertStatus.RESOLVED, Severity.UNKNOWN, "disk of web-1"),
        (":fire: disk of web-1", AlertStatus.FIRING, Severity.UNKNOWN, "disk of web-1"),
        ("✅ disk of web-1", AlertStatus.RESOLVED, Severity.UNKNOWN, "disk of web-1"),
        ("[No Data] CPU alert", AlertStatus.FIRING, Severity.UNKNOWN, "CPU alert"),
    ],
)
def test_a_title_says_what_it_is_about_and_how_it_stands(
    title: str, status: AlertStatus, severity: Severity, name: str
) -> None:
    alert = titled(title)
    assert (alert.status, alert.severity, alert.name) == (status, severity, name)


@pytest.mark.parametrize(
    ("color", "status", "severity"),
    [
        ("danger", AlertStatus.FIRING, Severity.HIGH),
        ("#a30200", AlertStatus.FIRING, Severity.HIGH),
        ("#f5a623", AlertStatus.FIRING, Severity.WARNING),
        ("2eb886", AlertStatus.RESOLVED, Severity.UNKNOWN),
    ],
)
def test_where_no_word_tells_the_colour_does(
    color: str, status: AlertStatus, severity: Severity
) -> None:
    alert = titled("Disk of web-1", color)
    assert (alert.status, alert.severity) == (status, severity)


@pytest.mark.parametrize("color", ["", "#7c3aed", "#cccccc", "#439fe0", "no colour", "#12"])
def test_what_says_nothing_of_a_state_is_no_alert(color: str) -> None:
    with pytest.raises(NotAnAlert):
        read(attachments=[{"title": "Deployed checkout 2.3", "color": color}])


def test_the_values_of_the_moment_are_no_part_of_what_it_is() -> None:
    one, two = titled("[FIRING] Disk is 91% full"), titled("[RESOLVED] Disk is 40% full")
    assert one.fingerprint == two.fingerprint
    assert (
        titled("[FIRING] Disk of web-1").fingerprint != titled("[FIRING] Disk of web-2").fingerprint
    )


def test_the_same_words_in_another_channel_or_of_another_app_are_another_alert() -> None:
    attached = [{"title": "[FIRING] Disk is full"}]
    found = {
        read(attachments=attached, **changes)[0].fingerprint
        for changes in ({}, {"channel": "C2"}, {"bot_id": "B2"})
    }
    assert len(found) == 3


def test_a_tools_own_key_is_the_same_in_every_channel() -> None:
    attached = [
        {"title": "Checkout fails", "title_link": "https://a.pagerduty.com/incidents/Q1ABCD"}
    ]
    one, two = (read(attachments=attached, channel=channel)[0] for channel in ("C1", "C2"))
    assert one.fingerprint == two.fingerprint


def test_each_alert_of_a_grafana_group_is_told_apart() -> None:
    text = "\n".join(
        line
        for heading, host in (("**Firing**", "web-1"), ("**Resolved**", "web-2"))
        for line in (heading, "Labels:", " - alertname = HighCPU", f" - instance = {host}")
    )
    one, two = read(attachments=[{"title": "[FIRING:1, RESOLVED:1]", "text": text}])
    assert (one.status, two.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert one.labels["instance"] == "web-1"
    assert one.fingerprint != two.fingerprint


def test_markup_is_undone_and_links_stand_beside_the_words() -> None:
    [alert] = read(
        attachments=[
            {
                "title": "[FIRING] a &lt;b&gt; <https://x.example/1|*this*>",
                "text": "<!channel> look, <@U1|bob>",
                "fields": [{"title": "Runbook", "value": "<https://r.example/x|the runbook>"}],
            }
        ]
    )
    assert alert.name == "a <b> this"
    assert "<!" not in alert.description
    assert alert.links["runbook"] == "https://r.example/x"


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="[]()<>|:*_`~#&;!@ aFIRNG0123\n\t=-", max_size=200),
    st.sampled_from(
        (
            *("[" * 5_000, "<https://" * 2_000, "a: " * 3_000, "*" * 9_000, "(" * 999 + ")" * 999),
            *("[FIRING:" + "9" * 5_000 + "]", "\x00\ud800", ":fire:" * 500, "1" * 9_000),
        )
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                (
                    *("type", "text", "title", "title_link", "fields", "value", "elements"),
                    *("blocks", "color", "pretext", "fallback", "actions", "url", "accessory"),
                )
            ),
            st.one_of(inner, st.sampled_from(["section", "header", "mrkdwn", "button", "danger"])),
            max_size=6,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    attachments=st.one_of(VALUES, st.lists(VALUES, max_size=4)),
    blocks=st.one_of(VALUES, st.lists(VALUES, max_size=4)),
    text=TEXTS,
    ts=VALUES,
)
def test_no_post_makes_it_crash_or_hang(attachments: Any, blocks: Any, text: str, ts: Any) -> None:
    post = {**POST, "attachments": attachments, "blocks": blocks, "text": text, "ts": ts}
    started = perf_counter()
    with suppress(BadPayload):
        for alert in slack_post.parse(post):
            assert alert.name.strip()
            assert len(alert.name) <= 200
            assert len(alert.labels) <= MAX_LABELS
    slack_post.says_it_is_over(post)
    assert perf_counter() - started < 2.0


def test_a_post_nested_without_end_is_read_no_deeper_than_blocks_are() -> None:
    nested: Any = {"type": "mrkdwn", "text": "[FIRING] deep"}
    for _ in range(2_000):
        nested = {"type": "section", "elements": [nested]}
    with pytest.raises(NotAnAlert):
        read(blocks=[nested])
