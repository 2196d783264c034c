"""Files of past incidents, whatever their format: detected by content, read by its loader.

Of Markdown pages a whole folder will do as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from knowledge.loaders import incident_pages, incidents_csv, incidents_jsonl, pagerduty
from knowledge.loaders.files import text_encoding
from knowledge.loaders.mapping import ColumnMapping
from knowledge.loaders.outcome import Outcomes
from knowledge.model import DocumentState

_LOOK_AT = 1 << 20


class IncidentFormat(StrEnum):
    AUTO = "auto"
    JSONL = "jsonl"
    CSV = "csv"
    PAGERDUTY = "pagerduty"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """A file that is ready to be loaded. `mapping` is None where the format has fixed fields."""

    path: Path
    format: IncidentFormat
    mapping: ColumnMapping | None

    def load(self, *, state: DocumentState = DocumentState.CONFIRMED) -> Outcomes:
        """Raises BadDocument when the file as a whole turns out to be unusable."""
        if self.format is IncidentFormat.MARKDOWN:
            return incident_pages.load(self.path, state=state)
        if self.mapping is None:
            return pagerduty.load(self.path, state=state)
        if self.format is IncidentFormat.JSONL:
            return incidents_jsonl.load(self.path, self.mapping, state=state)
        return incidents_csv.load(self.path, self.mapping, state=state)


def open_incidents(
    path: Path,
    format: IncidentFormat = IncidentFormat.AUTO,  # noqa: A002 - the option's name
    explicit: Mapping[str, str] | None = None,
) -> IncidentFile:
    """Detect the format if need be and choose the columns, so that both can be shown first.

    Raises BadDocument when the file is unusable or `explicit` names no field or column.
    """
    chosen = detect(path) if format is IncidentFormat.AUTO else format
    if chosen is IncidentFormat.MARKDOWN:
        return IncidentFile(path, chosen, None)
    if chosen is IncidentFormat.PAGERDUTY and not explicit:
        return IncidentFile(path, chosen, None)
    if chosen is IncidentFormat.JSONL:
        return IncidentFile(path, chosen, incidents_jsonl.preview(path, explicit))
    return IncidentFile(path, IncidentFormat.CSV, incidents_csv.preview(path, explicit))


def detect(path: Path) -> IncidentFormat:
    """The format by what the file holds, not by its name. Raises BadDocument for no text."""
    if path.is_dir():
        return IncidentFormat.MARKDOWN
    with path.open(encoding=text_encoding(path)) as file:
        start = file.read(_LOOK_AT).lstrip()
    if start.startswith("---\n"):
        return IncidentFormat.MARKDOWN
    if start[:1] not in ("{", "["):
        columns = incidents_csv.header(path)
        is_pagerduty = pagerduty.recognises_header(columns)
        return IncidentFormat.PAGERDUTY if is_pagerduty else IncidentFormat.CSV
    first = _object(start.split("\n", 1)[0])
    if first is not None and not _is_pagerduty(first):
        return IncidentFormat.JSONL
    return IncidentFormat.PAGERDUTY


def _object(line: str) -> Mapping[str, object] | None:
    """The object on a line; None when it goes on below, as in a pretty-printed document."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_pagerduty(value: Mapping[str, object]) -> bool:
    return "incidents" in value or "incident" in value or "incident_number" in value
