"""AlertIntake: deliveries in the inbox become alerts and incidents, in one transaction.

The stages stand in `process`; each is a file of its own: parse (`sources`), redact, resolve
(`services`), merge, place (`incidents.grouping`), and the incidents' own changes (`ledger`).
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.body import read_body
from bot.alerts.flapping import DEFAULT_RULE, FlapRule, held_until_rest, is_at_rest, turned
from bot.alerts.holding import Firing, Holding
from bot.alerts.ledger import IncidentLedger
from bot.alerts.merge import MergeReason, MergeResult, merge
from bot.alerts.model import FROM_POSTS, UNTURNED, Alert, AlertStatus, StoredAlert, Turning
from bot.alerts.noise import NO_RULES, Held, HeldBy, NoiseRules
from bot.alerts.ports import AlertWrite
from bot.alerts.sources import Source, shipped_sources
from bot.alerts.taking_changes import OnChanges, nobody, take_changes
from bot.clock import Clock
from bot.drafts.accepted_noise import with_accepted
from bot.errors import BadPayload, NotAnAlert
from bot.incidents.echoes import ended_as_well
from bot.incidents.grouping import Newcomer
from bot.incidents.lifecycle import Holds
from bot.incidents.telling import telling
from bot.incidents.traces import namespace_of, node_of, words_of
from bot.jobs.ports import InboxItem
from bot.pager.references import acknowledged_in
from bot.redact import redact, redact_labels
from bot.services.catalogue import Catalogue
from bot.services.model import Resolution
from bot.uow import UnitOfWork

_MOST_NAMED = 2
"""Most services that an alert's text may name and still tell of a call."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One redacted alert of one delivery, and what it is about."""

    alert: Alert
    resolution: Resolution
    received_at: datetime


class AlertIntake:
    """Turns alert deliveries into alerts and incidents.

    `team_id` is the workspace that new incidents belong to; `sources` are who may send, all that
    come with Recall where none are given; `rules` say what opens no incident, `flapping` which
    alert flaps, and all alerts of an incident must stay ended for `resolve_after_seconds`
    (where it has one alert `resolve_alone_after_seconds`, if that is given).
    `on_changes` is told of changes in the transaction that keeps them.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        *,
        group_window_seconds: float = 300,
        team_id: str = "",
        sources: Mapping[str, Source] | None = None,
        rules: NoiseRules = NO_RULES,
        flapping: FlapRule = DEFAULT_RULE,
        resolve_after_seconds: float = 0,
        resolve_alone_after_seconds: float | None = None,
        on_changes: OnChanges = nobody,
    ) -> None:
        self._on_changes = on_changes
        self._flapping = flapping
        self._holds = Holds.of_seconds(resolve_after_seconds, resolve_alone_after_seconds)
        self._sources = shipped_sources() if sources is None else sources
        self._catalogue = catalogue
        self._clock = clock
        self._window = timedelta(seconds=group_window_seconds)
        self._team_id = team_id
        self._rules = rules

    def process(self, uow: UnitOfWork, items: Sequence[InboxItem]) -> None:
        """Take in all `items` inside the caller's transaction.

        One that cannot be read is marked failed with the reason and harms no other. Statements
        grow with the incidents concerned, not with the alerts. Raises DatabaseBusy only.
        """
        now = self._clock.now()
        incoming: list[Incoming] = []
        done: list[str] = []
        for item in sorted(items, key=lambda one: one.received_at):
            try:
                incoming += self._read(uow, item)
            except NotAnAlert:
                done.append(item.id)  # a test, a note, a confirmation: understood, nothing to do
            except BadPayload as error:
                uow.inbox.mark_failed(item.id, redact(str(error)), now)
            except Exception as error:  # noqa: BLE001 - see below
                # The one broad catch of the intake. A parser meets whatever a tool may send, and
                # a bug in it must neither lose the delivery nor stop the others: the item stays
                # in the inbox as failed, to be replayed after the fix. The error's own text may
                # quote the body, so only its type is kept, and the log gets the traceback.
                _log.exception("inbox item %s: a bug while reading %s", item.id, item.source)
                reason = f"a bug in the source {item.source!r} ({type(error).__name__})"
                uow.inbox.mark_failed(item.id, reason, now)
            else:
                done.append(item.id)
        if incoming:
            self._take_in(uow, incoming, now)
        uow.inbox.mark_done(done, now)

    def _read(self, uow: UnitOfWork, item: InboxItem) -> list[Incoming]:
        source = self._sources.get(item.source)
        if source is None:
            raise BadPayload(f"there is no source named {item.source!r}")
        body = read_body(item.body, item.content_type)
        if source.changes is not None:
            found = source.changes(body)
            take_changes(uow, found, item.received_at, self._catalogue, self._on_changes)
            return []
        alerts = [redacted(alert) for alert in source.parse(body)]
        return [Incoming(alert, self._resolve(alert), item.received_at) for alert in alerts]

    def hear(self, uow: UnitOfWork, alerts: Sequence[Alert], received_at: datetime) -> None:
        """Take in alerts that came by no delivery of their own (a tool has posted them), inside
        the caller's transaction. They are redacted here. Raises DatabaseBusy only."""
        told = [redacted(alert) for alert in alerts]
        incoming = [Incoming(alert, self._resolve(alert), received_at) for alert in told]
        if incoming:
            self._take_in(uow, incoming, self._clock.now())

    def _resolve(self, alert: Alert) -> Resolution:
        """By its labels; a post has few of them, so there its words count as well."""
        found = self._catalogue.resolve(alert.labels, alert.name)
        if alert.source != FROM_POSTS or (found.service and found.environment):
            return found
        text = f"{alert.name}\n{alert.summary}\n{alert.description}"
        named = self._catalogue.named_in_text(text)
        return replace(
            found,
            service=found.service or named.service,
            environment=found.environment or named.environment,
            via=found.via or ("text" if named.service else ""),
        )

    def _take_in(self, uow: UnitOfWork, incoming: Sequence[Incoming], now: datetime) -> None:
        known = dict(uow.alerts.by_fingerprint(_fingerprints(incoming)))
        # When it was received counts, not when a busy engine came to it.
        seen_at = max(one.received_at for one in incoming)
        ledger = IncidentLedger(
            uow,
            seen_at=seen_at,
            run_at=now,
            window=self._window,
            depends=self._catalogue.depends,
            team_id=self._team_id,
            holds=self._holds,
        )
        held, holding = self._hold_back(uow, ledger, incoming, known, seen_at)
        writes: list[AlertWrite] = []
        fresh = set(_fingerprints(incoming)) - known.keys()
        ended: list[StoredAlert] = []
        for one in incoming:
            fingerprint = one.alert.fingerprint
            before = known.get(fingerprint)
            result = merge(before, one.alert, one.received_at)
            if not result.is_kept:
                continue
            says_nothing = before is not None and not one.alert.labels
            about = before if before is not None and says_nothing else one.resolution
            why = self._why_held(before, one, held)
            if why is not None and _counts_as_held(why, result):
                holding.keep(_firing(one), why)
            write = AlertWrite(
                alert=result.alert,
                service=about.service,
                environment=about.environment,
                incident_id=(before.incident_id if before is not None else None)
                if why is not None
                else self._place(ledger, before, result, one),
                turning=self._turned(before, result, one),
            )
            if write.turning.is_flapping and not (before and before.turning.is_flapping):
                note = held_until_rest(self._flapping)
                ledger.flaps(write.incident_id, result.alert, note, one.received_at)
            writes.append(write)
            pager = acknowledged_in(result.alert)
            if pager is not None:
                ledger.acknowledged(write.incident_id, pager, one.received_at)
            known[fingerprint] = _seen(before, write, one.received_at)
            if result.reason is MergeReason.RESOLVED:
                ended.append(known[fingerprint])
        uow.alerts.save(writes, seen_at)
        uow.alerts.tell_calls(self._calls(incoming, fresh), seen_at)
        self._end_echoes(uow, ledger, ended, seen_at)
        ledger.close()
        holding.close()

    def _calls(
        self, incoming: Sequence[Incoming], fresh: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        """Which services call which, as the texts of alerts have it that were never seen before.
        One that names many at once is a list, and tells nothing."""
        for one in incoming:
            service = one.resolution.service
            if service is None or one.alert.fingerprint not in fresh:
                continue
            said = words_of(one.alert.name, one.alert.summary)
            named = self._catalogue.named_among(said) - {service}
            if len(named) <= _MOST_NAMED:
                yield from ((service, callee) for callee in named)

    def _why_held(
        self, before: StoredAlert | None, one: Incoming, held: Mapping[str, Held]
    ) -> Held | None:
        """Why no incident hears of this report: a noise rule, or the alert flaps. One that got
        worse is told of all the same."""
        if (
            before is not None
            and self._is_quiet(before, one.received_at)
            and one.alert.severity.rank >= before.alert.severity.rank
        ):
            return Held(HeldBy.FLAPPING, held_until_rest(self._flapping), HeldBy.FLAPPING.value)
        firing = one.alert.status is AlertStatus.FIRING
        return held.get(one.alert.fingerprint) if firing else None

    def _is_quiet(self, stored: StoredAlert, at: datetime) -> bool:
        """Whether an alert flaps, so that its turns are told to no incident."""
        in_incident = stored.incident_id is not None
        return in_incident and not is_at_rest(stored.turning, at, self._flapping)

    def _turned(self, before: StoredAlert | None, result: MergeResult, one: Incoming) -> Turning:
        known = before.turning if before is not None else UNTURNED
        return turned(known, result.reason, one.received_at, self._flapping)

    def _end_echoes(
        self, uow: UnitOfWork, ledger: IncidentLedger, ended: Sequence[StoredAlert], at: datetime
    ) -> None:
        """What a post told ends when its tool's webhook says so."""
        numbers = {
            stored.incident_id: [one for one in ended if one.incident_id == stored.incident_id]
            for stored in ended
            if stored.incident_id is not None and stored.alert.source != FROM_POSTS
        }
        for number, over in numbers.items():
            posts = ended_as_well(over, uow.alerts.of_incident(number))
            writes = [
                AlertWrite(
                    alert=replace(post.alert, status=AlertStatus.RESOLVED, ends_at=at),
                    service=post.service,
                    environment=post.environment,
                    incident_id=number,
                    turning=post.turning,
                )
                for post in posts
            ]
            uow.alerts.save(writes, at)
            for write in writes:
                ledger.resolved(number, write.alert, at)

    def _hold_back(
        self,
        uow: UnitOfWork,
        ledger: IncidentLedger,
        incoming: Sequence[Incoming],
        known: Mapping[str, StoredAlert],
        now: datetime,
    ) -> tuple[Mapping[str, Held], Holding]:
        """What the noise rules hold back of the batch; the ledger plans for all the others."""
        active = ledger.active
        numbers = {incident.id for incident in active}
        rules = with_accepted(self._rules, uow.drafts, now)
        holding = Holding(rules, uow.held, active, self._catalogue.depends, now)
        newcomers = _newcomers(incoming, known)
        for fingerprint in [key for key, one in known.items() if self._is_quiet(one, now)]:
            newcomers.pop(fingerprint, None)
        outside = {
            one.alert.fingerprint: _firing(one)
            for one in incoming
            if one.alert.fingerprint in newcomers
            and newcomers[one.alert.fingerprint].known_incident not in numbers
        }
        held = holding.decide(outside) if rules is not NO_RULES else {}
        for fingerprint, why in held.items():
            if not why.only_alone:
                del newcomers[fingerprint]
        ledger.expect(newcomers)
        alone = ledger.open_nothing_else([key for key, why in held.items() if why.only_alone])
        return {
            key: why for key, why in held.items() if not why.only_alone or key in alone
        }, holding

    def _place(
        self,
        ledger: IncidentLedger,
        before: StoredAlert | None,
        result: MergeResult,
        one: Incoming,
    ) -> int | None:
        """Tell the ledger; the id of the incident that the alert is in from now on."""
        belongs_to = before.incident_id if before is not None else None
        alert = result.alert
        if result.reason is MergeReason.RESOLVED:
            ledger.resolved(belongs_to, alert, one.received_at)
            return belongs_to
        if alert.status is AlertStatus.RESOLVED:
            return belongs_to
        why = (
            result.reason
            if result.is_news
            else ledger.uncovered(belongs_to, alert, one.received_at)
        )
        if why is None:
            return belongs_to
        newcomer = _newcomer(alert, one, belongs_to)
        return ledger.fired(newcomer, alert, why)


def _newcomers(
    incoming: Sequence[Incoming], known: Mapping[str, StoredAlert]
) -> dict[str, Newcomer]:
    """The alerts that fire, each as it was first reported in this batch."""
    found: dict[str, Newcomer] = {}
    for one in incoming:
        if one.alert.status is AlertStatus.FIRING and one.alert.fingerprint not in found:
            before = known.get(one.alert.fingerprint)
            belongs_to = before.incident_id if before is not None else None
            found[one.alert.fingerprint] = _newcomer(one.alert, one, belongs_to)
    return found


def _counts_as_held(why: Held, result: MergeResult) -> bool:
    """Of a flapping alert only its turns, of others every report that it fires."""
    if result.alert.status is not AlertStatus.FIRING:
        return False
    return why.by is not HeldBy.FLAPPING or result.reason is MergeReason.FIRES_AGAIN


def _firing(one: Incoming) -> Firing:
    return Firing(
        alert=one.alert,
        service=one.resolution.service,
        environment=one.resolution.environment,
        received_at=one.received_at,
    )


def _newcomer(alert: Alert, one: Incoming, known_incident: int | None) -> Newcomer:
    return Newcomer(
        source=alert.source,
        name=alert.name,
        group_key=alert.group_key,
        service=one.resolution.service,
        environment=one.resolution.environment,
        received_at=one.received_at,
        known_incident=known_incident,
        node=node_of(alert.labels),
        namespace=namespace_of(alert.labels),
        words=words_of(alert.name, alert.summary),
        telling=telling(alert.name),
    )


def redacted(alert: Alert) -> Alert:
    """`alert` with every secret taken out of what people and stores will see."""
    return replace(
        alert,
        name=redact(alert.name),
        summary=redact(alert.summary),
        description=redact(alert.description),
        labels=redact_labels(alert.labels),
        links={title: redact(link) for title, link in alert.links.items()},
        group_key=redact(alert.group_key) if alert.group_key else alert.group_key,
    )


def _fingerprints(incoming: Iterable[Incoming]) -> list[str]:
    return list(dict.fromkeys(one.alert.fingerprint for one in incoming))


def _seen(before: StoredAlert | None, write: AlertWrite, at: datetime) -> StoredAlert:
    """What the store will know after `write`, for a second report in the same batch."""
    return StoredAlert(
        id=before.id if before else 0,
        alert=write.alert,
        service=write.service,
        environment=write.environment,
        incident_id=write.incident_id,
        first_seen_at=before.first_seen_at if before else at,
        last_seen_at=at,
        times_seen=before.times_seen + 1 if before else 1,
        turning=write.turning,
    )
