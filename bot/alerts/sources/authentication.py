"""Kinds of authentication: how a tool can prove who it is. Which secrets are right is settings."""

from dataclasses import dataclass
from enum import StrEnum

DIGESTS = ("sha1", "sha256", "sha512")
ENCODINGS = ("hex", "base64")
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

    `header` is where the secret or signature stands. A signature is `prefix` and the HMAC with
    `digest`, written in `encoding`; several may stand there, separated by commas.
    """

    scheme: Scheme
    header: str = ""
    prefix: str = ""
    digest: str = "sha256"
    encoding: str = "hex"


BEARER = Kind(Scheme.BEARER)
BASIC = Kind(Scheme.BASIC)
QUERY = Kind(Scheme.QUERY)
SNS = Kind(Scheme.SNS)


def header(name: str) -> Kind:
    return Kind(Scheme.HEADER, name)


def signature(name: str, prefix: str = "", digest: str = "sha256", encoding: str = "hex") -> Kind:
    return Kind(Scheme.SIGNATURE, name, prefix, digest, encoding)


def read_kind(written: str) -> Kind:
    """A kind as mapping files write it: `bearer`, `basic`, `query`, `header X-Token`,
    `signature X-Signature`, and after that, in any order, a prefix of the signature, sha1 or
    sha512 where it is not sha256, and base64 where it is not hexadecimal. Raises ValueError."""
    word, *rest = written.split()
    if word in (Scheme.BEARER, Scheme.BASIC, Scheme.QUERY) and not rest:
        return Kind(Scheme(word))
    if word == Scheme.HEADER and len(rest) == 1 and _is_header(rest[0]):
        return header(rest[0])
    if word == Scheme.SIGNATURE and 1 <= len(rest) <= 4 and _is_header(rest[0]):
        more = rest[1:]
        digest = next((one for one in more if one in DIGESTS), "sha256")
        encoding = next((one for one in more if one in ENCODINGS), "hex")
        prefixes = [one for one in more if one not in (*DIGESTS, *ENCODINGS)]
        if len(prefixes) <= 1:
            return signature(rest[0], "".join(prefixes), digest, encoding)
    raise ValueError(
        f"{written!r} is no kind of authentication; use bearer, basic, query, "
        "`header NAME` or `signature NAME [PREFIX] [sha1|sha256|sha512] [hex|base64]`"
    )


def told(kind: Kind) -> str:
    """A kind as people and mapping files write it."""
    unusual = (
        kind.digest if kind.digest != "sha256" else "",
        kind.encoding if kind.encoding != "hex" else "",
    )
    parts = (kind.scheme.value, kind.header, kind.prefix, *unusual)
    return " ".join(part for part in parts if part)


def _is_header(name: str) -> bool:
    return len(name) <= _LONGEST_HEADER and name.replace("-", "").isalnum() and name.isascii()
