"""What coverage and staleness are judged by, gathered from the database; and drafts for gaps."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.alerts.family import AlertFamily, family_of, normalised_name
from bot.clock import Clock
from bot.drafts.curation import Editor
from bot.drafts.model import Draft, DraftKind
from bot.people.model import SYSTEM
from bot.services.catalogue import Catalogue
from bot.suggestions.corrections import Correction
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.coverage import Coverage, Family, Gap, Votes, coverage
from knowledge.curate.gap_draft import best_cases, draft_page, page_id
from knowledge.curate.model import RecordLine
from knowledge.curate.staleness import Stale, Word, stale
from knowledge.loaders.prometheus_rules import AlertRule
from knowledge.model import PastIncident, Runbook

LOOK_BACK = timedelta(days=365)
_MOST_ALERTS = 20_000
_MOST_WORDS = 20_000
_MOST_CASES = 100

Pages = Callable[[], Sequence[Runbook]]
"""All runbooks in any state, from the knowledge store."""


@dataclass(slots=True)
class _Known:
    """One family while it is being gathered."""

    alert: str
    times: int = 0
    cited: set[str] = field(default_factory=set)
    votes: dict[str, Votes] = field(default_factory=dict)
    urls: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    records: list[str] = field(default_factory=list)


class Gaps:
    """The use cases of coverage and staleness."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, *, pages: Pages) -> None:
        self._units = units
        self._clock = clock
        self._pages = pages

    def coverage(
        self, editor: Editor, rules: Sequence[AlertRule] = (), catalogue: Catalogue | None = None
    ) -> Coverage:
        """Families of the last year's incidents, of past incidents on record, and of `rules`.
        What the editor may not see counts nowhere."""
        since = self._clock.now() - LOOK_BACK
        with self._units.read() as uow:
            pages = [one for one in uow.knowledge.runbooks() if editor.may_see(one.visibility)]
            outcomes = uow.suggestions.outcomes_since(since)
            known = _from_incidents(uow, editor, since)
            records = [one for one in uow.knowledge.records() if editor.may_see(one.visibility)]
        _add_records(known, records)
        _add_rules(known, rules, catalogue or Catalogue())
        return coverage(
            [_family(key, one) for key, one in known.items()],
            pages,
            normalised={
                one.id: frozenset(normalised_name(alert) for alert in one.alerts) for one in pages
            },
            retrieved=frozenset(page for outcome in outcomes for page in outcome.runbooks),
        )

    def stale(
        self,
        editor: Editor,
        *,
        people: frozenset[str] | None = None,
        actions: frozenset[str] | None = None,
    ) -> list[Stale]:
        """See `knowledge.curate.staleness.stale`."""
        pages = [one for one in self._pages() if editor.may_see(one.visibility)]
        with self._units.read() as uow:
            words = _words(uow.corrections.list(_MOST_WORDS))
        return stale(pages, self._clock.now(), people=people, actions=actions, words=words)

    def open_drafts(self, gaps: Iterable[Gap], most: int = 20) -> list[Draft]:
        """A draft for each family without a page, from what its best past incidents say; one that
        waits already, or was turned down, is not made again. Records that not everyone may see
        say nothing in it."""
        made: list[Draft] = []
        with self._units.begin() as uow:
            for gap in gaps:
                if len(made) >= most:
                    break
                family = gap.family
                if gap.pages or _was_made(uow, page_id(family.alert, family.service)):
                    continue
                cases = best_cases(_cases(uow, family.incidents))
                page = draft_page(family.alert, family.service, cases)
                if page is None:
                    continue
                made.append(self._draft(uow, gap, page, [one.id for one in cases]))
        return made

    def _draft(
        self, uow: UnitOfWork, gap: Gap, page: tuple[str, str], cases: Sequence[str]
    ) -> Draft:
        slug, text = page
        now = self._clock.now()
        content = {
            "page": slug,
            "title": gap.family.alert,
            "version": 0,
            "problem": f"There is no runbook for {gap.family.alert}.",
            "text": text,
            "incident": "",
            "by": "",
            "from": list(cases),
        }
        draft = uow.drafts.add(
            Draft(
                kind=DraftKind.RUNBOOK_EDIT,
                subject=slug,
                content=content,
                made_by=SYSTEM.key,
                made_at=now,
            )
        )
        uow.audit.append(
            at=now,
            actor=SYSTEM.key,
            action="runbook_edit.proposed",
            subject=slug,
            data={"draft": draft.id, "from": list(cases)},
        )
        return draft


def _cases(uow: UnitOfWork, ids: Sequence[str]) -> Iterator[PastIncident]:
    """The records of the last ids: what a family lived through long ago is not looked through."""
    for one in ids[-_MOST_CASES:]:
        found = uow.knowledge.get(one)
        if isinstance(found, PastIncident):
            yield found


def _was_made(uow: UnitOfWork, page: str) -> bool:
    if uow.knowledge.get(page) is not None:
        return True
    before = uow.drafts.about(DraftKind.RUNBOOK_EDIT, page)
    return any(one.made_by == SYSTEM.key for one in before)


def _from_incidents(uow: UnitOfWork, editor: Editor, since: datetime) -> dict[AlertFamily, _Known]:
    incidents = {
        one.id: one for one in uow.incidents.opened_since(since) if editor.may_see(one.visibility)
    }
    known: dict[AlertFamily, _Known] = {}
    of_incident: dict[int, set[AlertFamily]] = defaultdict(set)
    counted: Counter[tuple[AlertFamily, int]] = Counter()
    for firing in uow.incidents.firings(list(incidents)):
        incident = incidents.get(firing.incident_id)
        if incident is None or not firing.alert:
            continue
        family = family_of(firing.alert, incident.service, incident.environment)
        one = known.setdefault(family, _Known(firing.alert))
        counted[family, incident.id] += 1
        one.times += counted[family, incident.id] == 1
        of_incident[incident.id].add(family)
    for outcome in uow.suggestions.outcomes_since(since):
        for family in of_incident.get(outcome.incident_id or 0, ()):
            known[family].cited.update(outcome.runbooks)
    for word in uow.corrections.list(_MOST_WORDS):
        for family in of_incident.get(word.incident_id, ()):
            _vote(known[family].votes, word)
    for name, service, environment, url in uow.alerts.runbook_urls(_MOST_ALERTS):
        family = family_of(name, service, environment)
        if url and family in known:
            known[family].urls[url] = None
    return known


def _vote(votes: dict[str, Votes], word: Correction) -> None:
    if word.revoked_at is not None:
        return
    before = votes.get(word.document_id, Votes())
    if word.word.is_for:
        votes[word.document_id] = replace(before, helpful=before.helpful + 1)
    else:
        votes[word.document_id] = replace(before, not_helpful=before.not_helpful + 1)


def _add_records(known: dict[AlertFamily, _Known], records: Iterable[RecordLine]) -> None:
    """Past incidents count for the families of their alerts that are known, in any environment;
    where none is, they are a family of their own."""
    by_name: dict[tuple[str, str | None], list[AlertFamily]] = defaultdict(list)
    for family in known:
        by_name[family.name, family.service].append(family)
    for record in records:
        if not record.state.is_served:
            continue
        service = record.services[0] if record.services else None
        for alert in record.alerts:
            name = normalised_name(alert)
            families = by_name[name, service]
            if not families:
                family = AlertFamily(name, service, None)
                known[family] = _Known(alert)
                families.append(family)
            for family in families:
                known[family].records.append(record.id)


def _add_rules(
    known: dict[AlertFamily, _Known], rules: Iterable[AlertRule], catalogue: Catalogue
) -> None:
    """A rule is about the families of its name; a service that it names narrows that down."""
    for rule in rules:
        name = normalised_name(rule.name)
        service = catalogue.resolve(rule.labels, rule.name).service
        about = [
            family
            for family in known
            if family.name == name and (service is None or family.service in (service, None))
        ]
        if not about:
            family = AlertFamily(name, service, None)
            known[family] = _Known(rule.name)
            about = [family]
        for family in about:
            known[family].files[rule.file] = None
            if rule.runbook_url:
                known[family].urls[rule.runbook_url] = None


def _family(key: AlertFamily, one: _Known) -> Family:
    return Family(
        name=key.name,
        alert=one.alert,
        service=key.service,
        environment=key.environment,
        times=one.times,
        incidents=tuple(one.records),
        cited=frozenset(one.cited),
        votes=one.votes,
        runbook_urls=tuple(one.urls),
        rule_files=tuple(one.files),
    )


def _words(corrections: Iterable[Correction]) -> Mapping[str, Sequence[Word]]:
    said: dict[str, list[Word]] = defaultdict(list)
    for one in corrections:
        if one.revoked_at is None and not one.word.is_constraint:
            said[one.document_id].append(Word(one.at, one.word.is_for))
    return said
