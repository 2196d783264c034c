"""Which incident a channel was made for, from what is said in it. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bot.alerts.model import Alert
from bot.channels.rules import named_at, source_at
from bot.incidents.model import Incident
from bot.services.catalogue import Catalogue

RECENT = timedelta(hours=12)
"""How old an incident may be that is found by its service or by its title alone."""
_KEY = re.compile(r"(?<![A-Za-z0-9])RCL[-_ ]?([1-9][0-9]{0,17})(?![0-9])", re.IGNORECASE | re.ASCII)
_WORD = re.compile(r"[^\W_]+")
_LEAST_WORD = 4
_LEAST_SHARED = 2
_TITLE = 200


class Ground(IntEnum):
    """Why an incident fits, the strongest first."""

    KEY = 0
    LINK = 1
    ALERT = 2
    SERVICE = 3
    TITLE = 4

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Ground.KEY: "its number is named here",
    Ground.LINK: "the address of its alert is named here",
    Ground.ALERT: "its alert is named here",
    Ground.SERVICE: "it is of the service that is named here, and recent",
    Ground.TITLE: "its title is much like what is said here, and it is recent",
}


@dataclass(frozen=True, slots=True)
class RoomWords:
    """What is said in a channel, as plain and redacted text. `messages` oldest first."""

    name: str
    topic: str = ""
    purpose: str = ""
    messages: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        """Every text, the most telling first."""
        return iter((self.name, self.topic, self.purpose, *self.messages))


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One that is not over, with its alerts."""

    incident: Incident
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """The incident that fits best, on which ground, and the others that fit on the same."""

    incident: Incident
    ground: Ground
    others: tuple[Incident, ...] = ()


def keys_in(words: RoomWords) -> tuple[str, ...]:
    """The incidents' keys that are named, in the order of RoomWords, each once."""
    found = (f"RCL-{match[1]}" for text in words for match in _KEY.finditer(text))
    return tuple(dict.fromkeys(found))


def best_fit(
    words: RoomWords, candidates: Sequence[OpenIncident], catalogue: Catalogue, now: datetime
) -> Fit | None:
    """The incident that the channel is about; None when none fits.

    The strongest ground wins. Within one: a key in the order in which the keys are named, all
    else the incident that opened last.
    """
    keys = keys_in(words)
    services = services_named(words, catalogue)
    ranked: list[tuple[Ground, Incident]] = []
    for one in candidates:
        ground = _ground(one, words, keys, services, now)
        if ground is not None:
            ranked.append((ground, one.incident))
    if not ranked:
        return None
    best = min(ground for ground, _ in ranked)
    fitting = [incident for ground, incident in ranked if ground is best]
    if best is Ground.KEY:
        fitting.sort(key=lambda incident: keys.index(incident.key))
    else:
        fitting.sort(key=lambda incident: (incident.opened_at, incident.id), reverse=True)
    return Fit(fitting[0], best, tuple(fitting[1:]))


def _ground(
    one: OpenIncident,
    words: RoomWords,
    keys: Sequence[str],
    services: Sequence[str],
    now: datetime,
) -> Ground | None:
    incident = one.incident
    texts = [text.lower() for text in words]
    if incident.key in keys:
        return Ground.KEY
    if any(source_at(text, alert) for text in texts for alert in one.alerts):
        return Ground.LINK
    if any(named_at(text, alert) for text in texts for alert in one.alerts):
        return Ground.ALERT
    if now - incident.opened_at > RECENT:
        return None
    if incident.service is not None and incident.service in services:
        return Ground.SERVICE
    return Ground.TITLE if _is_alike(incident.title, words) else None


def _is_alike(title: str, words: RoomWords) -> bool:
    """Whether half of a title's longer words, and two at least, are said in the channel."""
    wanted = _long_words(title)
    said = {word for text in words for word in _long_words(text)}
    shared = len(wanted & said)
    return shared >= _LEAST_SHARED and 2 * shared >= len(wanted)


def _long_words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if len(word) >= _LEAST_WORD}


def services_named(words: RoomWords, catalogue: Catalogue) -> tuple[str, ...]:
    """The declared services that are named, by name or alias, the most telling text first."""
    spelt = [
        (_spaced(name), service.name)
        for service in catalogue.services.values()
        for name in (service.name, *service.aliases)
    ]
    # Of "orders-db" and "orders" the longer one is meant where it stands.
    spelt.sort(key=lambda pair: len(pair[0]), reverse=True)
    found: list[str] = []
    for text in words:
        left = _spaced(text)
        here: list[tuple[int, str]] = []
        for name, service in spelt:
            at = left.find(name)
            if len(name.strip()) >= _LEAST_WORD and at >= 0:
                here.append((at, service))
                left = left.replace(name, " " + "·" * (len(name) - 2) + " ")
        found += [service for _, service in sorted(here)]
    return tuple(dict.fromkeys(found))


def _spaced(text: str) -> str:
    """Only words, one space before each and one at the end: words are found as whole ones."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def title_of_room(words: RoomWords, pattern: re.Pattern[str]) -> str:
    """What an incident of a channel's own is called: the topic, else the purpose, else the
    channel's name without what the pattern matches at its beginning."""
    for text in (words.topic, words.purpose):
        if text.strip():
            return " ".join(text.split())[:_TITLE]
    start = pattern.match(words.name)
    rest = words.name[start.end() :] if start is not None else words.name
    spoken = " ".join(rest.replace("_", "-").replace("-", " ").split())
    return (spoken or words.name)[:_TITLE]


def environment_named(words: RoomWords, catalogue: Catalogue) -> str | None:
    """The declared environment that is named, where just one is."""
    found = {
        name
        for name in catalogue.environments
        if any(_spaced(name) in _spaced(text) for text in words)
    }
    return found.pop() if len(found) == 1 else None
