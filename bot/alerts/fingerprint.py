"""Fingerprint: what makes two reports the same alert instance. Typed and versioned."""

import hashlib
from collections.abc import Mapping

FINGERPRINT_VERSION = 1
"""Raised when the rules below change, so that old and new fingerprints never mix."""

_DIGEST_CHARACTERS = 32

_UNSTABLE_LABELS = frozenset({"prometheus", "prometheus_replica", "__replica__"})
"""Labels that tell which of two servers watching the same thing has reported.

Severity is not among them: two rules of one name, one for warning and one for critical, fire
and resolve each by itself.
"""


def fingerprint_of_key(source: str, key: str) -> str:
    """From the identity that the source itself gives."""
    return _typed(source, ("key", key))


def fingerprint_of_labels(source: str, name: str, labels: Mapping[str, str]) -> str:
    """From the alert's name and its stable labels, for sources that give no identity."""
    stable = sorted(item for item in labels.items() if item[0] not in _UNSTABLE_LABELS)
    parts = [part for item in stable for part in item]
    return _typed(source, ("labels", name, *parts))


def _typed(source: str, parts: tuple[str, ...]) -> str:
    return f"{source}:{FINGERPRINT_VERSION}:{digest(*parts)}"


def digest(*parts: str) -> str:
    """SHA-256 over the parts with their lengths, so that no two lists of parts collide."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:_DIGEST_CHARACTERS]
