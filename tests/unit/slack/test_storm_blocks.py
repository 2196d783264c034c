"""A storm's one message as it is drawn."""

import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.messages import StormIncident, StormMessage, StormService
from bot.slack import limits
from bot.slack.blocks import render
from bot.workspace import rules
from tests.support.hostile import TEXT
from tests.support.saying import AT


def a_storm(**changes: object) -> StormMessage:
    values: dict[str, object] = {
        "is_over": False,
        "began_at": AT,
        "ended_at": None,
        "alerts": 60,
        "firing": 58,
        "incidents_total": 2,
        "open_total": 1,
        "incidents": (
            StormIncident(
                key="RCL-2",
                title="KubeNodeNotReady <!channel>",
                service="edge-nginx",
                environment="prod/us-1",
                severity="critical",
                state="open",
                alerts=58,
                firing=58,
            ),
        ),
        "services_total": 3,
        "services": (
            StormService(name="edge-nginx", environment="prod/us-1", alerts=40),
            StormService(name="", environment="", alerts=2),
        ),
    }
    return StormMessage(**(values | changes))  # type: ignore[arg-type]


def test_a_storm_shows_its_counts_incidents_and_services() -> None:
    drawn = render(a_storm())
    text = str(drawn.blocks)
    assert drawn.text == "Alert storm: 60 alerts, 2 incidents, 3 services"
    assert "58 alerts, 58 firing" in text
    assert "edge-nginx (40), unknown (2), and 1 more" in text
    assert "and 1 more" in text
    assert "<!channel>" not in text


def test_a_storm_that_is_over_is_its_summary() -> None:
    drawn = render(a_storm(is_over=True, ended_at=AT + timedelta(minutes=4), firing=1))
    assert drawn.text.startswith("Alert storm is over: 60 alerts")
    assert "lasted 4 min" in str(drawn.blocks)
    assert "1 still fires" in str(drawn.blocks)


TEXTS = st.lists(TEXT, min_size=1, max_size=30)


@given(TEXTS, st.booleans(), st.integers(0, 10**9))
def test_a_storm_is_inside_all_limits_whatever_its_texts(
    texts: list[str], is_over: bool, number: int
) -> None:
    incidents = tuple(
        StormIncident(
            key=text,
            title=text * 40,
            service=text,
            environment=text,
            severity=text,
            state=text,
            alerts=number,
            firing=number,
        )
        for text in texts
    )
    services = tuple(StormService(name=one, environment=one, alerts=number) for one in texts)
    ended = AT if is_over else None
    drawn = render(a_storm(is_over=is_over, ended_at=ended, incidents=incidents, services=services))
    assert len(drawn.text) <= limits.FALLBACK
    assert limits.characters(list(drawn.blocks)) <= limits.TOTAL
    rules.check_message(drawn.text, list(drawn.blocks), None, limit=rules.UPDATE_TEXT)
    assert not re.search(r"<[!@#](?!date)", str(drawn.blocks))
