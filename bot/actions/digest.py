"""One hash over a value, the same in every process and after every trip through a database."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """The one JSON text of a JSON value. ValueError for NaN and infinities."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def digest_of(value: Any) -> str:
    """SHA-256 hex over `canonical(value)`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
