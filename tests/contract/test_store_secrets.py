"""Secrets written in the console, on both databases: sealed, several at once, never read out."""

import threading
from pathlib import Path

import pytest

from bot.alerts.sources import all_sources
from bot.backup import back_up
from bot.clock import ManualClock
from bot.errors import DataError, NotAllowed
from bot.exporting import export_to
from bot.people.model import Role
from bot.secrets.keeping import SecretKeeping
from bot.secrets.live import LiveSecrets
from bot.secrets.model import BadSecret
from bot.secrets.sealing import NotOpened, Sealer, new_key
from bot.store.database import Database
from tests.support.together import together

ADMIN = "T1/ANNA"
CANARY = "canary-Zq7rT2-secret"


def keeping_of(
    database: Database, clock: ManualClock, *keys: str, **from_file: int
) -> SecretKeeping:
    sealer = Sealer(keys)
    return SecretKeeping(database, clock, all_sources(), lambda: sealer, from_file)


def live_of(database: Database, clock: ManualClock, *keys: str) -> LiveSecrets:
    return LiveSecrets(database, clock, lambda: Sealer(keys))


def opened(live: LiveSecrets, source: str) -> tuple[str, ...]:
    if live.is_old:
        live.refresh()
    return live.of(source)


def test_several_are_believed_the_newest_first_until_they_are_taken_away(
    database: Database, clock: ManualClock
) -> None:
    key = new_key()
    keeping = keeping_of(database, clock, key)
    live = live_of(database, clock, key)
    assert opened(live, "pagerduty") == ()
    clock.advance(2)
    old = keeping.add(ADMIN, Role.ADMIN, "pagerduty", "the old secret")
    clock.advance(60)
    new = keeping.add("T1/BEN", Role.ADMIN, "PagerDuty", "  the new secret ")
    assert opened(live, "pagerduty") == ("the new secret", "the old secret")
    [shown] = keeping.shown()
    assert (shown.signs, shown.changed_by, shown.changed_at) == ((new, old), "T1/BEN", clock.now())
    keeping.remove(ADMIN, Role.ADMIN, "pagerduty", old)
    told = "another process looks again after a moment"
    assert opened(live, "pagerduty") == ("the new secret", "the old secret"), told
    clock.advance(2)
    assert opened(live, "pagerduty") == ("the new secret",)
    keeping.remove(ADMIN, Role.ADMIN, "pagerduty", new)
    clock.advance(2)
    assert opened(live, "pagerduty") == ()
    [shown] = keeping.shown()
    assert (shown.signs, shown.changed_by) == ((), ADMIN), "who took the last away is still told"


def test_every_change_is_audited_and_nothing_that_leaves_the_house_has_a_secret(
    database: Database, clock: ManualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    keeping = keeping_of(database, clock, new_key())
    sign = keeping.add(ADMIN, Role.ADMIN, "zabbix", CANARY)
    with pytest.raises(BadSecret, match="kept already"):
        keeping.add(ADMIN, Role.ADMIN, "zabbix", CANARY)
    keeping.remove(ADMIN, Role.ADMIN, "zabbix", sign)
    keeping.add(ADMIN, Role.ADMIN, "zabbix", CANARY)
    with database.read() as uow:
        events = list(uow.audit.list())
    told = [(event.action, event.actor, event.subject, event.data) for event in reversed(events)]
    added = ("source_secret.added", ADMIN, "zabbix", {"sign": sign})
    assert sorted(told, key=str) == sorted(
        [added, ("source_secret.removed", ADMIN, "zabbix", {"sign": sign}), added], key=str
    )
    backup = tmp_path / "house.backup"
    back_up(database, backup, clock=clock)
    export_to(database, tmp_path / "export")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert backup in files
    for path in files:  # on SQLite the database itself is among them
        assert CANARY.encode() not in path.read_bytes(), path
    assert CANARY not in caplog.text
    assert CANARY not in repr(events)
    assert sign not in CANARY


def test_two_who_write_at_once_lose_nothing(database: Database, clock: ManualClock) -> None:
    key = new_key()
    keeping = keeping_of(database, clock, key)

    def write(number: int) -> str:
        return keeping.add(ADMIN, Role.ADMIN, "sentry", f"secret number {number}")

    together(8, write)
    assert len(opened(live_of(database, clock, key), "sentry")) == 8


@pytest.mark.parametrize(
    ("source", "secret", "says"),
    [
        ("nobody", "long enough", "no such source"),
        ("sentry", "short", "8 to 4096"),
        ("sentry", "x" * 4097, "8 to 4096"),
        ("sentry", "two\nlines here", "one line"),
        ("grafana", "long enough", "set by the environment"),
    ],
)
def test_what_cannot_be_kept_is_refused_without_quoting_it(
    database: Database, clock: ManualClock, source: str, secret: str, says: str
) -> None:
    keeping = keeping_of(database, clock, new_key(), grafana=1)
    with pytest.raises(BadSecret, match=says) as refused:
        keeping.add(ADMIN, Role.ADMIN, source, secret)
    assert secret not in str(refused.value)
    with database.read() as uow:
        assert not uow.secrets.everything()
        assert not list(uow.audit.list())


def test_a_source_has_sixteen_at_most(database: Database, clock: ManualClock) -> None:
    keeping = keeping_of(database, clock, new_key())
    for number in range(16):
        keeping.add(ADMIN, Role.ADMIN, "sentry", f"secret number {number}")
    with pytest.raises(BadSecret, match="take one away"):
        keeping.add(ADMIN, Role.ADMIN, "sentry", "one too many")


@pytest.mark.parametrize("role", [Role.LEAD, Role.RESPONDER, Role.GUEST])
def test_only_an_administrator_writes(database: Database, clock: ManualClock, role: Role) -> None:
    keeping = keeping_of(database, clock, new_key())
    sign = keeping.add(ADMIN, Role.ADMIN, "sentry", "long enough")
    with pytest.raises(NotAllowed):
        keeping.add("T1/EVE", role, "sentry", "another one")
    with pytest.raises(NotAllowed):
        keeping.remove("T1/EVE", role, "sentry", sign)
    with pytest.raises(NotAllowed):
        keeping.seal_anew("T1/EVE", role)


def test_a_key_is_exchanged_without_a_gap(database: Database, clock: ManualClock) -> None:
    old, new = new_key(), new_key()
    keeping_of(database, clock, old).add(ADMIN, Role.ADMIN, "sentry", "long enough")
    assert opened(live_of(database, clock, new), "sentry") == (), "the old key is missing"
    with pytest.raises(NotOpened):
        keeping_of(database, clock, new).seal_anew(ADMIN, Role.ADMIN)
    assert opened(live_of(database, clock, new, old), "sentry") == ("long enough",)
    assert keeping_of(database, clock, new, old).seal_anew(ADMIN, Role.ADMIN) == 1
    assert opened(live_of(database, clock, new), "sentry") == ("long enough",)
    assert opened(live_of(database, clock, old), "sentry") == ()


def test_a_secret_put_under_another_source_is_not_believed(
    database: Database, clock: ManualClock
) -> None:
    key = new_key()
    keeping_of(database, clock, key).add(ADMIN, Role.ADMIN, "sentry", "long enough")
    with database.begin() as uow:
        kept = uow.secrets.of("sentry")
        assert kept is not None
        uow.secrets.put(type(kept)("grafana", kept.secrets, kept.changed_by, kept.changed_at))
    assert opened(live_of(database, clock, key), "grafana") == ()


def test_many_threads_that_look_at_once_read_once(database: Database, clock: ManualClock) -> None:
    key = new_key()
    keeping_of(database, clock, key).add(ADMIN, Role.ADMIN, "sentry", "long enough")
    calls: list[int] = []

    def sealing() -> Sealer:
        calls.append(threading.get_ident())
        return Sealer([key])

    live = LiveSecrets(database, clock, sealing)
    together(8, lambda _: live.refresh())
    assert len(calls) == 1
    assert live.of("sentry") == ("long enough",)


def test_where_no_key_can_be_had_nothing_is_kept(database: Database, clock: ManualClock) -> None:
    def sealing() -> Sealer:
        raise DataError("set RECALL_SECRET_KEY")

    keeping = SecretKeeping(database, clock, all_sources(), sealing, {})
    with pytest.raises(DataError, match="RECALL_SECRET_KEY"):
        keeping.add(ADMIN, Role.ADMIN, "sentry", "long enough")
    with database.read() as uow:
        assert not uow.secrets.everything()
