"""PagerDuty as the Pager: acknowledges and resolves incidents over its REST API.

`PUT /incidents` with the ids and the new status; at most 250 of them in one call. The token is
sent to that one address and appears in no text that comes out of here.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from bot.alerts.model import StoredAlert
from bot.errors import PagerUnavailable
from bot.pager.references import pagerduty_incidents

MOST_AT_ONCE = 250
"""PagerDuty's limit of incidents in one call."""
SECONDS = 1.2
"""How long one call may take: Slack waits three seconds for whoever asked."""

_ACCEPT = "application/vnd.pagerduty+json;version=2"
_STATUS = {"acknowledge": "acknowledged", "resolve": "resolved"}


class PagerDuty:
    """The Pager port. `address` is the API's base; `sender` the e-mail address of a user of the
    account, whom PagerDuty names in the incident's log.

    Each method is one try. It gives a sentence on why PagerDuty refused, or None when it is
    done, and raises PagerUnavailable when the same call may work later. Safe to use from
    several threads.
    """

    name = "PagerDuty"

    def __init__(
        self, token: str, sender: str, address: str, *, proxy: str | None = None, ca: Any = True
    ) -> None:
        self._sender = sender
        self._client = httpx.Client(
            base_url=address,
            headers={
                "Authorization": f"Token token={token}",
                "Accept": _ACCEPT,
                "Content-Type": "application/json",
                "From": sender,
            },
            timeout=SECONDS,
            proxy=proxy,
            verify=ca,
            trust_env=False,
            follow_redirects=False,
        )

    def references(self, alerts: Sequence[StoredAlert]) -> tuple[str, ...]:
        """The PagerDuty incidents behind these stored alerts."""
        return pagerduty_incidents(alerts)

    def acknowledge(self, references: tuple[str, ...], actor: str) -> str | None:
        return self._tell(references, "acknowledge")

    def resolve(self, references: tuple[str, ...], actor: str) -> str | None:
        return self._tell(references, "resolve")

    def close(self) -> None:
        self._client.close()

    def _tell(self, references: tuple[str, ...], what: str) -> str | None:
        for some in _chunks(references):
            problem = self._put(some, what)
            if problem is not None:
                return problem
        return None

    def _put(self, references: Sequence[str], what: str) -> str | None:
        body = {
            "incidents": [
                {"id": one, "type": "incident_reference", "status": _STATUS[what]}
                for one in references
            ]
        }
        try:
            answer = self._client.put("/incidents", json=body)
        except httpx.TimeoutException as error:
            raise PagerUnavailable(f"PagerDuty did not answer within {SECONDS} s") from error
        except httpx.RequestError as error:
            raise PagerUnavailable("PagerDuty cannot be reached") from error
        if answer.is_success:
            return None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise PagerUnavailable(
                f"PagerDuty answered {answer.status_code}", retry_after=_pause(answer)
            )
        told = _errors(answer)
        if answer.status_code == 400 and told and all("already" in one.lower() for one in told):
            # It is over there already, which is what was wanted; of several, each is told alone,
            # since one that is over makes PagerDuty refuse them all.
            return None if len(references) == 1 else self._one_by_one(references, what)
        return self._refused(answer.status_code, told)

    def _one_by_one(self, references: Sequence[str], what: str) -> str | None:
        problems = [self._put((one,), what) for one in references]
        return next((problem for problem in problems if problem is not None), None)

    def _refused(self, status: int, told: Sequence[str]) -> str:
        if status == 401:
            return "PagerDuty does not accept the token; set a valid RECALL_PAGERDUTY_TOKEN."
        if status == 403:
            return (
                f"PagerDuty does not allow it: the token may only read, or {self._sender} "
                "(RECALL_PAGERDUTY_FROM) may not change this incident."
            )
        if status == 404:
            return "PagerDuty does not know that incident any more."
        why = f": {'; '.join(told)[:200]}" if told else ""
        return f"PagerDuty refused it ({status}{why})."


def _chunks(references: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(references), MOST_AT_ONCE):
        yield references[start : start + MOST_AT_ONCE]


def _pause(answer: httpx.Response) -> float | None:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 5 else None


def _errors(answer: httpx.Response) -> list[str]:
    """PagerDuty's own words, if the body is of its shape."""
    try:
        error = answer.json()["error"]
        return [str(one) for one in error.get("errors") or [error["message"]]]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        return []
