"""Several causes that fit: what each one's records say, and what to look at to tell them apart."""

from collections.abc import Sequence

from bot.suggestions.citing import first_check
from bot.suggestions.model import Cause, Citation, Step
from bot.suggestions.words import first_line, trimmed
from knowledge.index.source import KnowledgeSource
from knowledge.model import PastIncident, Query, Runbook
from knowledge.retrieve.causes import CauseGroup, Telling
from knowledge.retrieve.pages import page_for
from knowledge.retrieve.retriever import Retriever

MOST_CAUSES = 5
_TOLD = 120
"""Characters of a line to look for."""

CAUSES_NOT_RECORDED = "cause not recorded"


class CauseReader:
    """Reads causes for one query; pages that its readers may not see play no part."""

    def __init__(self, retriever: Retriever, source: KnowledgeSource, query: Query) -> None:
        self._retriever = retriever
        self._source = source
        self._query = query

    def causes(self, groups: Sequence[CauseGroup]) -> tuple[Cause, ...]:
        """The causes as shown, the likeliest first; what evidence and frequency say together."""
        ordered = sorted(groups, key=lambda group: -group.probability * group.share)[:MOST_CAUSES]
        leads = [group.incident_ids[0] for group in ordered]
        records = {
            document.id: document
            for document in self._source.documents(leads)
            if isinstance(document, PastIncident)
        }
        made: list[Cause] = []
        for group in ordered:
            record = records.get(group.incident_ids[0])
            if record is not None:
                made.append(self._cause(group, record, [cause.check for cause in made]))
        return tuple(made)

    def check_first(self) -> Step | None:
        """The first check of the alert's own page, where the alert has one."""
        link = self._query.runbook_url
        page_id = self._retriever.page_at(link, self._query) if link else None
        page = self._page(page_id)
        return first_check(page, self._query.labels) if page is not None else None

    def page_for(self, record: PastIncident) -> str | None:
        """The page that helped then, else the one nearest to the recorded cause."""
        return page_for(self._retriever, record, self._query)

    def _cause(self, group: CauseGroup, record: PastIncident, told: Sequence[str]) -> Cause:
        """Its check comes from the page, or from the record where the page's is another's too."""
        page = self._page(self.page_for(record))
        step = first_check(page, self._query.labels) if page is not None else None
        if step is not None and step.text not in told:
            check, citation = step.text, step.citation
        else:
            check = _look_for(group.telling[0]) if group.telling else first_line(record.symptom)
            citation = Citation(
                document_id=record.id, version=record.version, title=record.title, url=record.url
            )
        return Cause(
            summary=group.summary or CAUSES_NOT_RECORDED,
            incident_ids=group.incident_ids,
            share=group.share,
            check=check,
            citation=citation,
        )

    def _page(self, page_id: str | None) -> Runbook | None:
        if page_id is None:
            return None
        return next(
            (page for page in self._source.documents([page_id]) if isinstance(page, Runbook)), None
        )


def _look_for(telling: Telling) -> str:
    """ "look for “too many clients” in the logs: seen in INC-87, not in INC-31"."""
    text = f"“{trimmed(telling.text, _TOLD)}”"
    where = f"{telling.document_id}, not in {', '.join(telling.elsewhere[:MOST_CAUSES])}"
    if telling.kind == "line":
        return f"look for {text} in the logs: seen in {where}"
    if telling.kind == "neighbour":
        return f"see whether {text} fires as well: it did in {where}"
    return f"see whether {text} came before: it did in {where}"
