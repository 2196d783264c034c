"""Passes to the console on both databases: found while in force, used up once, forgotten after."""

from datetime import timedelta

from bot.clock import ManualClock
from bot.people.model import Actor, Role
from bot.people.sessions import (
    LINK_MINUTES,
    SESSION_HOURS,
    PassKind,
    a_link,
    a_session,
    digest_of,
    new_secret,
)
from bot.store.database import Database
from tests.support.together import together

ANNA = Actor(team_id="T1", user_id="U1")


def test_a_session_is_found_until_its_time_is_over(database: Database, clock: ManualClock) -> None:
    given = a_session(ANNA, "Anna", Role.LEAD, clock.now())
    with database.begin() as uow:
        uow.passes.keep(digest_of("one"), given)
    with database.read() as uow:
        assert uow.passes.find(digest_of("one"), PassKind.SESSION, clock.now()) == given
        assert uow.passes.find(digest_of("one"), PassKind.LINK, clock.now()) is None
        assert uow.passes.find(digest_of("two"), PassKind.SESSION, clock.now()) is None
    clock.advance(SESSION_HOURS * 3_600)
    with database.read() as uow:
        assert uow.passes.find(digest_of("one"), PassKind.SESSION, clock.now()) is None


def test_of_many_who_use_a_link_one_gets_in(database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        uow.passes.keep(digest_of("one"), a_link(ANNA, "Anna", Role.ADMIN, clock.now()))

    def use(_: int) -> bool:
        with database.begin() as uow:
            return uow.passes.use_up(digest_of("one"), PassKind.LINK, clock.now()) is not None

    assert sum(together(8, use)) == 1


def test_a_link_past_its_time_lets_nobody_in_and_is_gone(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        uow.passes.keep(digest_of("one"), a_link(ANNA, "Anna", Role.ADMIN, clock.now()))
    clock.advance(LINK_MINUTES * 60)
    with database.begin() as uow:
        assert uow.passes.use_up(digest_of("one"), PassKind.LINK, clock.now()) is None


def test_what_is_over_is_purged_and_nothing_else(database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        uow.passes.keep(digest_of("link"), a_link(ANNA, "Anna", Role.LEAD, clock.now()))
        uow.passes.keep(digest_of("session"), a_session(ANNA, "Anna", Role.LEAD, clock.now()))
    later = clock.now() + timedelta(hours=1)
    with database.begin() as uow:
        assert uow.passes.purge(later) == 1
        assert uow.passes.find(digest_of("session"), PassKind.SESSION, later) is not None


def test_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 43
