"""An answer as public JSON: what `POST /v1/suggest` and `recall ask --json` give."""

from typing import Any

from bot.suggestions.model import Suggestion

PUBLIC_KEYS = (
    "id",
    "answered",
    "kind",
    "confidence",
    "confidence_words",
    "headline",
    "incidents",
    "passages",
    "steps",
    "causes",
    "check_first",
    "differences",
    "nearest",
    "knows",
    "changes",
    "receipt",
)
"""The keys of the object, in this order; part of the frozen contracts."""


def to_public_json(suggestion: Suggestion) -> dict[str, Any]:
    """Plain JSON values under `PUBLIC_KEYS`; times are ISO 8601 in UTC."""
    values = suggestion.model_dump(mode="json")
    return {key: values[key] for key in PUBLIC_KEYS}
