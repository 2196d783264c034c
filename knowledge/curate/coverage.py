"""Which alert families have a runbook that helps, and which pages nobody ever gets. Pure.

What is known of alerts and answers is given as values; `bot.drafts.coverage` gathers them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from knowledge.curate.model import RunbookLine
from knowledge.model import Origin

_SUFFIXES = (".md", ".markdown", ".html", ".htm")


@dataclass(frozen=True, slots=True)
class Votes:
    """Words of people on one page for one family."""

    helpful: int = 0
    not_helpful: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """An alert family as it is known: `name` is normalised, `alert` the name of one of its
    alerts, `times` how many incidents it opened (0: it stands in a rule file only), `incidents`
    ids of past incidents on record, `cited` the team's own pages that answers to it named,
    `votes` what people said of them, `runbook_urls` where its alerts point."""

    name: str
    alert: str
    service: str | None = None
    environment: str | None = None
    times: int = 0
    incidents: tuple[str, ...] = ()
    cited: frozenset[str] = frozenset()
    votes: Mapping[str, Votes] = field(default_factory=dict)
    runbook_urls: tuple[str, ...] = ()
    rule_files: tuple[str, ...] = ()


class GapKind(StrEnum):
    NO_RUNBOOK = "no_runbook"
    NOT_HELPFUL = "not_helpful"


@dataclass(frozen=True, slots=True)
class Gap:
    """A family without a page, or whose `pages` helped nobody who said a word on them."""

    kind: GapKind
    family: Family
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenUrl:
    """A `runbook_url` that leads to no page on record. Nothing was fetched to find out."""

    alert: str
    url: str
    rule_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """`families` is how many were looked at, `covered` how many have a page that helps or at
    least was not found useless. Gaps come with those that fired most first."""

    families: int
    covered: int
    gaps: tuple[Gap, ...]
    broken_urls: tuple[BrokenUrl, ...]
    never_retrieved: tuple[str, ...]

    @property
    def share(self) -> float | None:
        return self.covered / self.families if self.families else None


def coverage(
    families: Iterable[Family],
    pages: Iterable[RunbookLine],
    *,
    normalised: Mapping[str, frozenset[str]],
    retrieved: frozenset[str],
) -> Coverage:
    """Compare families with the team's own pages that are served; generic pages cover nothing.

    `normalised` gives each page's alert names in the families' form, `retrieved` the ids of pages
    that any answer ever named.
    """
    own = [one for one in pages if one.state.is_served and one.origin is Origin.TEAM]
    known = list(families)
    shelf = Shelf(own, normalised)
    gaps = [gap for one in known if (gap := _gap(one, shelf)) is not None]
    gaps.sort(key=lambda gap: (-gap.family.times, gap.family.alert, gap.family.service or ""))
    return Coverage(
        families=len(known),
        covered=len(known) - len(gaps),
        gaps=tuple(gaps),
        broken_urls=tuple(_broken(known, shelf)),
        never_retrieved=tuple(sorted(one.id for one in own if one.id not in retrieved)),
    )


class Shelf:
    """The pages by what leads to them: thousands of families ask for theirs among thousands."""

    def __init__(
        self, pages: Iterable[RunbookLine], normalised: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self.by_id = {one.id: one for one in pages}
        self._by_url: dict[str, RunbookLine] = {}
        self._by_alert: dict[str, list[RunbookLine]] = defaultdict(list)
        for one in self.by_id.values():
            if one.url:
                self._by_url.setdefault(_plain(one.url), one)
            for name in (normalised or {}).get(one.id, ()):
                self._by_alert[name].append(one)

    def about(self, family: Family) -> set[str]:
        """Ids of the pages that name the family's alert, for its service or for any."""
        return {
            one.id
            for one in self._by_alert.get(family.name, ())
            if not one.services or family.service is None or family.service in one.services
        }

    def page_at(self, url: str) -> RunbookLine | None:
        """The page that an address leads to: by the page's own address, else by its id at the end
        of the path; the longest id wins."""
        plain = _plain(url)
        if (named := self._by_url.get(plain)) is not None:
            return named
        path = unquote(urlsplit(plain).path).strip("/")
        for suffix in _SUFFIXES:
            path = path.removesuffix(suffix)
        parts = path.split("/")
        endings = ("/".join(parts[at:]) for at in range(len(parts)))
        return next((self.by_id[one] for one in endings if one in self.by_id), None)


def _plain(url: str) -> str:
    return url.partition("#")[0].rstrip("/")


def _gap(family: Family, shelf: Shelf) -> Gap | None:
    linked = {page.id for url in family.runbook_urls if (page := shelf.page_at(url)) is not None}
    found = shelf.about(family) | linked | (family.cited & shelf.by_id.keys())
    if not found:
        return Gap(GapKind.NO_RUNBOOK, family)
    votes = [family.votes.get(page, Votes()) for page in found]
    is_useless = any(one.not_helpful for one in votes) and not any(one.helpful for one in votes)
    return Gap(GapKind.NOT_HELPFUL, family, tuple(sorted(found))) if is_useless else None


def _broken(families: Sequence[Family], shelf: Shelf) -> Iterable[BrokenUrl]:
    seen: set[tuple[str, str]] = set()
    for family in families:
        for url in family.runbook_urls:
            if (family.alert, url) not in seen and shelf.page_at(url) is None:
                seen.add((family.alert, url))
                yield BrokenUrl(family.alert, url, family.rule_files)
