"""Past incidents from a table with a header row: comma, semicolon or tab separated."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.errors import BadDocument
from knowledge.loaders.files import text_encoding
from knowledge.loaders.mapping import ColumnMapping, map_columns
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.loaders.records import incident_of
from knowledge.model import DocumentState

_DELIMITERS = ",;\t"
_MAX_CELL = 1_000_000


def header(path: Path, *, repeats: bool = False) -> list[str]:
    """The column names. Raises BadDocument when the file has no usable header row; with `repeats`
    a name may stand in it more than once."""
    for _, cells in _rows(path):
        names = [cell.strip() for cell in cells]
        if len(names) < 2:
            raise BadDocument("has no header row with at least two columns")
        doubled = sorted({name for name in names if name and names.count(name) > 1})
        if doubled and not repeats:
            raise BadDocument(f"has the column {doubled[0]!r} twice")
        return names
    raise BadDocument("has no header row")


def preview(path: Path, explicit: Mapping[str, str] | None = None) -> ColumnMapping:
    """Which column would fill which field. Raises BadDocument for an unusable header."""
    return map_columns([name for name in header(path) if name], explicit)


def rows(path: Path, *, repeats: bool = False) -> Iterator[tuple[int, dict[str, object] | str]]:
    """(line, cells by column name) for each data row, or (line, reason) for a broken one.

    Empty cells are left out, so that a field that says nothing stays empty. With `repeats`, what
    stands under one name in several columns is one text, a line each.
    """
    names = header(path, repeats=repeats)
    started = False
    try:
        for line, cells in _rows(path):
            if not started:
                started = True
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
                yield line, f"has {len(cells)} cells, but the header names {len(names)} columns"
                continue
            filled = zip(names, cells, strict=False)
            row: dict[str, object] = {}
            for name, cell in filled:
                if name and cell.strip():
                    row[name] = f"{row[name]}\n{cell}" if name in row else cell
            yield line, row
    except BadDocument as error:
        yield _line_of(error), str(error)


def load(
    path: Path,
    mapping: ColumnMapping,
    *,
    state: DocumentState = DocumentState.CONFIRMED,
) -> Outcomes:
    """Every usable row as a PastIncident; the others as problems with their line numbers."""
    for line, row in rows(path):
        if isinstance(row, str):
            yield Problem(path.name, line or None, row)
            continue
        try:
            yield Loaded(incident_of(mapping.apply(row), state=state), path.name, line)
        except BadDocument as error:
            yield Problem(path.name, line, str(error))


class _BrokenTable(BadDocument):
    """The table cannot be read on from `line`; the rows before it stand."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason, line)


def _line_of(error: BadDocument) -> int:
    return error.line or 0


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(first line of the row, its cells); blank lines are left out."""
    encoding = text_encoding(path)
    csv.field_size_limit(_MAX_CELL)
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(_MAX_CELL)
        file.seek(0)
        delimiter = max(_DELIMITERS, key=first.count)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        before = 0
        try:
            for cells in reader:
                if cells:
                    yield before + 1, cells
                before = reader.line_num
        except csv.Error as error:
            raise _BrokenTable(
                before + 1, f"the table cannot be read from here on: {error}"
            ) from error
