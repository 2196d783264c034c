"""Past incidents from PagerDuty: its CSV export, and the JSON of its REST API.

PagerDuty records who was paged and when, rarely why. Its records therefore mostly come without
cause and resolution, and stay so; a note that names one with a label is taken word for word.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from knowledge.errors import BadDocument
from knowledge.loaders import incidents_csv
from knowledge.loaders.files import read_capped
from knowledge.loaders.labelled import labelled_statements
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.loaders.records import incident_of
from knowledge.model import DocumentState

_MAX_JSON_BYTES = 256 * 1024 * 1024
_OPEN = ("triggered", "acknowledged")
_NUMBERED = re.compile(r"^\[#\d+\]\s*")
_CSV_SIGNS = ({"created_on", "created_at"}, {"service_name"}, {"incident_number", "service_id"})
_STILL_OPEN = "is not resolved yet; import it when it is over"


def recognises_header(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is PagerDuty's incident export."""
    names = {column.strip().lower().replace(" ", "_") for column in columns}
    return all(names & signs for signs in _CSV_SIGNS)


def load(path: Path, *, state: DocumentState = DocumentState.CONFIRMED) -> Outcomes:
    """Every resolved incident; open and unreadable ones as problems.

    The JSON form is `{"incidents": [...]}`, a list, or one such object a line (pages of the
    API joined together). Raises BadDocument when the file as a whole is unusable.
    """
    with path.open("rb") as file:
        start = file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        yield from _load_json(path, state)
    else:
        yield from _load_csv(path, state)


# --- CSV ------------------------------------------------------------------------------------


def _load_csv(path: Path, state: DocumentState) -> Outcomes:
    if not recognises_header(incidents_csv.header(path)):
        raise BadDocument(
            "does not have the columns of PagerDuty's incident export; "
            "use --format csv and --map for other tables"
        )
    for line, row in incidents_csv.rows(path):
        if isinstance(row, str):
            yield Problem(path.name, line or None, row)
            continue
        cells = {key.strip().lower().replace(" ", "_"): value for key, value in row.items()}
        try:
            yield Loaded(incident_of(_from_csv(cells), state=state), path.name, line)
        except BadDocument as error:
            yield Problem(path.name, line, str(error))


def _from_csv(row: Mapping[str, object]) -> dict[str, object]:
    resolved = row.get("resolved_on") or row.get("resolved_at")
    if not resolved:
        raise BadDocument(_STILL_OPEN)
    return {
        "id": _id(row.get("incident_number"), row.get("id")),
        "title": row.get("description") or row.get("title"),
        "severity": row.get("priority_name") or row.get("priority") or row.get("urgency"),
        "started_at": row.get("created_on") or row.get("created_at"),
        "resolved_at": resolved,
        "services": [row["service_name"]] if row.get("service_name") else [],
        "url": row.get("html_url"),
    }


# --- JSON -----------------------------------------------------------------------------------


def _load_json(path: Path, state: DocumentState) -> Outcomes:
    for line, item in _objects(path):
        try:
            if not isinstance(item, dict):
                raise BadDocument("is not a JSON object")
            yield Loaded(incident_of(_from_json(item), state=state), path.name, line)
        except BadDocument as error:
            yield Problem(path.name, line, str(error))


def _objects(path: Path) -> Iterator[tuple[int | None, object]]:
    text = read_capped(path, _MAX_JSON_BYTES).decode("utf-8-sig", "replace")
    try:
        for item in _incidents_in(_parsed(text)):
            yield None, item
        return
    except ValueError as whole:
        lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2:
            raise BadDocument(f"is not valid JSON: {whole}") from whole
    for number, line in lines:
        try:
            for item in _incidents_in(_parsed(line)):
                yield number, item
        except ValueError:
            yield number, None


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise BadDocument("is nested too deep") from error


def _incidents_in(value: object) -> list[object]:
    if isinstance(value, dict):
        if isinstance(value.get("incident"), dict):
            return [value["incident"]]
        found = value.get("incidents", [value] if "created_at" in value else None)
    else:
        found = value
    if not isinstance(found, list):
        raise BadDocument('has no list under "incidents"')
    return found


def _from_json(item: Mapping[str, object]) -> dict[str, object]:
    if item.get("status") in _OPEN:
        raise BadDocument(_STILL_OPEN)
    said = labelled_statements(_notes(item))
    return {
        "id": _id(item.get("incident_number"), item.get("id")),
        "title": item.get("title") or _NUMBERED.sub("", _words(item.get("summary"))),
        "symptom": _details(item),
        "cause": said.cause,
        "resolution": said.resolution,
        "severity": _summary(item.get("priority")) or item.get("urgency"),
        "started_at": item.get("created_at"),
        "resolved_at": item.get("resolved_at") or item.get("last_status_change_at"),
        "services": [name] if (name := _summary(item.get("service"))) else [],
        "url": item.get("html_url"),
    }


def _id(number: object, key: object) -> str:
    """`PD-1234`, as people say it, else PagerDuty's own key."""
    return f"PD-{number}" if number not in (None, "") else _words(key)


def _summary(reference: object) -> str:
    if not isinstance(reference, Mapping):
        return ""
    return _words(reference.get("summary") or reference.get("name"))


def _details(item: Mapping[str, object]) -> str:
    """What the alert said: the incident's body, else its description where it adds something."""
    body = item.get("body")
    details = body.get("details") if isinstance(body, Mapping) else None
    if isinstance(details, Mapping):
        return "\n".join(f"{key}: {_words(value)}" for key, value in details.items() if value)
    if isinstance(details, str) and details.strip():
        return details
    description = _words(item.get("description"))
    return "" if description == _words(item.get("title")) else description


def _notes(item: Mapping[str, object]) -> list[str]:
    notes = item.get("notes")
    found = (
        [note.get("content") for note in notes if isinstance(note, Mapping)]
        if (isinstance(notes, list))
        else []
    )
    return [text for text in found if isinstance(text, str)]


def _words(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
