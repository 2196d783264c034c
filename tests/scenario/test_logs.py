"""A log shipper sends lines of a service, and the incident's card says what they tell."""

import pytest

from bot.demo.story import Story
from tests.support.house import House

pytestmark = [pytest.mark.model]


def test_lines_sent_for_a_service_tell_the_causes_apart(house: House, story: Story) -> None:
    cause = story.true_cause(2)
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    service = house.get("/v1/incidents")["items"][0]["service"]
    answer = house.sends(f"/v1/logs?service={service}", cause.evidence_log)
    assert answer.status_code == 202
    edited = house.card_that_says(f"Seen before: {cause.expected_incident}")
    assert edited.ts == card.ts


def test_lines_of_a_service_without_an_incident_change_nothing(house: House) -> None:
    assert house.sends("/v1/logs?service=nobody", "a line").status_code == 202

    def notes() -> list[str]:
        """Of what was taken in; it may wait for its turn at first."""
        return [row["error"] for row in house.get("/v1/inbox?state=done")["items"]]

    house.until(lambda: ["not kept" in note for note in notes()] == [True])
    assert house.cards() == []
