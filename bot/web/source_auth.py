"""Who may deliver to a source: its own secrets in the ways its tool can show them, or the token.

Without a secret for the source and without the token the source is closed. Comparisons take the
same time whatever is shown.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from bot.alerts.sources.authentication import Kind, Scheme, told
from bot.web.problem import Problem

_MOST_SIGNATURES = 16


def shows_secret(
    kinds: Iterable[Kind],
    secrets: Sequence[str],
    headers: Mapping[str, str],
    query: Mapping[str, str],
) -> bool:
    """Whether one of `secrets` is shown in one of `kinds` that need no body."""
    return any(
        _same(shown, secret)
        for kind in kinds
        for shown, secret in _pairs(kind, secrets, headers, query)
    )


def is_signed(
    kinds: Iterable[Kind], secrets: Sequence[str], headers: Mapping[str, str], body: bytes
) -> bool:
    """Whether a signature over `body` by one of `secrets` stands in the header of its kind."""
    return any(
        _same(given, made)
        for kind in kinds
        if kind.scheme is Scheme.SIGNATURE
        for given in _signatures(kind, headers)
        for made in (_signature(kind, secret, body) for secret in secrets)
    )


def carries_signature(kinds: Iterable[Kind], headers: Mapping[str, str]) -> bool:
    """Whether there is a signature to check at all; without one no body need be read."""
    return any(_signatures(kind, headers) for kind in kinds if kind.scheme is Scheme.SIGNATURE)


def refused(title: str, kinds: Sequence[Kind]) -> Problem:
    """401 that says how this source is to be authenticated."""
    ways = ", or ".join(told(kind) for kind in kinds if kind.scheme is not Scheme.BEARER)
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"Send the webhook token as a bearer token, or a secret of this source by: "
        f"{ways or 'bearer'}; see docs/sources.md.",
        title=title,
        headers={"WWW-Authenticate": 'Bearer realm="recall", Basic realm="recall"'},
    )


def _pairs(
    kind: Kind, secrets: Sequence[str], headers: Mapping[str, str], query: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    match kind.scheme:
        case Scheme.HEADER:
            shown = headers.get(kind.header.lower(), "").strip()
            return [(shown, secret) for secret in secrets] if shown else []
        case Scheme.QUERY:
            shown = query.get("token", "").strip()
            return [(shown, secret) for secret in secrets] if shown else []
        case Scheme.BEARER:
            shown = _after("bearer", headers)
            return [(shown, secret) for secret in secrets] if shown else []
        case Scheme.BASIC:
            return _basic(secrets, headers)
        case _:
            return []


def _basic(secrets: Sequence[str], headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    shown = _after("basic", headers)
    try:
        whole = base64.b64decode(shown, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return []
    if ":" not in whole:
        return []
    password = whole.partition(":")[2]
    return [(whole if ":" in secret else password, secret) for secret in secrets]


def _after(scheme: str, headers: Mapping[str, str]) -> str:
    word, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() if word.lower() == scheme else ""


def _signatures(kind: Kind, headers: Mapping[str, str]) -> list[str]:
    given = [part.strip() for part in headers.get(kind.header.lower(), "").split(",")]
    fitting = [
        part.removeprefix(kind.prefix) for part in given if part and part.startswith(kind.prefix)
    ]
    return fitting[:_MOST_SIGNATURES]


def _signature(kind: Kind, secret: str, body: bytes) -> str:
    made = hmac.digest(secret.encode(), body, kind.digest)
    return base64.b64encode(made).decode() if kind.encoding == "base64" else made.hex()


def _same(one: str, other: str) -> bool:
    # Compared as bytes: compare_digest refuses text that is not ASCII.
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
