"""The blocks that only read: PromQL, LogQL and SQL as templates, never as free queries. Pure.

A value can only become text inside one quoted string (escaped as that language wants it), a
number or length of time where the query counts, or a bound parameter of SQL.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from bot.actions.blocks import OneSecret, plain_host
from bot.actions.fields import PLACEHOLDER, Filled, Header, Length, Name, Secretive, written_length
from bot.suggestions.model import Value

Place = Literal["text", "regex", "bare", "never"]
"""Where a placeholder stands: in a quoted text, in a quoted regular expression, outside of
quotes, or where none may stand."""
_COUNT = re.compile(r"[0-9]{1,18}[smhd]?", re.ASCII)
_META = re.compile(r"([\\.+*?()|\[\]{}^$])")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|#[^\n]*', re.DOTALL)
_SQL_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_SQL_WORDS = ("select", "with", "values", "table")
_LONGEST_RANGE = timedelta(days=7)


def pieces(query: str) -> Iterator[tuple[Place, str]]:
    """A PromQL or LogQL query cut up by what a placeholder may be there. ValueError for a quote
    that is not closed."""
    at = 0
    for match in _PIECE.finditer(query):
        before = query[at : match.start()]
        yield from _bare(before)
        at = match.end()
        yield _place(match[0], query[: match.start()].rstrip()), match[0]
    yield from _bare(query[at:])


def _bare(text: str) -> Iterator[tuple[Place, str]]:
    if any(quote in text for quote in "\"'`"):
        raise ValueError("a quote in the query is not closed")
    if text:
        yield "bare", text


def _place(quoted: str, before: str) -> Place:
    if not quoted.startswith('"'):
        return "never"
    if before.endswith(("=~", "!~", "|~")):
        return "regex"
    # Only after an operator is a text compared with; elsewhere it may be a format or a name.
    return "text" if before.endswith(("=", "|=", "!=")) else "never"


def placed(query: str) -> list[tuple[str, Place]]:
    """Every placeholder of the query, and where it stands."""
    return [(name, place) for place, text in pieces(query) for name in PLACEHOLDER.findall(text)]


def filled_query(query: str, values: Mapping[str, str]) -> str:
    """The query with every value escaped for its place. ValueError where that cannot be."""
    filled: list[str] = []
    for place, text in pieces(query):
        escape = _WAYS[place]
        at = 0
        for match in PLACEHOLDER.finditer(text):
            filled += [text[at : match.start()], escape(values[match[1]])]
            at = match.end()
        filled.append(text[at:])
    return "".join(filled)


def _as_text(value: str) -> str:
    if "{{" in value:
        raise ValueError("{{ begins a template in some queries")
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _as_regex(value: str) -> str:
    return _as_text(_META.sub(r"\\\1", value))


def _as_count(value: str) -> str:
    if not _COUNT.fullmatch(value):
        raise ValueError("outside of quotes only a number or a length of time is filled in")
    return value


def _nowhere(_: str) -> str:
    raise ValueError("a value may not stand here")


_WAYS: Mapping[Place, Callable[[str], str]] = {
    "text": _as_text,
    "regex": _as_regex,
    "bare": _as_count,
    "never": _nowhere,
}


def _placed_well(query: str) -> str:
    if wrong := sorted(name for name, place in placed(query) if place == "never"):
        raise ValueError(
            f"${{{wrong[0]}}} stands where a value could change the query: write it within double "
            'quotes after an operator, as in service="${service}"'
        )
    return query


def _base(url: str) -> str:
    parts = urlsplit(plain_host(url))
    if "$" in url or parts.query or parts.fragment:
        raise ValueError("write the address up to its path, without placeholder and query")
    return url.rstrip("/")


Query = Annotated[Filled, Field(min_length=1), AfterValidator(_placed_well)]
Base = Annotated[str, Field(max_length=300), AfterValidator(_base)]


def _is_range(length: timedelta) -> timedelta:
    if not timedelta(0) < length <= _LONGEST_RANGE:
        raise ValueError("is from 1s to 7d")
    return length


Range = Annotated[Length, AfterValidator(_is_range)]


class PrometheusQuery(Value):
    """A PromQL query, of this moment or of the last `range` in steps of `step`."""

    url: Base
    query: Query
    range: Range | None = None
    step: Range = timedelta(minutes=1)
    headers: dict[Header, Secretive] = Field(default_factory=dict)
    most_rows: Annotated[int, Field(ge=1, le=1_000)] = 100

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        over = f"\nover {written_length(self.range)}" if self.range is not None else ""
        return f"{self.query}{over}\nat {self.url}{_headers(self.headers)}"


class LogsQuery(Value):
    """A LogQL query over the last `since`: at most `most_rows` lines, the newest first."""

    url: Base
    query: Query
    since: Range = timedelta(hours=1)
    headers: dict[Header, Secretive] = Field(default_factory=dict)
    most_rows: Annotated[int, Field(ge=1, le=1_000)] = 100

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        over = f"\nover {written_length(self.since)}"
        return f"{self.query}{over}\nat {self.url}{_headers(self.headers)}"


def _headers(headers: Mapping[str, str]) -> str:
    return "".join(f"\n{name}: {value}" for name, value in sorted(headers.items()))


class SqlRead(Value):
    """One SELECT on PostgreSQL. Placeholders of `query` are bound parameters, `values` what they
    are bound to: filled in when a request is frozen. `database` is the secret with its URL."""

    database: OneSecret
    query: Annotated[Filled, Field(min_length=1)]
    values: dict[Name, Annotated[str, Field(max_length=256)]] = Field(default_factory=dict)
    statement_timeout: Range = timedelta(seconds=10)
    most_rows: Annotated[int, Field(ge=1, le=1_000)] = 100

    @model_validator(mode="after")
    def _only_selects(self) -> "SqlRead":
        if not self.database:
            raise ValueError("`database` names the secret with the URL: ${secret:NAME}")
        if problem := sql_problem(self.query):
            raise ValueError(problem)
        return self

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        bound = "".join(f"\nwhere {n} = {v!r}" for n, v in sorted(self.values.items()))
        return f"{self.query}{bound}\nin {self.database}, read-only"


def sql_problem(query: str) -> str | None:
    """Why a query is not one plain SELECT; None where it is."""
    bare = _SQL_PIECE.sub(" ", query)
    if "'" in bare or '"' in bare:
        return "a quote in the query is not closed"
    if any(PLACEHOLDER.search(piece) for piece in _SQL_PIECE.findall(query)):
        return "a placeholder stands without quotes: it is a bound parameter"
    rest = PLACEHOLDER.sub(" ", bare)
    if found := next((mark for mark in (";", "--", "/*", "$", "\\") if mark in rest), None):
        return f"the query is one plain statement, without {found}"
    if "\\" in query:
        return "the query is one plain statement, without backslashes"
    words = bare.lower().replace("(", " ").split()
    if not words or words[0] not in _SQL_WORDS:
        return f"a query that reads begins with {', '.join(_SQL_WORDS)}"
    return None


def bound_sql(query: str) -> str:
    """The query as psycopg takes it: `%(name)s` for every placeholder, other percent signs
    doubled."""
    return PLACEHOLDER.sub(r"%(\1)s", query.replace("%", "%%"))
