"""A mapping at work: a body and what the mapping file says, and alerts or changes come out."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from bot.alerts.changes import Change, ChangeStatus
from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import shown
from bot.alerts.lenient import (
    first,
    is_placeholder,
    joined,
    labels_of,
    links_of,
    moment,
)
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import MAX_ALERTS, kind_of, severity_of
from bot.alerts.sources.expressions import Expression, Look
from bot.alerts.sources.mapping_file import AlertPart, ChangePart, MappingFile
from bot.errors import BadPayload, NotAnAlert

_CHANGE_WORDS: Mapping[str, ChangeStatus] = {
    **{status.value: status for status in ChangeStatus},
    "created": ChangeStatus.SUCCEEDED,
    "updated": ChangeStatus.SUCCEEDED,
    "deleted": ChangeStatus.SUCCEEDED,
    "success": ChangeStatus.SUCCEEDED,
    "successful": ChangeStatus.SUCCEEDED,
    "failure": ChangeStatus.FAILED,
    "error": ChangeStatus.FAILED,
    "started": ChangeStatus.RUNNING,
    "in_progress": ChangeStatus.RUNNING,
    "canceled": ChangeStatus.CANCELLED,
}


class Mapped:
    """One mapping, compiled. `alerts` and `changes` are pure and raise BadPayload alone."""

    def __init__(self, name: str, file: MappingFile) -> None:
        self._name = name
        self._file = file
        self._each = Expression(file.each) if file.each else None
        self._when = Expression(file.when) if file.when else None
        self._unless = Expression(file.unless) if file.unless else None
        self._compiled: dict[str, Expression] = {}

    def alerts(self, payload: object) -> list[Alert]:
        """The alerts of a body, in its order."""
        part = self._file.alert
        if part is None:
            raise NotAnAlert(f"{self._file.title} sends changes, not alerts")
        look = Look(payload)
        return [
            _OneAlert(self, part, entry, look, path).read()
            for path, entry in self._entries(payload, look)
        ]

    def changes(self, payload: object) -> list[Change]:
        """The changes of a body, in its order."""
        part = self._file.change
        if part is None:
            raise NotAnAlert(f"{self._file.title} sends alerts, not changes")
        look = Look(payload)
        return [
            self._change(part, entry, look, path) for path, entry in self._entries(payload, look)
        ]

    def _entries(self, payload: object, look: Look) -> list[tuple[str, object]]:
        if not isinstance(payload, dict | list) or not payload:
            raise BadPayload(f"$ is {kind_of(payload)}; a body of {self._file.title} is expected")
        entries: list[tuple[str, object]] = [("$", payload)]
        if self._each is not None:
            found = self._each.find(payload, look)
            if isinstance(found, dict):
                found = [found]
            if not isinstance(found, list) or not found:
                raise BadPayload(f"$ has nothing at {shown(self._each.written)}")
            entries = [(f"$[{index}] of each", entry) for index, entry in enumerate(found)]
        if len(entries) > MAX_ALERTS:
            raise BadPayload(f"$ has {len(entries)} entries; {MAX_ALERTS} is the most")
        return self._wanted(entries, look)

    def _wanted(self, entries: list[tuple[str, object]], look: Look) -> list[tuple[str, object]]:
        if self._when is not None:
            kept = [one for one in entries if _says(self._when.find(one[1], look))]
            if not kept:
                raise BadPayload(
                    f"$ is no body of {self._file.title}: nothing at {shown(self._when.written)}"
                )
            entries = kept
        if self._unless is not None:
            unless = self._unless
            entries = [one for one in entries if not _says(unless.find(one[1], look))]
            if not entries:
                raise NotAnAlert(
                    f"$ tells of no alert: {shown(unless.written)} says that it is something else"
                )
        return entries

    def values(self, ways: Sequence[str], entry: object, look: Look) -> list[Any]:
        """What each of `ways` finds, in order."""
        return [self._expression(way).find(entry, look) for way in ways]

    def text(self, ways: Sequence[str], entry: object, look: Look) -> str:
        """The first of `ways` that finds a text; a placeholder only where there is no other."""
        fallback = ""
        for way in ways:
            value = self._expression(way).find(entry, look)
            # `a == 'x' && b` finds false where a is something else.
            found = joined(value) if value is not False else ""
            if found and not is_placeholder(found):
                return found
            fallback = fallback or found
        return fallback

    def _expression(self, written: str) -> Expression:
        found = self._compiled.get(written)
        if found is None:
            found = self._compiled[written] = Expression(written)
        return found

    def _change(self, part: ChangePart, entry: object, look: Look, path: str) -> Change:
        service = self.text(part.service, entry, look)
        if not service:
            raise BadPayload(f"{path}: nothing for `service` at {_ways(part.service)}")
        identity = [joined(value) for value in self.values(part.key, entry, look)]
        if not any(identity):
            raise BadPayload(f"{path}: nothing for `key` at {_ways(part.key)}")
        word = self.text(part.status, entry, look).lower()
        moments = [moment(value) for value in self.values(part.at, entry, look)]
        status = _CHANGE_WORDS.get(word, ChangeStatus.SUCCEEDED)
        environment = self.text(part.environment, entry, look)
        return Change(
            source=self._name,
            key=fingerprint_of_key(self._name, "/".join(identity)),
            service=service,
            environment=environment,
            version=self.text(part.version, entry, look),
            status=status,
            at=next((one for one in moments if one), None),
            actor=self.text(part.actor, entry, look),
            summary=self.text(part.summary, entry, look) or f"{service}: {word or status}",
            links=links_of(
                *((title, self.text(ways, entry, look)) for title, ways in part.links.items())
            ),
        )

    @property
    def name(self) -> str:
        return self._name


class _OneAlert:
    """One entry of a body on its way to an alert."""

    __slots__ = ("_entry", "_look", "_mapped", "_part", "_path")

    def __init__(
        self, mapped: Mapped, part: AlertPart, entry: object, look: Look, path: str
    ) -> None:
        self._mapped = mapped
        self._part = part
        self._entry = entry
        self._look = look
        self._path = path

    def read(self) -> Alert:
        part, source = self._part, self._mapped.name
        name = self._text(part.name)
        if not name:
            raise BadPayload(f"{self._path}: nothing for `name` at {_ways(part.name)}")
        status = self._status()
        labels = self._labels()
        changed = self._moment(part.changed_at)
        resolved = status is AlertStatus.RESOLVED
        return Alert(
            source=source,
            fingerprint=self._identity(name, labels),
            name=name,
            status=status,
            severity=self._severity(),
            starts_at=self._moment(part.starts_at) or (None if resolved else changed),
            ends_at=(self._moment(part.ends_at) or changed) if resolved else None,
            summary=first(self._text(part.summary)) or name,
            description=first(self._text(part.description)),
            labels=labels,
            links=links_of(*((title, self._text(ways)) for title, ways in part.links.items())),
            group_key=first(self._text(part.group_key)) or None,
        )

    def _text(self, ways: Sequence[str]) -> str:
        return self._mapped.text(ways, self._entry, self._look)

    def _moment(self, ways: Sequence[str]) -> Any:
        found = (moment(value) for value in self._mapped.values(ways, self._entry, self._look))
        return next((one for one in found if one), None)

    def _status(self) -> AlertStatus:
        part = self._part.status
        word = first(self._text(part.of)).lower()
        if word in part.resolved:
            return AlertStatus.RESOLVED
        if word in part.firing:
            return AlertStatus.FIRING
        if part.otherwise == "refuse":
            raise BadPayload(
                f"{self._path}: `status` at {_ways(part.of)} is {shown(word)}; "
                f"{', '.join((*part.firing, *part.resolved))} are expected"
            )
        return AlertStatus(part.otherwise)

    def _severity(self) -> Severity:
        part = self._part.severity
        table = part.table()
        for way in part.of:
            word = first(self._text((way,)))
            if word:
                known = table.get(word.lower(), severity_of(word))
                if known is not Severity.UNKNOWN:
                    return known
        return Severity.UNKNOWN

    def _labels(self) -> dict[str, str]:
        part = self._part.labels
        named = {name: self._text(ways) for name, ways in part.named.items()}
        taken = self._mapped.values(part.take, self._entry, self._look)
        found = labels_of(named, *taken)
        for name in part.drop:
            found.pop(name, None)
        return found

    def _identity(self, name: str, labels: Mapping[str, str]) -> str:
        part, source = self._part, self._mapped.name
        key = [joined(one) for one in self._mapped.values(part.key, self._entry, self._look)]
        if any(one and not is_placeholder(one) for one in key):
            return fingerprint_of_key(source, "/".join(key))
        if part.identity_labels:
            labels = {label: labels.get(label, "") for label in part.identity_labels}
        return fingerprint_of_labels(source, name, labels)


def _says(value: object) -> bool:
    """JMESPath's own idea of true: not null, false, or empty."""
    return not (value is None or value is False or value in ("", [], {}))


def _ways(ways: Sequence[str]) -> str:
    return shown(" or ".join(ways), 120)


def source_name(file_name: str) -> str:
    """The name of the source that a mapping file makes."""
    return PurePath(file_name).stem
