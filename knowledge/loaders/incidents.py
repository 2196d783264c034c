"""Files of past incidents, whatever their format: detected by content, read by its loader.

Of Markdown pages a whole folder will do as well.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from knowledge.errors import BadDocument
from knowledge.loaders import incident_pages, incidents_csv, incidents_jsonl, pagerduty
from knowledge.loaders.exported import TOOLS, reading
from knowledge.loaders.files import read_capped, text_encoding
from knowledge.loaders.mapping import ColumnMapping
from knowledge.loaders.outcome import Outcomes
from knowledge.model import DocumentState

_LOOK_AT = 1 << 20
_MAX_JSON_BYTES = 256 * 1024 * 1024


class IncidentFormat(StrEnum):
    AUTO = "auto"
    JSONL = "jsonl"
    CSV = "csv"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    JIRA = "jira"
    SERVICENOW = "servicenow"
    INCIDENT_IO = "incident-io"
    FIREHYDRANT = "firehydrant"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """A file that is ready to be loaded. `mapping` is None where the format has fixed fields."""

    path: Path
    format: IncidentFormat
    mapping: ColumnMapping | None
    explicit: Mapping[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """The same for files whose columns are the same: what a chosen mapping is kept under. ""
        where there is nothing to choose."""
        if self.mapping is None:
            return ""
        if self.format.value in TOOLS:
            return self.format.value
        columns = sorted({*self.mapping.chosen.values(), *self.mapping.unused})
        digest = hashlib.sha256("\0".join(columns).encode("utf-8", "replace")).hexdigest()
        return f"{self.format.value}:{digest[:32]}"

    def load(self, *, state: DocumentState = DocumentState.CONFIRMED) -> Outcomes:
        """Raises BadDocument when the file as a whole turns out to be unusable."""
        if self.format is IncidentFormat.MARKDOWN:
            return incident_pages.load(self.path, state=state)
        if self.format.value in TOOLS:
            return reading.load(self.path, self.format.value, self.explicit, state=state)
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
    if chosen.value in TOOLS:
        shown = reading.preview(path, chosen.value, explicit)
        return IncidentFile(path, chosen, shown, dict(explicit or {}))
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
        columns = incidents_csv.header(path, repeats=True)
        tool = reading.recognise_header(columns)
        if tool is not None:
            return IncidentFormat(tool)
        is_pagerduty = pagerduty.recognises_header(columns)
        return IncidentFormat.PAGERDUTY if is_pagerduty else IncidentFormat.CSV
    tool = _tool(path, start)
    if tool is not None:
        return IncidentFormat(tool)
    first = _object(start.split("\n", 1)[0])
    if first is not None and not _is_pagerduty(first):
        return IncidentFormat.JSONL
    return IncidentFormat.PAGERDUTY


def _tool(path: Path, start: str) -> str | None:
    """The tool that a JSON file is an export of, by its first record."""
    document: object = _object(start.split("\n", 1)[0])
    if document is None:
        try:
            raw = read_capped(path, _MAX_JSON_BYTES)
            document = json.loads(raw.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError, BadDocument):
            return None
    names = [name for tool in TOOLS for name in reading.mapping_of(tool).lists]
    found = reading.records_in(document, names)
    records = [document] if found is None else found
    record = next((one for one in records if isinstance(one, dict)), None)
    return reading.recognise(record) if record is not None else None


def _object(line: str) -> Mapping[str, object] | None:
    """The object on a line; None when it goes on below, as in a pretty-printed document."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_pagerduty(value: Mapping[str, object]) -> bool:
    return "incidents" in value or "incident" in value or "incident_number" in value
