"""Which mentions are commands, and which are questions that begin like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.typed import command_line, without_ask

NAMES = (
    *("status", "ack", "ask", "similar", "runbook", "quiet", "help"),
    *("settings", "actions", "handover"),
)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("status", "status"),
        ("Status?", "status"),
        ("help", "help"),
        ("ack RCL-12", "ack RCL-12"),
        ("ack 12", "ack 12"),
        ("quiet 30m", "quiet 30m"),
        ("quiet off", "quiet off"),
        ("similar RCL-12", "similar RCL-12"),
        ("similar disk full on db", "similar disk full on db"),
        ("runbook checkout", "runbook checkout"),
        ("/recall status", "status"),
        ("/recall ack RCL-1", "ack RCL-1"),
        ("/recall", ""),
        ("statsu", "statsu"),
        ("statu RCL-3", "statu RCL-3"),
        ("ack RLC-12", "ack RLC-12"),
        ("qiuet 2h", "qiuet 2h"),
        ("settings card", "settings card"),
        ("actions stop", "actions stop"),
        ("actions stop too many at once", "actions stop too many at once"),
        ("handover 08:00", "handover 08:00"),
        ("settings of the pool are wrong", None),
        ("actions that helped last time", None),
        ("acknowledge", None),
        ("status page is down", None),
        ("status of checkout?", None),
        ("ack storms on the link", None),
        ("ack RCL-12?", None),
        ("quiet nodes keep rejoining the cluster", None),
        ("why is checkout slow?", None),
        ("latency", None),
        ("", None),
        ("ok", None),
    ],
)
def test_what_is_a_command(words: str, line: str | None) -> None:
    assert command_line(words, NAMES) == line


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("ask why is it slow", "why is it slow"),
        ("Ask  what now", "what now"),
        ("ask", "ask"),
        ("asking for a friend", "asking for a friend"),
    ],
)
def test_ask_is_left_out_of_the_question(words: str, question: str) -> None:
    assert without_ask(words) == question


@given(st.text(max_size=200))
def test_it_is_total(words: str) -> None:
    line = command_line(words, NAMES)
    assert line is None or line in words or line.lower() in words.lower() or " " in line or line
