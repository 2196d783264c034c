"""Personal tokens and the keys of askings on both databases."""

from datetime import timedelta

from bot.clock import ManualClock
from bot.people.model import Actor
from bot.people.sessions import digest_of
from bot.people.tokens import PersonalToken
from bot.store.database import Database
from tests.support.together import together

ANNA, BEN = Actor("T1", "U1"), Actor("T1", "U2")


def given(clock: ManualClock, actor: Actor = ANNA, label: str = "deploys") -> PersonalToken:
    return PersonalToken(
        id=0,
        actor=actor,
        name="Anna",
        label=label,
        made_by=actor.key,
        made_at=clock.now(),
        expires_at=clock.now() + timedelta(days=30),
    )


def test_a_token_is_found_by_the_hash_of_its_secret_alone(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        kept = uow.tokens.keep(digest_of("one"), given(clock))
    with database.read() as uow:
        assert uow.tokens.find(digest_of("one")) == kept
        assert uow.tokens.get(kept.id) == kept
        assert uow.tokens.find("one") is None
        assert uow.tokens.find(digest_of("two")) is None
        assert uow.tokens.get(kept.id + 1) is None
    assert kept.id > 0
    assert kept.why_not(clock.now()) == ""
    assert kept.why_not(kept.expires_at) == "it has expired"


def test_tokens_are_listed_newest_first_by_person(database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        first = uow.tokens.keep("a", given(clock))
        other = uow.tokens.keep("b", given(clock, BEN))
        last = uow.tokens.keep("c", given(clock, label="nightly"))
    with database.read() as uow:
        assert uow.tokens.of([ANNA.key]) == [last, first]
        assert uow.tokens.of([BEN.key, ANNA.key]) == [last, other, first]
        assert uow.tokens.of([]) == []
        assert uow.tokens.newest(2) == [last, other]


def test_of_many_who_revoke_a_token_one_did(database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        kept = uow.tokens.keep("a", given(clock))
        uow.tokens.used(kept.id, clock.now())

    def revoke(number: int) -> bool:
        with database.begin() as uow:
            return uow.tokens.revoke(kept.id, f"T1/U{number}", clock.now())

    done = together(6, revoke)
    assert sum(done) == 1
    with database.read() as uow:
        found = uow.tokens.get(kept.id)
    assert found is not None
    assert found.revoked_by == f"T1/U{done.index(True)}"
    assert found.last_used_at == clock.now()
    assert found.why_not(clock.now()) == "it was revoked"
    with database.begin() as uow:
        assert not uow.tokens.revoke(kept.id + 1, "T1/U1", clock.now())


def test_a_key_belongs_to_one_person_and_is_settled_once(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        assert uow.asked_keys.claim(ANNA.key, "k", "f1", clock.now()) is None
        uow.asked_keys.release(ANNA.key, "k")
        assert uow.asked_keys.claim(ANNA.key, "k", "f1", clock.now()) is None
        assert uow.asked_keys.claim(BEN.key, "k", "f2", clock.now()) is None
        uow.asked_keys.release(BEN.key, "k")
    later = clock.now() + timedelta(seconds=1)
    with database.begin() as uow:
        assert uow.asked_keys.purge(clock.now()) == 0
        assert uow.asked_keys.purge(later) == 1
        assert uow.asked_keys.claim(ANNA.key, "k", "f3", later) is None
