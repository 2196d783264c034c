"""Alerts of which no service or no environment is known: how many, and what would tell. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

WINDOW = timedelta(days=7)
"""How far back is looked where nothing else is said."""
MOST_READ = 2_000
"""Most unresolved alerts whose labels are looked at, the newest ones."""
SETS_SHOWN = 10
LABELS_SHOWN = 12
TOO_MANY = 0.2
"""Share from which on the doctor speaks of it: as a rule of thumb, not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """One alert without a service, or without an environment."""

    source: str
    name: str
    labels: Mapping[str, str]
    has_service: bool
    has_environment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedShare:
    """Alerts that began or ended within a time: all, without a service, without an environment, and
    without either or both (`unresolved`)."""

    alerts: int
    without_service: int
    without_environment: int
    unresolved: int

    @property
    def share(self) -> float:
        """Of the alerts, those that are unresolved; 0 where there are none."""
        return self.unresolved / self.alerts if self.alerts else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """Unresolved alerts of one source that carry labels of the same names. `missing` is what is
    not known of them: service, environment or both; `name` and `example` are one of them."""

    source: str
    missing: str
    labels: tuple[str, ...]
    alerts: int
    name: str
    example: Mapping[str, str]


def label_sets(found: Sequence[Unresolved], most: int = SETS_SHOWN) -> list[LabelSet]:
    """The commonest ones first; a rule for one of them would resolve all of its alerts."""
    counts: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    examples: dict[tuple[str, str, tuple[str, ...]], Unresolved] = {}
    for one in found:
        key = (one.source, _missing(one), tuple(sorted(one.labels)))
        counts[key] += 1
        examples.setdefault(key, one)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        LabelSet(
            source=source,
            missing=missing,
            labels=labels,
            alerts=number,
            name=examples[source, missing, labels].name,
            example=dict(sorted(examples[source, missing, labels].labels.items())),
        )
        for (source, missing, labels), number in ranked[:most]
    ]


def in_words(one: LabelSet) -> str:
    """ "zabbix, 12 alerts without service: host=web-1, trigger=9 (DiskFull)"."""
    shown = list(one.example.items())[:LABELS_SHOWN]
    labels = ", ".join(f"{name}={value[:60]}" for name, value in shown) or "no labels"
    more = len(one.example) - len(shown)
    rest = f" and {more} more" if more > 0 else ""
    plural = "" if one.alerts == 1 else "s"
    return (
        f"{one.source}, {one.alerts} alert{plural} without {one.missing}: "
        f"{labels}{rest} ({one.name})"
    )


def _missing(one: Unresolved) -> str:
    if one.has_service:
        return "environment"
    return "service" if one.has_environment else "service and environment"
