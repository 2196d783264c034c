"""Trace: what one kind of alert shows of a problem, and how two of them hang together. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.incidents.telling import Telling

NODE_LABELS = ("node", "kubernetes_node", "nodename", "node_name", "host", "hostname", "Node")
"""Labels that name the machine; `instance` and `pod` name one process on it."""
SHARED_NAMESPACES = frozenset({"default", "kube-system", "monitoring", "istio-system"})
"""Namespaces that say nothing of what belongs together."""
LEAST_ALIKE = 0.5
_TOKEN = re.compile(r"[^\s,;()\[\]{}\"'<>=]+")
_LEAST_IDENTIFIER = 5
_MOST_CHARACTERS = 600

Depends = Callable[[str, str], bool]
"""Whether the first service declares that it needs the second."""


def nothing_told(one: str, other: str) -> bool:
    """Of `Depends`, where no text of alerts is known."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One kind of alert of one service, at the time it was seen last. `words` are those of its
    text in lower case; `is_post`: it was read out of what a tool posted; `telling`: whether it is
    about the service itself or about how it does its work."""

    name: str
    service: str | None
    at: datetime
    node: str | None = None
    namespace: str | None = None
    words: frozenset[str] = frozenset()
    is_post: bool = False
    telling: Telling = Telling.FEELS


def namespace_of(labels: Mapping[str, str]) -> str | None:
    """The Kubernetes namespace that an alert's labels name; None for one that all share."""
    value = labels.get("namespace", "").strip().lower()
    return None if value in SHARED_NAMESPACES else value or None


def node_of(labels: Mapping[str, str]) -> str | None:
    """The machine that an alert's labels name."""
    for label in NODE_LABELS:
        value = labels.get(label, "").strip().lower()
        if value:
            return value
    return None


def words_of(*texts: str) -> frozenset[str]:
    """The words of texts, punctuation at their ends taken off."""
    whole = " ".join(texts)[:_MOST_CHARACTERS].lower()
    return frozenset(word for token in _TOKEN.findall(whole) if (word := token.strip(".:!?-/")))


def names(words: frozenset[str], service: str | None) -> bool:
    """Whether a text speaks of a service by its whole name. One that is a plain word (`search`)
    cannot be told from the word."""
    return service is not None and not service.isalpha() and service.lower() in words


def alike(one: Trace, other: Trace) -> tuple[float, str] | None:
    """How alike two texts are (0 to 1), and what both speak of; None where that tells nothing.

    Two services' alerts of one rule share a template, so likeness counts only where both name
    the same particular thing: an address, a host, an error code.
    """
    own = {word for each in (one.service, other.service, one.node, other.node) if each
           for word in (each.lower(),)}  # fmt: skip
    mine, theirs = one.words - own, other.words - own
    shared = mine & theirs
    particular = sorted(word for word in shared if _is_particular(word))
    if not particular:
        return None
    likeness = len(shared) / len(mine | theirs)
    return (likeness, particular[0]) if likeness >= LEAST_ALIKE else None


def _is_particular(word: str) -> bool:
    has_letter = any(letter.isalpha() for letter in word)
    has_mark = any(letter.isdigit() or letter in ".:/_" for letter in word)
    is_address = word.count(".") == 3 or ":" in word
    return len(word) >= _LEAST_IDENTIFIER and has_mark and (has_letter or is_address)


def hops(start: str | None, service: str, others: Iterable[str], depends: Depends) -> int | None:
    """Declared dependencies, in either direction, from `start` to `service` through `others`;
    None where they do not connect."""
    if start is None:
        return None
    left = {*others, service} - {start}
    border, count = {start}, 0
    while border:
        if service in border:
            return count
        reached = {
            one for one in left for here in border if depends(one, here) or depends(here, one)
        }
        left -= reached
        border, count = reached, count + 1
    return None
