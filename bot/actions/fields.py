"""The small types that templates are made of: lengths of time, names, texts to fill in."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}", re.ASCII)
SECRET = re.compile(r"\$\{secret:([A-Z][A-Z0-9_]*)\}", re.ASCII)
_ANY_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}?")
_NAME = r"[a-z][a-z0-9_]{0,39}"
_ID = r"[a-z][a-z0-9-]{0,59}"
_LENGTH = re.compile(r"([0-9]{1,6})(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_length(value: object) -> object:
    """`90s`, `15m`, `2h`, `1d` as a timedelta; anything else is left for the error message."""
    if isinstance(value, timedelta):
        return value
    match = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a length of time as a number with s, m, h or d, such as 15m")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def written_length(length: timedelta) -> str:
    """The shortest way to write a length that `read_length` reads again."""
    seconds = int(length.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


Length = Annotated[
    timedelta,
    BeforeValidator(read_length),
    PlainSerializer(written_length, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}[smhd]$"}),
]


def known_pattern(pattern: str) -> str:
    try:
        re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def _known_secrets_only(text: str) -> str:
    for found in _ANY_PLACEHOLDER.finditer(text):
        if not (PLACEHOLDER.fullmatch(found[0]) or SECRET.fullmatch(found[0])):
            raise ValueError(f"{found[0]!r} is no placeholder; write ${{name}} or ${{secret:NAME}}")
    return text


def no_secret(text: str) -> str:
    if "${secret:" in text:
        raise ValueError(
            "a secret may stand only in `env` and `headers`: everything else is shown to approvers"
        )
    return _known_secrets_only(text)


Filled = Annotated[str, Field(max_length=2_000), AfterValidator(no_secret)]
"""Text with `${parameter}` placeholders, shown to the approver as it will run."""
Secretive = Annotated[str, Field(max_length=2_000), AfterValidator(_known_secrets_only)]
"""Text that may name secrets of the runner as well, by name."""
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,59}$")]
Header = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,59}$")]
Name = Annotated[str, Field(pattern=f"^{_NAME}$")]
TemplateId = Annotated[str, Field(pattern=f"^{_ID}$")]


def texts_of(value: Any) -> list[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts_of(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in texts_of(part)]
    return []
