"""Many threads at once, on both databases: nothing is done twice, nothing is lost."""

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.audit.model import first_broken
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxKind
from bot.store.database import Database
from tests.support.together import together


def test_each_job_is_claimed_by_exactly_one_of_twenty_workers(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as unit:
        for number in range(100):
            unit.jobs.add(str(number), "suggest", {}, clock.now())

    def work(_: int) -> list[str]:
        mine: list[str] = []
        while True:
            with database.begin() as unit:
                claimed = unit.jobs.claim(["suggest"], clock.now(), 60.0, 3)
            if not claimed:
                return mine
            mine += [job.key for job in claimed]

    claimed = [key for keys in together(20, work) for key in keys]
    assert sorted(claimed, key=int) == [str(number) for number in range(100)]


def test_a_key_is_enqueued_by_exactly_one_of_twenty(database: Database, clock: ManualClock) -> None:
    def add(_: int) -> bool:
        with database.begin() as unit:
            return unit.jobs.add("tick:2026-11-19T03:12", "tick", {}, clock.now())

    assert sorted(together(20, add)) == [False] * 19 + [True]


def test_each_delivery_is_processed_by_exactly_one_of_eight_workers(
    database: Database, clock: ManualClock
) -> None:
    items = [
        InboxItem(
            id=str(number),
            kind=InboxKind.ALERT,
            source="generic",
            body=b"{}",
            content_type="application/json",
            received_at=clock.now(),
        )
        for number in range(60)
    ]
    with database.begin() as unit:
        unit.inbox.add_many(items)

    def work(_: int) -> list[str]:
        mine: list[str] = []
        while True:
            with database.begin() as unit:
                claimed = [each.id for each in unit.inbox.claim(5, clock.now())]
                unit.inbox.mark_done(claimed, clock.now())
            mine += claimed
            if not claimed and not _pending(database):
                return mine

    processed = [each for ids in together(8, work) for each in ids]
    assert sorted(processed, key=int) == [each.id for each in items]


def _pending(database: Database) -> int:
    with database.read() as unit:
        return unit.inbox.counts()["pending"]


def test_a_redelivery_in_twenty_threads_is_kept_once(
    database: Database, clock: ManualClock
) -> None:
    def deliver(number: int) -> int:
        item = InboxItem(
            id=str(number),
            kind=InboxKind.SLACK_EVENT,
            source="slack",
            body=b"{}",
            content_type="application/json",
            received_at=clock.now(),
            dedupe_key="T1/Ev1",
        )
        with database.begin() as unit:
            return unit.inbox.add_many([item])

    assert sum(together(20, deliver)) == 1


def test_twenty_alerts_of_one_group_open_one_incident(
    database: Database, clock: ManualClock
) -> None:
    def open_one(_: int) -> tuple[int, bool]:
        with database.begin() as unit:
            incident, is_new = unit.incidents.open(
                group_key="g",
                title="t",
                service=None,
                environment=None,
                severity=Severity.HIGH,
                team_id="T1",
                now=clock.now(),
            )
        return incident.id, is_new

    opened = together(20, open_one)
    assert len({incident for incident, _ in opened}) == 1
    assert sum(is_new for _, is_new in opened) == 1
    with database.read() as unit:
        assert len(unit.incidents.list(10)) == 1


def test_every_report_of_an_alert_is_counted(database: Database, clock: ManualClock) -> None:
    names = [f"am:1:{number}" for number in range(40)]

    def report(number: int) -> None:
        # in opposite orders, which deadlocks when each takes its rows as they come
        mine = names if number % 2 else names[::-1]
        with database.begin() as unit:
            unit.alerts.by_fingerprint(mine)
            unit.alerts.save(
                [
                    AlertWrite(
                        alert=Alert(
                            source="am", fingerprint=name, name="n", status=AlertStatus.FIRING
                        ),
                        service=None,
                        environment=None,
                        incident_id=None,
                    )
                    for name in mine
                ],
                clock.now(),
            )

    together(12, report)
    with database.read() as unit:
        assert {each.times_seen for each in unit.alerts.list(99)} == {12}


def test_eight_writers_keep_the_audit_chain_whole(database: Database, clock: ManualClock) -> None:
    def write(number: int) -> None:
        for step in range(10):
            with database.begin() as unit:
                unit.audit.append(
                    at=clock.now(),
                    actor=f"T1/U{number}",
                    action="test",
                    subject=str(step),
                    data={"step": step},
                )

    together(8, write)
    with database.read() as unit:
        events = unit.audit.list()
    assert [event.seq for event in events] == list(range(1, 81))
    assert first_broken(events) is None


def test_senders_say_each_message_once_and_in_order(database: Database, clock: ManualClock) -> None:
    said: dict[str, list[str]] = {"C0": [], "C1": [], "C2": []}
    with database.begin() as unit:
        for number in range(30):
            channel = f"C{number % 3}"
            unit.outbox.put(
                str(number), Destination("T1", channel), Notice(text=str(number)), clock.now()
            )

    def send(_: int) -> None:
        while _unsaid(said, 30):
            with database.begin() as unit:
                claimed = unit.outbox.claim(clock.now(), 600.0, 2)
            for message in claimed:
                said[message.to.channel].append(message.key)
                with database.begin() as unit:
                    unit.outbox.mark_sent(message.key, message.revision, "r", clock.now())

    together(6, send)
    for channel, keys in said.items():
        assert keys == [str(n) for n in range(30) if f"C{n % 3}" == channel]


def _unsaid(said: dict[str, list[str]], total: int) -> bool:
    return sum(len(keys) for keys in said.values()) < total
