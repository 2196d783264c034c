"""The Outbox port on both databases."""

from datetime import timedelta

from bot.chat.messages import Answer, IncidentCard, Notice
from bot.chat.ports import Destination, PendingMessage
from bot.clock import ManualClock
from bot.store.database import Database
from bot.suggestions.model import Suggestion, SuggestionKind

LEASE = 30.0
HERE = Destination("T1", "C1")
THERE = Destination("T1", "C2")


def put(
    database: Database,
    clock: ManualClock,
    key: str,
    text: str = "hello",
    to: Destination = HERE,
) -> None:
    with database.begin() as unit:
        unit.outbox.put(key, to, Notice(text=text), clock.now())


def claim(database: Database, clock: ManualClock, limit: int = 10) -> list[PendingMessage]:
    with database.begin() as unit:
        return list(unit.outbox.claim(clock.now(), LEASE, limit))


def sent(database: Database, clock: ManualClock, message: PendingMessage, ref: str) -> None:
    with database.begin() as unit:
        unit.outbox.mark_sent(message.key, message.revision, ref, clock.now())


def say(database: Database, clock: ManualClock, ref: str) -> str:
    """Claim one message and send it; what it said."""
    (message,) = claim(database, clock)
    sent(database, clock, message, ref)
    assert isinstance(message.message, Notice)
    return message.message.text


def test_a_message_of_any_kind_comes_out_as_it_went_in(
    database: Database, clock: ManualClock
) -> None:
    suggestion = Suggestion(
        id="s1",
        kind=SuggestionKind.ABSTENTION,
        answered=False,
        confidence=0.1,
        confidence_words="unsure",
        headline="nothing is close",
        receipt={"scores": [1e20]},
    )
    card = IncidentCard(
        incident_key="RCL-1",
        title="API is slow",
        service=None,
        environment="production",
        cluster=None,
        severity="high",
        state="open",
        opened_at=clock.now(),
        alerts=(),
        alerts_total=0,
        suggestion=None,
    )
    messages = [card, Answer(asked_by="T1/U1", suggestion=suggestion), Notice(text="hi")]
    to = Destination("T1", "C1", thread="12.34")
    for number, message in enumerate(messages):
        with database.begin() as unit:
            unit.outbox.put(str(number), to, message, clock.now())
        (claimed,) = claim(database, clock)
        assert claimed == PendingMessage(
            key=str(number),
            to=to,
            message=message,
            revision=1,
            ref=None,
            attempted_at=None,
            attempts=1,
        )
        sent(database, clock, claimed, f"1.{number}")
    assert claim(database, clock) == []


def test_a_channel_says_things_in_the_order_in_which_they_were_put(
    database: Database, clock: ManualClock
) -> None:
    for name in ("first", "second", "third"):
        put(database, clock, name, name)
    assert [say(database, clock, name) for name in "123"] == ["first", "second", "third"]


def test_one_message_a_channel_is_in_flight(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", to=HERE)
    put(database, clock, "b", to=HERE)
    put(database, clock, "c", to=THERE)
    put(database, clock, "d", to=Destination("T2", "C1"))
    assert {message.key for message in claim(database, clock)} == {"a", "c", "d"}
    assert claim(database, clock) == []


def test_no_more_than_asked_for_are_claimed(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", to=HERE)
    put(database, clock, "b", to=THERE)
    assert [message.key for message in claim(database, clock, limit=1)] == ["a"]
    assert [message.key for message in claim(database, clock, limit=1)] == ["b"]


def test_edits_of_what_is_unsent_are_said_once(database: Database, clock: ManualClock) -> None:
    for text in ("one", "two", "three"):
        put(database, clock, "card", text)
    (message,) = claim(database, clock)
    assert (message.message, message.revision) == (Notice(text="three"), 3)
    sent(database, clock, message, "1.1")
    assert claim(database, clock) == []


def test_a_later_word_under_the_same_key_edits_in_place(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "card", "one")
    say(database, clock, "1.1")
    put(database, clock, "card", "two")
    (message,) = claim(database, clock)
    assert (message.ref, message.message) == ("1.1", Notice(text="two"))
    assert message.attempted_at is None, "a posted message need not be looked for"


def test_what_changes_in_flight_is_said_afterwards(database: Database, clock: ManualClock) -> None:
    put(database, clock, "card", "one")
    (first,) = claim(database, clock)
    put(database, clock, "card", "two")
    assert claim(database, clock) == [], "the channel is busy with the first"
    sent(database, clock, first, "1.1")
    (second,) = claim(database, clock)
    assert (second.message, second.ref, second.revision) == (Notice(text="two"), "1.1", 2)


def test_saying_the_same_again_is_silent(database: Database, clock: ManualClock) -> None:
    put(database, clock, "card", "one")
    say(database, clock, "1.1")
    put(database, clock, "card", "one")
    assert claim(database, clock) == []


def test_a_busy_card_does_not_hold_up_newer_messages(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "card", "0")
    say(database, clock, "1.0")
    put(database, clock, "news", "news")
    clock.advance(1)
    put(database, clock, "card", "1")
    assert say(database, clock, "1.1") == "news"
    assert say(database, clock, "1.0") == "1"


def test_an_attempt_of_unknown_fate_is_told_with_the_time_of_the_first(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "card")
    first = clock.now()
    assert [message.attempted_at for message in claim(database, clock)] == [None]
    for attempt in (2, 3):
        clock.advance(LEASE)  # the sender died; whether it had posted nobody knows
        (message,) = claim(database, clock)
        assert (message.attempted_at, message.attempts) == (first, attempt)


def test_a_claim_that_was_rolled_back_was_no_attempt(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "card")
    try:
        with database.begin() as unit:
            unit.outbox.claim(clock.now(), LEASE, 1)
            raise ZeroDivisionError
    except ZeroDivisionError:
        (message,) = claim(database, clock)
    assert (message.attempted_at, message.attempts) == (None, 1)


def test_a_retry_waits_and_its_channel_with_it(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    put(database, clock, "b")
    put(database, clock, "elsewhere", to=THERE)
    claim(database, clock)
    with database.begin() as unit:
        unit.outbox.mark_retry("a", clock.now() + timedelta(seconds=10), "ratelimited")
        unit.outbox.mark_sent("elsewhere", 1, "9.9", clock.now())
    put(database, clock, "a", "newer words do not shorten the wait")
    assert claim(database, clock) == []
    clock.advance(10)
    assert [message.key for message in claim(database, clock)] == ["a"]


def test_a_refused_message_does_not_block_its_channel(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "a")
    put(database, clock, "b")
    claim(database, clock)
    with database.begin() as unit:
        unit.outbox.mark_refused("a", "invalid_blocks", clock.now())
    assert [message.key for message in claim(database, clock)] == ["b"]
    with database.read() as unit:
        assert unit.outbox.destination("a") == (HERE, None)


def test_other_words_after_a_refusal_are_tried(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a", "too long")
    claim(database, clock)
    with database.begin() as unit:
        unit.outbox.mark_refused("a", "msg_too_long", clock.now())
    put(database, clock, "a", "too long")
    assert claim(database, clock) == []
    put(database, clock, "a", "short")
    assert [message.message for message in claim(database, clock)] == [Notice(text="short")]


def test_what_was_refused_can_be_said_again_in_the_same_words(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "a", "one")
    with database.begin() as unit:
        assert not unit.outbox.say_again("a", clock.now()), "nothing was refused"
    claim(database, clock)
    with database.begin() as unit:
        unit.outbox.mark_refused("a", "not_in_channel", clock.now())
    assert claim(database, clock) == []
    with database.begin() as unit:
        assert unit.outbox.say_again("a", clock.now())
        assert not unit.outbox.say_again("a", clock.now()), "it waits already"
        assert not unit.outbox.say_again("b", clock.now()), "it was never put"
    assert [message.message for message in claim(database, clock)] == [Notice(text="one")]


def test_words_put_while_others_are_being_refused_are_tried(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "a", "too long")
    claim(database, clock)
    put(database, clock, "a", "short")
    with database.begin() as unit:
        unit.outbox.mark_refused("a", "msg_too_long", clock.now())
    assert [message.message for message in claim(database, clock)] == [Notice(text="short")]


def test_what_was_refused_in_one_channel_can_go_to_another(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "card", to=HERE)
    claim(database, clock)
    with database.begin() as unit:
        unit.outbox.mark_refused("card", "channel_not_found", clock.now())
    put(database, clock, "card", to=THERE)
    (message,) = claim(database, clock)
    assert (message.to, message.attempted_at) == (THERE, None)


def test_what_was_posted_stays_where_it_is(database: Database, clock: ManualClock) -> None:
    put(database, clock, "card", "one", to=HERE)
    say(database, clock, "1.1")
    put(database, clock, "card", "two", to=THERE)
    assert [message.to for message in claim(database, clock)] == [HERE]


def test_what_may_have_been_posted_stays_where_it_is(
    database: Database, clock: ManualClock
) -> None:
    put(database, clock, "card", "one", to=HERE)
    claim(database, clock)
    put(database, clock, "card", "two", to=THERE)
    clock.advance(LEASE)
    assert [message.to for message in claim(database, clock)] == [HERE]


def test_only_what_was_put_once_can_be_updated(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        assert not unit.outbox.update_if_posted("card", Notice(text="x"), clock.now())
    assert claim(database, clock) == []
    put(database, clock, "card", "one")
    with database.begin() as unit:
        assert unit.outbox.update_if_posted("card", Notice(text="two"), clock.now())
    assert say(database, clock, "1.1") == "two"


def test_a_reply_finds_the_message_it_is_under(database: Database, clock: ManualClock) -> None:
    put(database, clock, "card")
    with database.read() as unit:
        assert unit.outbox.destination("card") == (HERE, None)
        assert unit.outbox.destination("other") is None
    say(database, clock, "1.1")
    with database.read() as unit:
        assert unit.outbox.destination("card") == (HERE, "1.1")
        assert unit.outbox.key_of("T1", "C1", "1.1") == "card"
        assert unit.outbox.key_of("T1", "C2", "1.1") is None
        assert unit.outbox.key_of("T2", "C1", "1.1") is None


def test_what_was_said_in_a_thread_is_read_back_in_order(
    database: Database, clock: ManualClock
) -> None:
    thread = Destination("T1", "C1", thread="1.1")
    put(database, clock, "card", "on top")
    say(database, clock, "1.1")
    for number in range(3):
        put(database, clock, f"reply {number}", f"{number}", thread)
    put(database, clock, "elsewhere", to=Destination("T1", "C1", thread="2.2"))
    put(database, clock, "another channel", to=Destination("T1", "C2", thread="1.1"))
    with database.read() as unit:
        told = unit.outbox.in_thread("T1", "C1", "1.1", 10)
        newest = unit.outbox.in_thread("T1", "C1", "1.1", 2)
        assert unit.outbox.message("card") == Notice(text="on top")
        assert unit.outbox.message("none") is None
    assert [key for key, _ in told] == ["card", "reply 0", "reply 1", "reply 2"]
    assert [key for key, _ in newest] == ["reply 1", "reply 2"]


def test_the_last_thread_of_a_channel_is_forgotten_after_a_while(
    database: Database, clock: ManualClock
) -> None:
    start = clock.now()
    put(database, clock, "a", to=Destination("T1", "D1", thread="1.1"))
    clock.advance(60)
    put(database, clock, "b", to=Destination("T1", "D1", thread="2.2"))
    put(database, clock, "c", to=Destination("T1", "D1"))
    with database.read() as unit:
        assert unit.outbox.last_thread("T1", "D1", start) == "2.2"
        assert unit.outbox.last_thread("T1", "D2", start) is None
        later = clock.now() + timedelta(seconds=1)
        assert unit.outbox.last_thread("T1", "D1", later) is None


def test_released_leases_can_be_claimed_at_once(database: Database, clock: ManualClock) -> None:
    put(database, clock, "a")
    put(database, clock, "b", to=THERE)
    claim(database, clock)
    with database.begin() as unit:
        assert unit.outbox.release_leases() == 2
    assert [message.attempts for message in claim(database, clock)] == [2, 2]
