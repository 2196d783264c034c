"""Alerts that a tool's own app posts in the channel: read like any other, ended by an edit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.story import Story
from knowledge.embed.hashing import HashingEmbedder
from tests.scenario.test_deaf import has_heard, notices
from tests.support.house import CHANNEL, House

FIRING = "[FIRING:1] CheckoutHighErrorRate checkout (prod critical)"
RESOLVED = "[RESOLVED] CheckoutHighErrorRate checkout (prod critical)"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, HashingEmbedder(64)) as opened:
        yield opened


def attached(title: str, color: str = "danger") -> list[dict[str, Any]]:
    return [{"color": color, "title": title, "title_link": "https://am.example/#/alerts"}]


def incidents(house: House) -> list[Any]:
    rows = house.get("/v1/incidents")["items"]
    return [house.get(f"/v1/incidents/{row['key']}") for row in rows]


def the_one(house: House, state: str = "open", alerts: int = 1) -> Any:
    """The only incident there is, once it has come so far."""

    def has_come() -> bool:
        found = incidents(house)
        return [(one["state"], len(one["alerts"])) for one in found] == [(state, alerts)]

    house.until(has_come)
    return incidents(house)[0]


def test_a_post_opens_an_incident_and_its_edit_to_resolved_ends_it(house: House) -> None:
    tool = house.workspace.other_app("alertmanager")
    post = tool.posts(CHANNEL, attachments=attached(FIRING))
    incident = the_one(house)
    assert (incident["service"], incident["severity"]) == ("checkout", "critical")
    assert [alert["source"] for alert in incident["alerts"]] == ["slack_post"]
    tool.edits(post, attachments=tuple(attached(RESOLVED, "good")))
    assert the_one(house, "resolved")["key"] == incident["key"]


def test_the_webhook_and_the_post_are_one_incident_which_the_webhook_ends(
    house: House, story: Story
) -> None:
    house.fires(story.first_alert)
    before = the_one(house)
    tool = house.workspace.other_app("alertmanager")
    tool.posts(CHANNEL, attachments=attached(FIRING))
    both = the_one(house, alerts=2)
    assert both["key"] == before["key"]
    assert any("told by another tool" in str(entry) for entry in both["timeline"])
    house.resolves(story.first_alert)
    ended = the_one(house, "resolved", alerts=2)
    assert {alert["status"] for alert in ended["alerts"]} == {"resolved"}


def test_the_post_and_then_the_webhook_are_one_incident_as_well(house: House, story: Story) -> None:
    house.workspace.other_app("alertmanager").posts(CHANNEL, attachments=attached(FIRING))
    before = the_one(house)
    house.fires(story.first_alert)
    assert the_one(house, alerts=2)["key"] == before["key"]


def test_what_people_say_is_no_alert_and_neither_is_a_tools_small_talk(house: House) -> None:
    house.person("alice").says(CHANNEL, FIRING)
    house.workspace.other_app("deploybot").posts(CHANNEL, "checkout 4.61.0 is on its way")
    house.workspace.other_app("alertmanager").posts(CHANNEL, attachments=attached(FIRING))
    the_one(house)


def test_a_post_that_slack_could_not_deliver_is_read_back(house: House) -> None:
    house.until(lambda: has_heard(house))
    house.workspace.faults.set(refuse_connections=True)
    house.workspace.faults.drop_sockets()
    house.until(lambda: not house.workspace.connections)
    house.workspace.other_app("alertmanager").posts(CHANNEL, attachments=attached(FIRING))
    house.workspace.wait_for(lambda: all(d.given_up or d.acked for d in house.workspace.deliveries))
    house.workspace.faults.clear()
    the_one(house)
    house.workspace.wait_for(lambda: notices(house), 30)
    house.until(house.is_settled)
    [notice] = notices(house)
    assert "1 message replayed" in notice
