"""Kinds of authentication: how a tool can prove who it is. Which secrets are right is settings."""

from dataclasses import dataclass
from enum import StrEnum

_LONGEST_HEADER = 64


class Scheme(StrEnum):
    BEARER = "bearer"
    """`Authorization: Bearer <secret>`"""
    BASIC = "basic"
    """`Authorization: Basic`; the secret is `user:password`, or the password alone"""
    HEADER = "header"
    """the secret itself in a named header"""
    QUERY = "query"
    """the secret as `?token=`, for tools that can do nothing else: addresses end up in logs"""
    SIGNATURE = "signature"
    """HMAC over the raw body"""
    SNS = "sns"
    """a signature by Amazon's certificate; the secrets are the topics' ARNs"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way that a source may be authenticated by.

    `header` is where the secret or signature stands. A signature is `prefix` and the digest
    (SHA-256, hexadecimal); several may stand there, separated by commas.
    """

    scheme: Scheme
    header: str = ""
    prefix: str = ""


BEARER = Kind(Scheme.BEARER)
BASIC = Kind(Scheme.BASIC)
QUERY = Kind(Scheme.QUERY)
SNS = Kind(Scheme.SNS)


def header(name: str) -> Kind:
    return Kind(Scheme.HEADER, name)


def signature(name: str, prefix: str = "") -> Kind:
    return Kind(Scheme.SIGNATURE, name, prefix)


def read_kind(written: str) -> Kind:
    """A kind as mapping files write it: `bearer`, `basic`, `query`, `header X-Token`,
    `signature X-Signature sha256=`. Raises ValueError."""
    word, *rest = written.split()
    if word in (Scheme.BEARER, Scheme.BASIC, Scheme.QUERY) and not rest:
        return Kind(Scheme(word))
    if word == Scheme.HEADER and len(rest) == 1 and _is_header(rest[0]):
        return header(rest[0])
    if word == Scheme.SIGNATURE and 1 <= len(rest) <= 2 and _is_header(rest[0]):
        return signature(*rest)
    raise ValueError(
        f"{written!r} is no kind of authentication; use bearer, basic, query, "
        "`header NAME` or `signature NAME [PREFIX]`"
    )


def told(kind: Kind) -> str:
    """A kind as people and mapping files write it."""
    return " ".join(part for part in (kind.scheme.value, kind.header, kind.prefix) if part)


def _is_header(name: str) -> bool:
    return len(name) <= _LONGEST_HEADER and name.replace("-", "").isalnum() and name.isascii()
