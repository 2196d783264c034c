"""Channels that people make for one incident, as they see them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.model import Mode
from bot.clock import ManualClock
from bot.incidents.model import TimelineKind
from bot.people.model import Role
from bot.web.withheld import WITHHELD, for_everyone, timeline_for_everyone
from bot.workspace.server import LocalWorkspace, Room
from tests.support.databases import sqlite_database
from tests.support.rooms_world import RoomsWorld, seconds_of
from tests.support.saying import abstention, one_cause


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RoomsWorld]:
    clock = ManualClock()
    with (
        LocalWorkspace(channels=("incidents",), clock=lambda: seconds_of(clock)) as workspace,
        sqlite_database(tmp_path, clock) as database,
    ):
        yield RoomsWorld(workspace, database, clock)


def test_a_channel_named_after_an_incident_gets_its_card_pinned(world: RoomsWorld) -> None:
    key = world.alert_fires()
    world.person().creates_channel(f"inc-{key.lower()}-checkout")
    world.settles()
    channel = f"inc-{key.lower()}-checkout"
    assert world.incident_of(channel) == key
    assert key in world.card_in(channel)
    assert world.workspace.pinned(channel) == world.said_in(channel)
    assert len(world.said_in("incidents")) == 1


def test_the_card_is_bookmarked_once(world: RoomsWorld) -> None:
    key = world.alert_fires()
    place = world.person().creates_channel(f"inc-{key.lower()}")
    world.settles()
    world.hears_last_event_again()
    [bookmark] = place.bookmarks.values()
    [card] = world.said_in(place.id)
    assert card.ts.replace(".", "") in bookmark.link


def test_both_cards_follow_the_incident(world: RoomsWorld) -> None:
    key = world.alert_fires()
    world.person().creates_channel(f"inc-{key.lower()}")
    world.settles()
    channel = f"inc-{key.lower()}"
    world.builder.gives = one_cause(headline="Seen before: INC-99", confidence=0.91)
    world.person().says(channel, "look\n```\nFATAL: no slots\n```")
    world.settles()
    assert "91" in world.card_in(channel)
    assert "91" in world.card_in("incidents")


def test_what_names_the_alert_is_enough(world: RoomsWorld) -> None:
    key = world.alert_fires()
    world.alert_fires("OrdersDbReplicationLag", "orders-db")
    place = world.person().creates_channel("inc-shop")
    place.topic = "CheckoutHighErrorRate since 03:10"
    world.settles()
    assert world.incident_of("inc-shop") == key


def test_when_nothing_fits_the_channel_gets_an_incident_of_its_own(world: RoomsWorld) -> None:
    world.builder.gives = abstention()
    place = world.person().creates_channel("inc-checkout-timeouts")
    world.settles()
    assert world.incident_of("inc-checkout-timeouts") is None
    world.person().says("inc-checkout-timeouts", "customers cannot pay, shop-checkout times out")
    world.waits(11)
    key = world.incident_of("inc-checkout-timeouts")
    assert key is not None
    declared = world.incident(key)
    assert (declared.title, declared.service) == ("checkout timeouts", "checkout")
    assert "Not seen before" in world.card_in("inc-checkout-timeouts")
    assert world.said_in("incidents") == []
    query, _ = world.builder.asked[-1]
    assert "customers cannot pay" in query.text
    assert place.pins


def test_invited_the_bot_does_not_wait(world: RoomsWorld) -> None:
    world.person().creates_channel("inc-secret", private=True)
    world.person().says("inc-secret", "the vault is open")
    world.person().invites("recall", "inc-secret")
    world.settles()
    key = world.incident_of("inc-secret")
    assert key is not None
    assert len(world.said_in("inc-secret")) == 1
    assert not world.incident(key).visibility.is_everyone


def test_other_channels_get_nothing(world: RoomsWorld) -> None:
    world.person().creates_channel("random")
    world.person().creates_channel("talk", private=True)
    world.person().invites("recall", "talk")
    world.waits(60)
    assert world.said_in("random") == []
    assert world.said_in("talk") == []
    with world.database.read() as uow:
        assert uow.incidents.active() == []


def test_a_channel_shared_with_others_gets_nothing(world: RoomsWorld) -> None:
    world.workspace.add_channel(Room("inc-shared", shared=True, bot=False))
    world.person().invites("recall", "inc-shared")
    world.waits(60)
    assert world.said_in("inc-shared") == []


def test_an_archived_channel_is_left_as_it_is(world: RoomsWorld) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel)
    world.settles()
    [before] = world.said_in(channel)
    world.person().archives(channel)
    world.settles()
    world.builder.gives = one_cause(confidence=0.91)
    [card] = world.said_in("incidents")
    world.person("bob").says("incidents", "```\nFATAL\n```", thread_ts=card.ts)
    world.settles()
    assert "91" in world.card_in("incidents")
    assert world.said_in(channel) == [before]
    with world.database.read() as uow:
        assert uow.outbox.destination(f"card:{key}") is not None
    assert "channel.close" in world.audited()


def test_several_that_fit_are_told_under_the_card(world: RoomsWorld) -> None:
    first = world.alert_fires()
    world.clock.advance(60)
    second = world.alert_fires("CheckoutLatencyHigh")
    world.person().creates_channel("inc-checkout")
    world.settles()
    assert world.incident_of("inc-checkout") == second
    [card] = world.said_in("inc-checkout")
    [told] = world.replies_under(card, "inc-checkout")
    assert first in told
    assert second in told


def test_pasted_logs_become_evidence_and_nobody_is_answered(world: RoomsWorld) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel)
    world.settles()
    talk = world.person().says(channel, "I think it is the database")
    log = world.person("bob").says(channel, "```\nFATAL: no connection slots\n```")
    world.settles()
    world.hears_last_event_again()
    evidence = [e for e in world.timeline(key) if e.kind is TimelineKind.EVIDENCE]
    assert [entry.data["text"] for entry in evidence] == ["FATAL: no connection slots"]
    assert world.replies_under(talk, channel) == []
    assert world.replies_under(log, channel) == []


def test_talk_is_not_even_kept_for_a_day(world: RoomsWorld) -> None:
    key = world.alert_fires()
    world.person().creates_channel(f"inc-{key.lower()}")
    world.settles()
    before = world.kept_items
    world.person().says(f"inc-{key.lower()}", "I think it is the database")
    world.person().says("incidents", "```\nsome code about lunch\n```")
    world.settles()
    assert world.kept_items == before


def test_an_edited_paste_is_searched_for_anew_and_a_deleted_one_forgotten(
    world: RoomsWorld,
) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel)
    world.settles()
    pasted = world.person().says(channel, "```\nFATAL: token hunter2\n```")
    world.settles()
    world.person().edits(pasted, "```\nFATAL: no slots\n```")
    world.settles()
    assert world.builder.asked[-1][0].logs == ("FATAL: no slots",)
    world.person().deletes(pasted)
    world.settles()
    assert world.builder.asked[-1][0].logs == ()
    assert "hunter2" not in str(world.timeline(key))
    assert "no slots" not in str(world.timeline(key))
    assert "deleted by its author" in str(world.timeline(key))
    assert {"timeline.edit", "timeline.blank"} <= set(world.audited())


def test_a_pushpin_puts_a_message_into_the_timeline_once(world: RoomsWorld) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel)
    world.settles()
    said = world.person("bob").says(channel, "rolled back to 1.4.2")
    world.person().reacts(said, "pushpin")
    world.settles()
    world.hears_last_event_again()
    world.person("bob").reacts(said, "pushpin")
    world.settles()
    [note] = [entry for entry in world.timeline(key) if entry.data.get("pinned")]
    assert note.text == "bob: rolled back to 1.4.2"
    assert note.actor.endswith(world.person().id)
    assert note.data["link"].startswith("http")


def test_whoever_pinned_it_takes_it_out_again(world: RoomsWorld) -> None:
    key = world.alert_fires()
    [card] = world.said_in("incidents")
    said = world.person("bob").says("incidents", "rolled back", thread_ts=card.ts)
    world.person().reacts(said, "pushpin")
    world.settles()
    assert "rolled back" in str(world.timeline(key))
    world.person().unreacts(said, "pushpin")
    world.settles()
    assert "rolled back" not in str(world.timeline(key))
    assert "timeline.remove" in world.audited()


def test_an_edited_note_says_what_the_message_says(world: RoomsWorld) -> None:
    key = world.alert_fires()
    [card] = world.said_in("incidents")
    said = world.person("bob").says("incidents", "rolled bak", thread_ts=card.ts)
    world.person().reacts(said, "pushpin")
    world.settles()
    world.person("bob").edits(said, "rolled back")
    world.settles()
    assert "bob: rolled back" in [entry.text for entry in world.timeline(key)]


def test_a_pushpin_where_no_incident_is_does_nothing(world: RoomsWorld) -> None:
    said = world.person("bob").says("incidents", "lunch?")
    world.person().reacts(said, "pushpin")
    world.person().reacts(said, "eyes")
    world.settles()
    assert world.replies_under(said, "incidents") == []
    assert world.audited() == []


def test_without_the_scopes_the_card_comes_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    scopes = ("channels:history", "channels:read", "channels:join", "chat:write")
    with (
        LocalWorkspace(
            channels=("incidents",), clock=lambda: seconds_of(clock), scopes=scopes
        ) as workspace,
        sqlite_database(tmp_path, clock) as database,
    ):
        world = RoomsWorld(workspace, database, clock)
        key = world.alert_fires()
        world.person().creates_channel(f"inc-{key.lower()}")
        world.settles()
        assert key in world.card_in(f"inc-{key.lower()}")
        assert workspace.pinned(f"inc-{key.lower()}") == []
    assert "pinning the card is left out" in caplog.text


def test_a_paste_deleted_before_it_was_read_is_no_evidence(world: RoomsWorld) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel)
    world.settles()
    pasted = world.person().says(channel, "```\npassword of a customer\n```")
    world.person().deletes(pasted)
    world.settles()
    assert "customer" not in str(world.timeline(key))


def test_what_a_private_channel_says_stays_there(world: RoomsWorld) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel, private=True)
    world.person().invites("recall", channel)
    world.settles()
    world.person().says(channel, "```\nFATAL: secret plan\n```")
    world.settles()
    # Its card stands in a public channel as well, so the search may not use it.
    assert world.builder.asked[-1][0].logs == ()
    [entry] = [entry for entry in world.timeline(key) if entry.kind is TimelineKind.EVIDENCE]
    assert entry.data["only"] == f"{world.workspace.team_id}/{world.workspace.channel_id(channel)}"


def test_a_channel_that_said_no_gets_no_card(world: RoomsWorld) -> None:
    key = world.alert_fires()
    place = world.person().creates_channel(f"inc-{key.lower()}")
    world.chooses(place.id, Mode.OFF)
    world.settles()
    assert world.said_in(place.id) == []


def test_a_channel_shared_later_is_left_alone_and_comes_back(world: RoomsWorld) -> None:
    key = world.alert_fires()
    place = world.person().creates_channel(f"inc-{key.lower()}")
    world.settles()
    for kind in ("channel_shared", "channel_unshared"):
        world.builder.gives = one_cause(confidence=0.91 if kind == "channel_shared" else 0.77)
        body = {
            "team_id": world.workspace.team_id,
            "event_id": kind,
            "type": "event_callback",
            "event": {"type": kind, "channel": place.id},
        }
        world.hears_body(body)
        [card] = world.said_in("incidents")
        world.person("bob").says("incidents", f"```\n{kind}\n```", thread_ts=card.ts)
        world.settles()
        assert ("91" in world.card_in(place.id)) is False
    assert "77" in world.card_in(place.id)


def test_the_shortcut_puts_a_message_into_the_timeline(world: RoomsWorld) -> None:
    key = world.alert_fires()
    channel = f"inc-{key.lower()}"
    world.person().creates_channel(channel)
    world.settles()
    said = world.person("bob").says(channel, "rolled back <to 1.4.2>")
    assert world.uses_shortcut(said) == f"It is in the timeline of {key}."
    assert world.uses_shortcut(said) == f"It is in the timeline of {key} already."
    [note] = [entry for entry in world.timeline(key) if entry.data.get("pinned")]
    assert note.text == "bob: rolled back <to 1.4.2>"


def test_the_shortcut_says_so_where_no_incident_is(world: RoomsWorld) -> None:
    said = world.person("bob").says("incidents", "lunch?")
    assert "Say which incident" in world.uses_shortcut(said)
    world.alert_fires()
    assert world.uses_shortcut(said) == "It is in the timeline of RCL-1."


def test_guests_and_strangers_cannot_add_to_a_timeline(world: RoomsWorld) -> None:
    world.alert_fires()
    [card] = world.said_in("incidents")
    said = world.person("bob").says("incidents", "rolled back", thread_ts=card.ts)
    guest = world.workspace.add_user("gus", guest=True)
    guest.joins("incidents")
    guest.reacts(said, "pushpin")
    world.settles()
    assert "Guests" in world.uses_shortcut(said, role=Role.GUEST)
    assert "shared" in world.uses_shortcut(said, is_shared=True)
    assert "rolled back" not in str(world.timeline("RCL-1"))


def test_an_incident_of_a_private_channel_stays_private_in_all_that_is_kept(
    world: RoomsWorld,
) -> None:
    world.person().creates_channel("inc-secret", private=True)
    world.person().says("inc-secret", "```\nFATAL: secret plan\n```")
    world.person().invites("recall", "inc-secret")
    world.settles()
    key = world.incident_of("inc-secret")
    assert key is not None
    # The search for the channel itself may use it; what everybody can read may not tell of it.
    assert world.builder.asked[-1][0].logs == ("FATAL: secret plan",)
    with world.database.read() as uow:
        [kept] = uow.suggestions.list(10)
        told = timeline_for_everyone(uow, world.timeline(key))
        assert for_everyone(uow, [kept])[0].suggestion.headline == WITHHELD
    assert "secret plan" not in str(told)


def test_put_out_and_invited_again_the_bot_goes_on_with_the_same_card(world: RoomsWorld) -> None:
    key = world.alert_fires()
    place = world.person().creates_channel(f"inc-{key.lower()}")
    world.settles()
    [card] = world.said_in(place.id)
    world.person().kicks("recall", place.id)
    world.settles()
    assert world.incident_of(place.id) is None
    world.builder.gives = one_cause(confidence=0.91)
    [first] = world.said_in("incidents")
    world.person("bob").says("incidents", "```\nFATAL\n```", thread_ts=first.ts)
    world.settles()
    assert "91" not in world.card_in(place.id)
    world.person().invites("recall", place.id)
    world.settles()
    assert "91" in world.card_in(place.id)
    assert [message.ts for message in world.said_in(place.id)] == [card.ts]


def test_a_channel_that_gets_such_a_name_is_one(world: RoomsWorld) -> None:
    key = world.alert_fires()
    place = world.person().creates_channel("war-room")
    world.settles()
    place.name, place.topic = "inc-war-room", f"about {key}"
    event = {"type": "channel_rename", "channel": {"id": place.id, "name": place.name}}
    world.hears_body(
        {
            "type": "event_callback",
            "team_id": world.workspace.team_id,
            "event_id": "Ev-rename",
            "event": event,
        }
    )
    world.settles()
    assert world.incident_of(place.id) == key
