"""Past incidents from JSON Lines: one object a line, in our field names or mapped to them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.errors import BadDocument
from knowledge.loaders.files import megabytes, text_encoding
from knowledge.loaders.mapping import ColumnMapping, map_columns
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.loaders.records import incident_of
from knowledge.model import DocumentState

MAX_LINE = 5 * 1024 * 1024
_SAMPLE = 200


def preview(path: Path, explicit: Mapping[str, str] | None = None) -> ColumnMapping:
    """How the keys of the first lines would be read. Raises BadDocument as `load` reports."""
    columns: dict[str, None] = {}
    for seen, (_, text) in enumerate(_lines(path, text_encoding(path))):
        if seen >= _SAMPLE:
            break
        try:
            columns.update(dict.fromkeys(_object(text)))
        except BadDocument:
            continue
    if not columns:
        raise BadDocument("has no line with a JSON object; one object a line is expected")
    return map_columns(list(columns), explicit)


def load(
    path: Path,
    mapping: ColumnMapping,
    *,
    state: DocumentState = DocumentState.CONFIRMED,
) -> Outcomes:
    """Every usable line as a PastIncident; the others as problems with their line numbers."""
    for number, text in _lines(path, text_encoding(path)):
        try:
            record = mapping.apply(_object(text))
            yield Loaded(incident_of(record, state=state), path.name, number)
        except BadDocument as error:
            yield Problem(path.name, number, str(error))


def objects(path: Path) -> Iterator[tuple[int, dict[str, object] | str]]:
    """(line, object) for each line, or (line, reason) for one that holds none. Raises
    BadDocument when the file as a whole is unusable."""
    for number, text in _lines(path, text_encoding(path)):
        try:
            yield number, _object(text)
        except BadDocument as error:
            yield number, str(error)


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open(encoding=encoding, newline="\n") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                yield number, ""
                while line and not line.endswith("\n"):
                    line = file.readline(MAX_LINE)
            elif line.strip():
                yield number, line


def _object(text: str) -> dict[str, object]:
    if not text:
        raise BadDocument(f"the line is longer than {megabytes(MAX_LINE)}")
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise BadDocument("is nested too deep") from error
    except ValueError as error:
        raise BadDocument(f"is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadDocument("is not a JSON object")
    return value
