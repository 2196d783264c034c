"""Which alert families have a runbook that helps, and which pages nobody ever gets. Pure.

What is known of alerts and answers is given as values; `bot.drafts.coverage` gathers them.
"""

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
    gaps = [gap for one in known if (gap := _gap(one, own, normalised)) is not None]
    gaps.sort(key=lambda gap: (-gap.family.times, gap.family.alert, gap.family.service or ""))
    return Coverage(
        families=len(known),
        covered=len(known) - len(gaps),
        gaps=tuple(gaps),
        broken_urls=tuple(_broken(known, own)),
        never_retrieved=tuple(sorted(one.id for one in own if one.id not in retrieved)),
    )


def _gap(
    family: Family, pages: Sequence[RunbookLine], normalised: Mapping[str, frozenset[str]]
) -> Gap | None:
    own = {one.id for one in pages}
    about = {
        one.id
        for one in pages
        if family.name in normalised.get(one.id, ())
        and (not one.services or family.service is None or family.service in one.services)
    }
    linked = {page.id for url in family.runbook_urls if (page := page_at(url, pages)) is not None}
    found = about | linked | (family.cited & own)
    if not found:
        return Gap(GapKind.NO_RUNBOOK, family)
    votes = [family.votes.get(page, Votes()) for page in found]
    is_useless = any(one.not_helpful for one in votes) and not any(one.helpful for one in votes)
    return Gap(GapKind.NOT_HELPFUL, family, tuple(sorted(found))) if is_useless else None


def _broken(families: Sequence[Family], pages: Sequence[RunbookLine]) -> Iterable[BrokenUrl]:
    seen: set[tuple[str, str]] = set()
    for family in families:
        for url in family.runbook_urls:
            if (family.alert, url) not in seen and page_at(url, pages) is None:
                seen.add((family.alert, url))
                yield BrokenUrl(family.alert, url, family.rule_files)


def page_at(url: str, pages: Iterable[RunbookLine]) -> RunbookLine | None:
    """The page that an address leads to: by the page's own address, else by its id at the end
    of the path; the longest id wins."""
    plain = url.partition("#")[0].rstrip("/")
    path = unquote(urlsplit(plain).path).strip("/")
    for suffix in _SUFFIXES:
        path = path.removesuffix(suffix)
    ending = [
        one
        for one in pages
        if (one.url or "").partition("#")[0].rstrip("/") == plain
        or path == one.id
        or path.endswith(f"/{one.id}")
    ]
    return max(ending, key=lambda one: (one.url == plain, len(one.id)), default=None)
