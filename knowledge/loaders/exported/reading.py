"""Past incidents from what other tools export, by a mapping file of each tool.

A mapping says how a record of the tool is recognised, when an incident counts as over, and where
each of our fields stands. Nothing is inferred: cause and resolution are a field of that name, or a
statement that somebody labelled so. What is private in the tool is never opened to everyone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from knowledge.errors import BadDocument
from knowledge.loaders import incidents_csv
from knowledge.loaders.exported import TOOLS
from knowledge.loaders.exported.paths import parse_path, values_at
from knowledge.loaders.exported.rich_text import plain
from knowledge.loaders.files import read_capped
from knowledge.loaders.labelled import labelled_statements
from knowledge.loaders.mapping import FIELDS, ColumnMapping
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.loaders.records import incident_of
from knowledge.loaders.times import parse_time
from knowledge.model import DocumentState

_MAX_JSON_BYTES = 256 * 1024 * 1024
_LISTS = ("services", "environment", "tags", "alert_names", "logs", "neighbours", "changes")
_STILL_OPEN = "is not over yet; import it when it is"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Over(_Part):
    path: list[str]
    values: list[str] = Field(description="empty: it is over once there is a value")


class _Private(_Part):
    path: list[str]
    values: list[str]
    channel: list[str] = Field(description="paths of the team's and the channel's id, or none")


class ToolMapping(_Part):
    """A mapping file."""

    title: str
    lists: list[str]
    signs: list[list[str]]
    id_prefix: str
    over: _Over
    private: _Private | None = None
    fields: dict[str, list[str]]
    notes: list[str]
    milliseconds: dict[str, str] = Field(
        default_factory=dict, description="durations in ms, with the path that they count from"
    )

    def recognises(self, record: Mapping[str, object]) -> bool:
        return any(all(values_at(record, path) for path in sign) for sign in self.signs)

    def recognises_header(self, columns: Sequence[str]) -> bool:
        return any(set(sign) <= set(columns) for sign in self.signs)


@cache
def mapping_of(tool: str) -> ToolMapping:
    """The mapping of a tool in TOOLS."""
    text = resources.files("knowledge.loaders.exported").joinpath(TOOLS[tool]).read_text("utf-8")
    return ToolMapping.model_validate(yaml.safe_load(text))


def recognise(record: Mapping[str, object]) -> str | None:
    """The tool that a record is from, None for one of no tool here."""
    return next((tool for tool in TOOLS if mapping_of(tool).recognises(record)), None)


def recognise_header(columns: Sequence[str]) -> str | None:
    """The tool whose table has these columns."""
    return next((tool for tool in TOOLS if mapping_of(tool).recognises_header(columns)), None)


def records_in(value: object, lists: Sequence[str]) -> list[object] | None:
    """The records of a document: a list, or the list under one of the names; None for neither."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return next((value[name] for name in lists if isinstance(value.get(name), list)), None)
    return None


def preview(path: Path, tool: str, explicit: Mapping[str, str] | None = None) -> ColumnMapping:
    """Which path fills which field, the explicit ones first. Raises BadDocument for a field that
    there is not, or what is no path."""
    for field, wanted in (explicit or {}).items():
        if field not in FIELDS:
            raise BadDocument(f"{field!r} is no field; the fields are {', '.join(FIELDS)}")
        parse_path(wanted)
    fields = _fields(tool, explicit)
    first = next((record for _, record in _records(path, tool) if isinstance(record, Mapping)), {})
    chosen: dict[str, str] = {}
    for field in FIELDS:
        paths = fields.get(field, [])
        found = next((one for one in paths if values_at(first, one)), None)
        if found is not None or (field in (explicit or {})):
            chosen[field] = found or paths[0]
    used = {path for paths in fields.values() for path in paths}
    tops = {one.split(".")[0].split("[")[0] for one in used} | used
    return ColumnMapping(chosen, tuple(name for name in first if name not in tops))


def load(
    path: Path,
    tool: str,
    explicit: Mapping[str, str] | None = None,
    *,
    state: DocumentState = DocumentState.CONFIRMED,
) -> Outcomes:
    """Every incident that is over as a PastIncident; open, private and unreadable ones as
    problems. Raises BadDocument when the file as a whole is unusable."""
    fields = _fields(tool, explicit)
    mapping = mapping_of(tool)
    for line, record in _records(path, tool):
        try:
            if not isinstance(record, Mapping):
                raise BadDocument(record if isinstance(record, str) else "is not a JSON object")
            yield Loaded(incident_of(_read(record, mapping, fields), state=state), path.name, line)
        except BadDocument as error:
            yield Problem(path.name, line, str(error))


def _fields(tool: str, explicit: Mapping[str, str] | None) -> dict[str, list[str]]:
    own = {field: [path] for field, path in (explicit or {}).items()}
    return {**mapping_of(tool).fields, **own}


def _records(path: Path, tool: str) -> Iterator[tuple[int | None, object]]:
    with path.open("rb") as file:
        start = file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] not in (b"{", b"["):
        yield from incidents_csv.rows(path, repeats=True)
        return
    text = read_capped(path, _MAX_JSON_BYTES).decode("utf-8-sig", "replace")
    found = records_in(_parsed(text), mapping_of(tool).lists)
    if found is not None:
        yield from ((None, one) for one in found)
        return
    lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
    for number, line in lines:
        value = _parsed(line)
        some = records_in(value, mapping_of(tool).lists)
        yield from ((number, one) for one in (some if some is not None else [value]))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read(
    record: Mapping[str, object], mapping: ToolMapping, fields: Mapping[str, list[str]]
) -> dict[str, object]:
    if not _is_over(record, mapping.over):
        raise BadDocument(_STILL_OPEN)
    said = labelled_statements(
        plain(value) for path in mapping.notes for value in values_at(record, path)
    )
    read: dict[str, object] = {"cause": said.cause, "resolution": said.resolution}
    for field, paths in fields.items():
        for path in paths:
            values = values_at(record, path)
            if values:
                read[field] = _value(field, path, values, record, mapping)
                break
    if read.get("id"):
        read["id"] = f"{mapping.id_prefix}{read['id']}"
    if read.get("symptom") == read.get("title"):
        read.pop("symptom", None)
    if mapping.private is not None and _has(record, mapping.private.path, mapping.private.values):
        read["visibility"] = _channel(record, mapping)
    return read


def _value(
    field: str,
    path: str,
    values: Sequence[object],
    record: Mapping[str, object],
    mapping: ToolMapping,
) -> object:
    if field in _LISTS:
        texts = [plain(value) for value in values]
        return texts[0] if len(texts) == 1 else texts  # one text may hold several, by commas
    if field == "labels":
        one = values[0]
        if isinstance(one, Mapping):
            return {str(key): plain(value) for key, value in one.items()}
        return one
    since = mapping.milliseconds.get(path)
    if since is not None:
        return _moment_after(values[0], values_at(record, since))
    return plain(values[0])


def _moment_after(milliseconds: object, began: Sequence[object]) -> object:
    start = parse_time(began[0]) if began else None
    is_number = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
    if start is None or not is_number:
        return None
    assert isinstance(milliseconds, int | float)
    try:
        return (start + timedelta(milliseconds=milliseconds)).isoformat()
    except (OverflowError, ValueError) as error:
        raise BadDocument(f"{milliseconds!r} ms is no plausible duration") from error


def _is_over(record: Mapping[str, object], over: _Over) -> bool:
    if not over.values:
        return any(values_at(record, path) for path in over.path)
    return _has(record, over.path, over.values)


def _has(record: Mapping[str, object], paths: Sequence[str], wanted: Sequence[str]) -> bool:
    lowered = {one.lower() for one in wanted}
    found = (str(value).strip().lower() for path in paths for value in values_at(record, path))
    return any(value in lowered for value in found)


def _channel(record: Mapping[str, object], mapping: ToolMapping) -> list[str]:
    assert mapping.private is not None
    found = [values_at(record, path) for path in mapping.private.channel]
    parts = [str(values[0]) for values in found if values]
    if len(parts) != 2:
        raise BadDocument(
            f"is private in {mapping.title} and names no channel whose members may see it; "
            "export it with one, or write a record by hand"
        )
    return ["/".join(parts)]
