"""What an alert says of the page that it comes from. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from bot.alerts.model import Alert, AlertStatus, StoredAlert

PAGERDUTY = "pagerduty"
_NAMES = {PAGERDUTY: "PagerDuty"}
_ID_LABELS = ("pager_id", "pagerduty_incident_id")
_STATUS_LABEL = "pager_status"
_ACKNOWLEDGED = "acknowledged"
_ID = re.compile(r"[A-Za-z0-9]{1,40}", re.ASCII)
_IN_PATH = re.compile(r"/incidents/([A-Za-z0-9]{1,40})/?", re.ASCII)


def pagerduty_incidents(alerts: Iterable[StoredAlert]) -> tuple[str, ...]:
    """The ids of the PagerDuty incidents behind these alerts, each once, in their order.

    Only alerts that came from PagerDuty count: a label of that name on any other alert is
    whatever its sender wrote. An id is a label `pager_id` or `pagerduty_incident_id`, else the
    end of a link `.../incidents/<id>`.
    """
    found = (_incident_id(stored.alert) for stored in alerts if stored.alert.source == PAGERDUTY)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def acknowledged_in(alert: Alert) -> str | None:
    """The name of the pager in which somebody has acknowledged this alert; None where nobody
    has, or where the alert is no pager's."""
    if alert.status is not AlertStatus.FIRING or alert.source not in _NAMES:
        return None
    told = alert.labels.get(_STATUS_LABEL, "").lower()
    return _NAMES[alert.source] if told == _ACKNOWLEDGED else None


def _incident_id(alert: Alert) -> str | None:
    for label in _ID_LABELS:
        value = alert.labels.get(label, "")
        if _ID.fullmatch(value):
            return value
    for link in alert.links.values():
        try:
            path = urlsplit(link).path
        except ValueError:
            continue
        match = _IN_PATH.search(path)
        if match is not None and match.end() == len(path):
            return match[1]
    return None
