"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

REPLACEMENT = "\ufffd"

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit number that SQLite can also count up by itself (it does so for INTEGER only)."""


def storable(text: str) -> str:
    """`text` without what a database cannot keep: NUL characters and lone surrogates.

    Both reach us in JSON from outside (`"\\u0000"`, `"\\ud800"`). PostgreSQL refuses the
    first, UTF-8 the second; one such label must not make a delivery unprocessable.
    """
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def storable_json(value: Any) -> Any:
    """`value` with every text in it made storable, tuples as lists."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC to the microsecond and read back aware.

    ValueError on a time without a zone: nobody could say later which moment was meant.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value.isoformat()} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SafeText(TypeDecorator[str]):
    """Text of any length, made storable on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A JSON value, its texts made storable on their way in.

    JSONB on PostgreSQL, unless `exact`: JSONB rewrites numbers (1e20 comes back as an
    integer), which would break hashes over the value and receipts that must replay exactly.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, *, exact: bool = False) -> None:
        super().__init__()
        self.exact = exact

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        binary = dialect.name == "postgresql" and not self.exact
        return dialect.type_descriptor(JSONB() if binary else JSON())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return storable_json(value)
