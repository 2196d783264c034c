"""Page: what one batch of alerts changes in one incident."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.alerts.flapping import seen_status
from bot.alerts.model import Alert, StoredAlert
from bot.incidents import lifecycle
from bot.incidents.model import Incident, TimelineEntry, TimelineKind

MAX_TITLE = 200


@dataclass(slots=True)
class Page:
    """One incident of the batch. `stored_revision` is what the database has of it; `ended_at` is
    when its last alert ended, where that was before this batch."""

    incident: Incident
    stored_revision: int
    is_new: bool = False
    is_held: bool = False
    had_resolve: bool = False
    is_due: bool = False
    ended_at: datetime | None = None
    news: bool = False
    entries: list[TimelineEntry] = field(default_factory=list)

    def go(self, step: lifecycle.Transition) -> None:
        """Take over what a transition made of the incident, and note it."""
        self.news = self.news or step.incident is not self.incident
        self.incident = step.incident
        if step.entry is not None:
            self.entries.append(step.entry)

    def comes_after(self, before: Incident, what: str, at: datetime) -> None:
        """Link it to the incident that `what` it opened for was in before."""
        self.entries.append(
            TimelineEntry(
                at=at,
                kind=TimelineKind.NOTE,
                text=f"{what} was in {before.key}, which is {before.state}",
                data={"previous_incident": before.key},
            )
        )

    def look_whether_over(
        self, alerts: Iterable[StoredAlert], now: datetime, holds: lifecycle.Holds
    ) -> None:
        """`alerts` are all of the incident, as they are stored by now."""
        statuses = [seen_status(stored) for stored in alerts]
        hold = holds.where(len(statuses))
        if self.had_resolve:
            since = self.ended_at or now
            self.go(lifecycle.calm_down(self.incident, statuses, now, hold, since=since))
        if self.is_due:
            self.go(lifecycle.resolve_when_quiet(self.incident, statuses, now, hold))


def title_of(alert: Alert) -> str:
    """What the incident is called: the alert's name, and its summary where it adds something."""
    if not alert.summary or alert.summary.lower() == alert.name.lower():
        return alert.name[:MAX_TITLE]
    return f"{alert.name}: {alert.summary}"[:MAX_TITLE]
