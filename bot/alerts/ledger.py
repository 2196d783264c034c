"""IncidentLedger: what one batch of alerts changes in incidents, gathered and written once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.alerts.earlier import had_to_themselves, told_before
from bot.alerts.family import family_of
from bot.alerts.merge import MergeReason
from bot.alerts.model import Alert
from bot.alerts.page import Page, title_of
from bot.alerts.rehoming import SecondLook
from bot.alerts.spent_keys import SpentKeys
from bot.incidents import lifecycle
from bot.incidents.bindings import ties_of
from bot.incidents.cohorts import Planned, arrange
from bot.incidents.echoes import completed, echo_of
from bot.incidents.grouping import (
    LONGEST_WINDOWS,
    Joining,
    JoinReason,
    Newcomer,
    group_key_of,
    place,
)
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.incidents.traces import Trace
from bot.uow import UnitOfWork

SUGGEST_JOB = "suggest"


class IncidentLedger:
    """Keeps the incidents of a batch in memory; `close` writes each that changed once.

    However many alerts of the batch concern it, an incident's revision rises by one and one
    job is enqueued for it. `seen_at` is when the batch's last delivery came in, `run_at` when
    the jobs may run.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        *,
        seen_at: datetime,
        run_at: datetime,
        window: timedelta,
        depends: Callable[[str, str], bool],
        team_id: str,
        holds: lifecycle.Holds = lifecycle.AT_ONCE,
    ) -> None:
        self._uow = uow
        self._holds = holds
        self._seen_at = seen_at
        self._run_at = run_at
        self._window = window
        self._depends = depends
        self._team_id = team_id
        self._pages = {
            incident.id: Page(incident, incident.revision)
            for incident in uow.incidents.active()
            # One that a private channel declared must not swallow what everybody has to hear of.
            if incident.visibility.is_everyone
        }
        self._over: dict[int, Incident | None] = {}
        self._bindings = uow.bindings.in_force()
        self._families: dict[int, set[str]] = {}
        self._traces: dict[int, list[Trace]] = {}
        self._told: Collection[tuple[str, str]] = frozenset()
        self._plan: Mapping[str, Planned] = {}
        self._cohorts: dict[int, int] = {}
        self._openers: dict[int, Joining] = {}
        self._spent = SpentKeys(uow, seen_at, max(window, holds.usual))

    def expect(self, newcomers: Mapping[str, Newcomer]) -> None:
        """Plan for the batch's firing alerts (by fingerprint) as a whole, before any is taken
        in: what belongs together must not depend on the order of deliveries. Repeats of what is in
        open incidents need no plan, and no look at what those show."""
        if all(one.known_incident in self._pages for one in newcomers.values()):
            return
        oldest = self._seen_at - self._window * LONGEST_WINDOWS
        young = [n for n, page in self._pages.items() if page.incident.opened_at >= oldest]
        for number, trace in self._uow.alerts.traces(young, self._seen_at - 2 * self._window):
            self._traces.setdefault(number, []).append(trace)
        alerts, new = self._uow.alerts, newcomers.values()
        told = told_before(new, list(self._pages), self._traces, self._seen_at, alerts=alerts)
        alone = had_to_themselves(new, self._pages.keys(), oldest, alerts=alerts, get=self._get)
        bound = {
            fingerprint: self._bound(
                replace(
                    newcomer,
                    echo_of=echo_of(newcomer, self.active, told),
                    keeps_to_itself=newcomer.known_incident in alone,
                ),
                family_of(newcomer.name, newcomer.service, newcomer.environment).key,
            )
            for fingerprint, newcomer in newcomers.items()
        }
        self._spent.let_go(bound.values(), self._pages, self._traces, self._hold)
        self._told = alerts.told_calls({one.service for one in new if one.service is not None})
        self._plan = arrange(
            bound,
            [page.incident for page in self._pages.values()],
            window=self._window,
            depends=self._depends,
            traces=self._traces,
            told=self._is_told,
        )

    def _is_told(self, one: str, other: str) -> bool:
        return (one, other) in self._told

    @property
    def active(self) -> Sequence[Incident]:
        """The incidents that an alert may join."""
        return [page.incident for page in self._pages.values()]

    def open_nothing_else(self, reluctant: Collection[str]) -> set[str]:
        """Those of these alerts (by fingerprint) that would open an incident with nothing else
        in it than such alerts."""
        others = {planned.cohort for key, planned in self._plan.items() if key not in reluctant}
        return {
            key
            for key in reluctant
            if key in self._plan
            and self._plan[key].cohort is not None
            and self._plan[key].cohort not in others
        }

    def uncovered(
        self, incident_id: int | None, alert: Alert, received_at: datetime
    ) -> MergeReason | None:
        """Why a mere repeat needs an incident after all; None while it is covered.

        It is covered by an incident that is open, and for the length of the window by one that
        a person has ended: the sender may repeat itself once more. An alert that began after
        that end, or goes on beyond the window, is a problem that is there.
        """
        if incident_id in self._pages:
            return None
        over = self._get(incident_id) if incident_id is not None else None
        if over is None or over.resolved_at is None:
            return MergeReason.STILL_FIRES
        if alert.starts_at is not None and alert.starts_at > over.resolved_at:
            return MergeReason.FIRES_AGAIN
        if received_at - over.resolved_at > self._window:
            return MergeReason.STILL_FIRES
        return None

    def fired(self, newcomer: Newcomer, alert: Alert, why: MergeReason) -> int:
        """An alert began, changed or goes on; the id of the incident it is in."""
        family = family_of(newcomer.name, newcomer.service, newcomer.environment).key
        page, joining = self._place(self._bound(newcomer, family), alert)
        self._families.get(page.incident.id, set()).add(family)
        if joining.reason is JoinReason.ECHO:
            page.incident = completed(page.incident, newcomer)
        joined = "" if joining.reason in (JoinReason.SAME_ALERT, JoinReason.NEW) else joining.text
        data = {
            "fingerprint": alert.fingerprint,
            "alert": alert.name,
            "severity": alert.severity.value,
            "summary": alert.summary,
            "reason": why.value,
        }
        if joined:
            data["joined_because"] = joined
        text = f"{alert.name}: {why}" + (f" (joined because: {joined})" if joined else "")
        page.entries.append(
            TimelineEntry(
                at=newcomer.received_at, kind=TimelineKind.ALERT_FIRED, text=text, data=data
            )
        )
        page.news = True
        page.go(lifecycle.stir(page.incident, newcomer.received_at))
        worse = lifecycle.worsen(page.incident, alert.severity, newcomer.received_at)
        page.go(worse)
        self._wake(page, joining, worse, alert, newcomer.received_at)
        return page.incident.id

    def _wake(
        self,
        page: Page,
        joining: Joining,
        worse: lifecycle.Transition,
        alert: Alert,
        received_at: datetime,
    ) -> None:
        """An alert that is new in the incident, or worse, ends a snooze. One that was in it
        already does not: flapping is what people snooze."""
        if joining.reason is JoinReason.SAME_ALERT and not worse.changed:
            return
        why = worse.reason.value if worse.changed else f"{alert.name} joined"
        page.go(lifecycle.wake(page.incident, why, received_at))

    def acknowledged(self, incident_id: int | None, pager: str, received_at: datetime) -> None:
        """The pager says that somebody has acknowledged it."""
        page = self._hold(incident_id) if incident_id is not None else None
        if page is None:
            return
        taken = lifecycle.acknowledge_in_pager(page.incident, pager, received_at)
        if taken.entry is not None:
            page.incident = taken.incident
            page.entries.append(taken.entry)
            page.news = True

    def resolved(self, incident_id: int | None, alert: Alert, received_at: datetime) -> None:
        """An alert ended; what it said while it fired stays in the timeline."""
        page = self._hold(incident_id) if incident_id is not None else None
        if page is None:
            return
        data = {"fingerprint": alert.fingerprint, "alert": alert.name}
        if alert.summary:
            data["summary"] = alert.summary
        page.entries.append(
            TimelineEntry(
                at=received_at,
                kind=TimelineKind.ALERT_RESOLVED,
                text=f"{alert.name}: resolved",
                data=data,
            )
        )
        page.news = page.had_resolve = True

    def flaps(self, incident_id: int | None, alert: Alert, note: str, at: datetime) -> None:
        """An alert began to flap: its incident stays open until it has come to rest."""
        page = self._hold(incident_id) if incident_id is not None else None
        if page is None:
            return
        page.entries.append(
            TimelineEntry(
                at=at,
                kind=TimelineKind.NOTE,
                text=f"{alert.name}: flapping. {note}",
                data={"fingerprint": alert.fingerprint, "alert": alert.name, "flapping": "yes"},
            )
        )
        page.news = True

    def comes_to_rest(self, incident_id: int, alert: Alert, note: str, since: datetime) -> None:
        """An alert flaps no more: it turned last at `since`."""
        page = self._hold(incident_id)
        if page is None:
            return
        page.entries.append(
            TimelineEntry(
                at=self._seen_at,
                kind=TimelineKind.NOTE,
                text=f"{alert.name}: flapping no more, {alert.status}. {note}",
                data={"fingerprint": alert.fingerprint, "alert": alert.name, "flapping": "no"},
            )
        )
        page.news = page.had_resolve = True
        page.ended_at = max(since, page.ended_at or since)

    def look_whether_quiet(self, incident_id: int) -> None:
        """An incident may have been quiet for long enough, one of a private channel too."""
        page = self._hold(incident_id)
        found = self._uow.incidents.get(incident_id) if page is None else None
        if found is not None and not found.state.is_over:
            page = self._pages[incident_id] = Page(found, found.revision, is_held=True)
        if page is not None:
            page.is_due = True

    def close(self) -> None:
        """Write it all. The batch's alerts must have been saved before."""
        if self._plan:
            self._look_again()
        for page in self._pages.values():
            if page.had_resolve or page.is_due:
                alerts = self._uow.alerts.of_incident(page.incident.id)
                page.look_whether_over(alerts, self._seen_at, self._holds)
            if page.news:
                self._write(page)

    def _look_again(self) -> None:
        look = SecondLook(self._uow, self._seen_at, self._depends, self._bindings)
        look.at(list(self._pages.values()), self._hold)

    def _bound(self, newcomer: Newcomer, family: str) -> Newcomer:
        """The newcomer with what people said about alerts of its kind."""
        ties = ties_of(family, self._bindings)
        if not ties:
            return newcomer
        families = {number: self._families_of(number) for number in self._pages}
        return replace(
            newcomer,
            with_incidents=frozenset(n for n, there in families.items() if there & ties.together),
            not_with=frozenset(n for n, there in families.items() if there & ties.apart),
            is_split=bool(ties.apart),
        )

    def _families_of(self, incident_id: int) -> set[str]:
        if incident_id not in self._families:
            self._families[incident_id] = {
                family_of(stored.alert.name, stored.service, stored.environment).key
                for stored in self._uow.alerts.of_incident(incident_id)
            }
        return self._families[incident_id]

    def _place(self, newcomer: Newcomer, alert: Alert) -> tuple[Page, Joining]:
        page, joining = self._planned(newcomer, alert) or self._found(newcomer, alert)
        self._traces.setdefault(page.incident.id, []).append(newcomer.trace)
        return page, joining

    def _planned(self, newcomer: Newcomer, alert: Alert) -> tuple[Page, Joining] | None:
        """As the batch was arranged; None where a person has ended that incident since."""
        planned = self._plan.get(alert.fingerprint)
        if planned is None or newcomer.known_incident in self._pages or newcomer.is_split:
            return None
        if planned.joining.incident is not None:
            page = self._hold(planned.joining.incident.id)
            return (page, planned.joining) if page is not None else None
        if planned.cohort is None:
            return None
        opened = self._cohorts.get(planned.cohort)
        page = self._hold(opened) if opened is not None else None
        if page is not None:
            # The one that the plan began with may come after the one that opened: what related
            # the two is then told of it instead.
            is_root = planned.joining.reason is JoinReason.NEW
            return page, self._openers[planned.cohort] if is_root else planned.joining
        page = self._open(newcomer, alert)
        self._cohorts[planned.cohort] = page.incident.id
        self._openers[planned.cohort] = planned.joining
        return page, Joining(None, JoinReason.NEW, JoinReason.NEW.value)

    def _found(self, newcomer: Newcomer, alert: Alert) -> tuple[Page, Joining]:
        while True:
            active = [page.incident for page in self._pages.values()]
            joining = place(
                newcomer,
                active,
                window=self._window,
                depends=self._depends,
                traces=self._traces,
                told=self._is_told,
            )
            if joining.incident is None:
                return self._open(newcomer, alert), joining
            page = self._hold(joining.incident.id)
            if page is not None:
                return page, joining

    def _hold(self, incident_id: int) -> Page | None:
        """The page of an active incident, read again and locked before its first change.

        None when it is over by now (a person or another worker ended it); it is forgotten then.
        """
        page = self._pages.get(incident_id)
        if page is None or page.is_held:
            return page
        fresh = self._uow.incidents.get(incident_id)
        if fresh is None or fresh.state.is_over:
            del self._pages[incident_id]
            return None
        page.incident, page.stored_revision, page.is_held = fresh, fresh.revision, True
        return page

    def _open(self, newcomer: Newcomer, alert: Alert) -> Page:
        key = group_key_of(newcomer)
        opened, created = self._uow.incidents.open(
            group_key=key,
            title=title_of(alert),
            service=newcomer.service,
            environment=newcomer.environment,
            severity=alert.severity,
            team_id=self._team_id,
            now=newcomer.received_at,
        )
        # Not created means that another worker has just opened it: then it is joined.
        page = Page(opened, opened.revision, is_new=created, is_held=True)
        self._pages[opened.id] = page
        before = self._get(newcomer.known_incident) if newcomer.known_incident else None
        if created and before is not None:
            page.comes_after(before, "The same alert", newcomer.received_at)
        elif created and (before := self._spent.before(key)) is not None:
            page.comes_after(before, "An alert of the same group", newcomer.received_at)
        return page

    def _write(self, page: Page) -> None:
        opened_only = page.is_new and page.incident.revision == page.stored_revision
        revision = page.stored_revision if opened_only else page.stored_revision + 1
        incident = replace(page.incident, revision=revision)
        if not opened_only:
            self._uow.incidents.save(incident)
        self._uow.incidents.add_timeline(incident.id, page.entries)
        self._uow.jobs.add(
            f"{SUGGEST_JOB}:{incident.id}:{revision}",
            SUGGEST_JOB,
            {"incident_id": incident.id, "revision": revision},
            self._run_at,
        )

    def _get(self, incident_id: int) -> Incident | None:
        if incident_id not in self._over:
            self._over[incident_id] = self._uow.incidents.get(incident_id)
        return self._over[incident_id]
