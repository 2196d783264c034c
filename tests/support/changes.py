"""Changes for tests, and suggestions that tell of them."""

from datetime import datetime
from typing import Any

from bot.alerts.changes import Change, ChangeStatus
from bot.suggestions.model import Changed
from tests.support.saying import AT


def deployed(version: str = "2.1.5", at: datetime | None = AT, **changes: Any) -> Change:
    """vault-agent went to prod/eu-1, at the time that suggestions of tests speak of."""
    values: dict[str, Any] = {
        "source": "github",
        "key": f"github:1:{changes.get('service', 'vault-agent')}-{version}",
        "service": "vault-agent",
        "environment": "prod/eu-1",
        "version": version,
        "status": ChangeStatus.SUCCEEDED,
        "at": at,
        "actor": "ada",
        "links": {"log": "https://ci.example/9"},
    }
    return Change(**{**values, **changes})


def changed(**changes: Any) -> Changed:
    values: dict[str, Any] = {
        "key": "github:1:vault-agent-2.1.5",
        "service": "vault-agent",
        "environment": "prod/eu-1",
        "version": "2.1.5",
        "previous": "2.1.4",
        "status": "succeeded",
        "at": AT,
        "seconds_before": 720.0,
        "is_ago": False,
        "actor": "ada",
        "url": "https://ci.example/9",
    }
    return Changed(**{**values, **changes})
