"""Catalogue: from an alert's labels to a service and an environment; and who depends on whom."""

import re
from collections.abc import Collection, Mapping, Sequence

from bot.services.labels import (
    CLUSTER_LABELS,
    ENVIRONMENT_LABELS,
    NAMING_LABELS,
    PLACE_LABELS,
    SERVICE_LABELS,
    environment_word,
    first_value,
    is_exporter,
)
from bot.services.model import Resolution, Service

_NOT_WORD = re.compile(r"[\W_]+")
_NAME = re.compile(r"[\w][\w./-]*")
_LEAST_PREFIX = 4


class Catalogue:
    """The services and environments a team declared. Empty is fine: labels then speak alone."""

    def __init__(self, services: Sequence[Service] = (), environments: Sequence[str] = ()) -> None:
        self.services: Mapping[str, Service] = {service.name: service for service in services}
        self.environments = tuple(environments)
        self._by_name: dict[str, str] = {}
        for service in services:
            for name in (service.name, *service.aliases):
                self._by_name[name.strip().lower()] = service.name
        self._by_squashed = {_squash(name): service for name, service in self._by_name.items()}
        self._environments = {environment_word(name): name for name in environments}

    def resolve(self, labels: Mapping[str, str], name: str = "") -> Resolution:
        """What an alert with these labels, called `name`, is about; None where nothing says.

        A label that names a declared service (or an alias of one) comes first; then labels
        that exist to name services, whatever they say; then an alert name that begins with a
        declared service; then where it runs.
        """
        service, via = self._service(labels, name)
        environment, cluster = self._environment(labels)
        return Resolution(service=service, environment=environment, cluster=cluster, via=via)

    def named_in_text(self, text: str) -> Resolution:
        """The one declared service, and the one declared environment, that free words name by
        their whole names or aliases; None where they name none, or several."""
        words = {word.strip("/._-") for word in _NAME.findall(text.lower())}
        services = {self._by_name[word] for word in words if word in self._by_name}
        environments = {name for word, name in self._environments.items() if word in words} or {
            self._environments[said]
            for word in words
            if (said := environment_word(word)) in self._environments
        }
        return Resolution(
            service=next(iter(services)) if len(services) == 1 else None,
            environment=next(iter(environments)) if len(environments) == 1 else None,
        )

    def named_among(self, words: Collection[str]) -> frozenset[str]:
        """The declared services that these words (in lower case) name; not by a name that is a
        plain word, which cannot be told from the word."""
        return frozenset(
            service
            for word in words
            if not word.isalpha() and (service := self._by_name.get(word)) is not None
        )

    def depends(self, one: str, other: str) -> bool:
        """Whether `one` declares that it depends on `other`."""
        service = self.services.get(one)
        return service is not None and other in service.depends_on

    def _service(self, labels: Mapping[str, str], name: str) -> tuple[str | None, str]:
        for label in SERVICE_LABELS:
            declared = self._by_name.get(labels.get(label, "").strip().lower())
            if declared:
                return declared, label
        own = {label: value for label, value in labels.items() if not is_exporter(value.strip())}
        stated = first_value(own, NAMING_LABELS)
        if stated is None and (declared := self._named_in(name)):
            return declared, "alert name"
        found = stated or first_value(own, PLACE_LABELS)
        return (found[1], found[0]) if found else (None, "")

    def _named_in(self, name: str) -> str | None:
        squashed = _squash(name)
        fitting = [
            start
            for start in self._by_squashed
            if len(start) >= _LEAST_PREFIX and squashed.startswith(start)
        ]
        return self._by_squashed[max(fitting, key=len)] if fitting else None

    def _environment(self, labels: Mapping[str, str]) -> tuple[str | None, str | None]:
        stated = first_value(labels, ENVIRONMENT_LABELS)
        placed = first_value(labels, CLUSTER_LABELS)
        cluster = placed[1] if placed else None
        if stated is None:
            return self._of_cluster(cluster), cluster
        word = environment_word(stated[1])
        if "/" in word:
            return self._environments.get(word, word), cluster or word.partition("/")[2]
        whole = f"{word}/{cluster.lower()}" if cluster else word
        for candidate in (whole, word):
            if candidate in self._environments:
                return self._environments[candidate], cluster
        return whole, cluster

    def _of_cluster(self, cluster: str | None) -> str | None:
        """A cluster alone names its environment if one declared environment has it."""
        if cluster is None:
            return None
        lowered = cluster.lower()
        fitting = [
            name
            for word, name in self._environments.items()
            if word == lowered or word.endswith(f"/{lowered}") or word.replace("/", "-") == lowered
        ]
        return fitting[0] if len(fitting) == 1 else lowered


def _squash(name: str) -> str:
    return _NOT_WORD.sub("", name).lower()
