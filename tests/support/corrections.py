"""Words of people on cases, as tests need them."""

from datetime import UTC, datetime

from bot.suggestions.corrections import Correction, Word

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def a_word(user: str, word: Word, document_id: str = "INC-87", **changes: object) -> Correction:
    values: dict[str, object] = {
        "team_id": "T1",
        "actor": f"T1/{user}",
        "is_lead": False,
        "incident_id": 1,
        "family": "family:1:x",
        "document_id": document_id,
        "word": word,
        "at": AT,
    }
    return Correction(**(values | changes))  # type: ignore[arg-type]
