"""From a tool's post, and what it told before, to the alerts that it tells of now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bot.alerts.model import Alert, AlertStatus
from bot.alerts.sources import slack_post
from bot.clock import Clock
from bot.errors import BadPayload
from bot.slack.room_payloads import Posted, moment_of
from bot.uow import UnitOfWork


def tells_of_alerts(event: Posted) -> bool:
    """Whether alerts may be read out of it. What is said in private channels stays there, and
    an incident is everybody's."""
    return event.is_public and bool(_read(event))


def tells_news(uow: UnitOfWork, event: Posted) -> bool:
    """Whether it tells what it has not told yet. A post without alerts in it may be news to
    somebody else, and counts as such."""
    before = uow.placements.told(event.team_id, event.channel, event.ts)
    if not before:
        return True
    if not event.is_edit:
        return False
    read = _retitled(_read(event), event, list(before))
    if not read:
        fires = AlertStatus.FIRING in before.values()
        return fires and slack_post.says_it_is_over(event.message)
    return any(before.get(alert.fingerprint) is not alert.status for alert in read)


def _read(event: Posted) -> Sequence[Alert]:
    try:
        return slack_post.parse(event.message)
    except BadPayload:
        return ()  # a post of another kind; of those there are many


class AlertHearer(Protocol):
    def hear(self, uow: UnitOfWork, alerts: Sequence[Alert], received_at: datetime) -> None:
        """Take in alerts that came by no delivery of their own, in the caller's transaction."""
        ...


class PostAlerts:
    """Takes in what posts tell, each state of a post once."""

    def __init__(self, intake: AlertHearer, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock

    def take_in(self, uow: UnitOfWork, event: Posted) -> bool:
        """Inside the caller's transaction; False where the post tells nothing new. Raises
        DatabaseBusy."""
        if not event.is_public:
            return False
        place = (event.team_id, event.channel, event.ts)
        before = uow.placements.told(*place)
        if before and not event.is_edit:
            return False  # delivered again, or overtaken by an edit
        now = self._clock.now()
        read = _retitled(_read(event), event, list(before))
        found = self._as_known(uow, read)
        if event.is_edit:
            # The post itself may be on its way still; it must not fire what is over.
            over = {one.fingerprint: one.status for one in read if one not in found}
            over = {key: status for key, status in over.items() if status is AlertStatus.RESOLVED}
            uow.placements.keep_told(*place, over, moment_of(event.ts, now))
        if not found and before and event.is_edit and slack_post.says_it_is_over(event.message):
            known = uow.alerts.by_fingerprint(list(before))
            found = [_over(known[one].alert) for one in before if one in known]
        news = [alert for alert in found if before.get(alert.fingerprint) is not alert.status]
        if not news:
            return False
        self._intake.hear(uow, news, now)
        told = {alert.fingerprint: alert.status for alert in news}
        uow.placements.keep_told(*place, told, moment_of(event.ts, now))
        return True

    def _as_known(self, uow: UnitOfWork, alerts: Sequence[Alert]) -> Sequence[Alert]:
        """Without what is over and was never heard of, which is nobody's alert; and what is said
        once more began when it was said first."""
        known = uow.alerts.by_fingerprint([alert.fingerprint for alert in alerts])
        found = []
        for alert in alerts:
            before = known.get(alert.fingerprint)
            if before is None and alert.status is AlertStatus.RESOLVED:
                continue
            goes_on = before is not None and before.alert.status is AlertStatus.FIRING
            found.append(replace(alert, starts_at=None) if goes_on else alert)
        return found


def _retitled(alerts: Sequence[Alert], event: Posted, before: Sequence[str]) -> Sequence[Alert]:
    """An edit of a post with one alert in it is about that, however it is titled by now."""
    if event.is_edit and len(alerts) == len(before) == 1:
        return [replace(alerts[0], fingerprint=before[0])]
    return alerts


def _over(alert: Alert) -> Alert:
    return replace(alert, status=AlertStatus.RESOLVED, ends_at=None)
