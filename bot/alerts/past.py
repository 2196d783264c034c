"""Past cases out of exported alerts, for trying the bot on a history that nobody wrote down.

An export has no cause and no resolution, but an alert's rule mostly links to its runbook: asked by
its words without the link, the bot is right where it finds that very page.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.alerts.family import AlertFamily, family_of
from bot.alerts.model import Alert
from bot.services.catalogue import Catalogue
from knowledge.index.keys import page_key, slug_of
from knowledge.model import PastIncident, Runbook

QUIET = timedelta(hours=1)
"""An alert of a family that comes within so long of the last one's start or end belongs to the
same case: a storm or a flapping alert was one trouble, and would have got one card."""


def cases_of(
    alerts: Iterable[Alert], catalogue: Catalogue, pages: Sequence[Runbook]
) -> list[PastIncident]:
    """The cases in time order, by alert family; alerts without a start make none.

    `runbook` is the page of `pages` that an alert's link means, where there is one.
    """
    known = _Pages(pages)
    latest: dict[AlertFamily, _Case] = {}
    cases: list[_Case] = []
    dated = [(alert.starts_at, alert) for alert in alerts if alert.starts_at is not None]
    for starts_at, alert in sorted(dated, key=lambda one: (one[0], one[1].fingerprint)):
        about = catalogue.resolve(alert.labels, alert.name)
        family = family_of(alert.name, about.service, about.environment)
        case = latest.get(family)
        if case is None or starts_at > case.last + QUIET:
            case = latest[family] = _Case(alert, family, starts_at)
            cases.append(case)
        case.take(alert, starts_at)
    return [case.as_incident(known) for case in cases]


class _Case:
    def __init__(self, first: Alert, family: AlertFamily, starts_at: datetime) -> None:
        self._first = first
        self._family = family
        self._starts_at = starts_at
        self._ended: datetime | None = None
        self._links: dict[str, None] = {}
        self.last = starts_at

    def take(self, alert: Alert, starts_at: datetime) -> None:
        self.last = max(self.last, starts_at, alert.ends_at or starts_at)
        if alert.ends_at is not None:
            self._ended = max(self._ended or alert.ends_at, alert.ends_at)
        if alert.runbook_url:
            self._links[alert.runbook_url] = None

    def as_incident(self, pages: "_Pages") -> PastIncident:
        first = self._first
        meant = (pages.meant_by(link) for link in self._links)
        return PastIncident(
            id=f"{self._starts_at.isoformat()} {first.fingerprint}",
            title=first.name,
            services=(self._family.service,) if self._family.service else (),
            environments=(self._family.environment,) if self._family.environment else (),
            alerts=(first.name,),
            symptom="\n".join(filter(None, (first.summary, first.description))) or first.name,
            labels=dict(first.labels),
            severity=first.severity.value,
            started_at=self._starts_at,
            resolved_at=self._ended,
            runbook=next((page for page in meant if page), None),
        )


class _Pages:
    """Runbooks by what links to them: their address, else the last part of it."""

    def __init__(self, pages: Sequence[Runbook]) -> None:
        self._by_address = {page_key(one.url): one.id for one in pages if one.url}
        self._by_slug: Mapping[str, str] = {slug_of(page_key(one.id)): one.id for one in pages}

    def meant_by(self, link: str) -> str | None:
        address = page_key(link)
        return self._by_address.get(address) or self._by_slug.get(slug_of(address))
