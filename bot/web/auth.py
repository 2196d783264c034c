"""The bearer token that guards webhooks and the API."""

import hmac
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header

from bot.web.deps import Front
from bot.web.problem import Problem

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="recall"'}


def require_token(
    deps: Front, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> None:
    """Let pass who shows the configured token; 401 for all others, and for all if none is set."""
    if deps.token is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "This address is closed until RECALL_WEBHOOK_TOKEN is set.",
            title="No webhook token is configured",
            headers=_CHALLENGE,
        )
    scheme, _, shown = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not shown.strip():
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "Send the header `Authorization: Bearer <token>`.",
            title="The bearer token is missing",
            headers=_CHALLENGE,
        )
    # Compared as bytes: compare_digest refuses text that is not ASCII.
    if not hmac.compare_digest(shown.strip().encode(), deps.token.encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "The token is not the configured one.",
            title="The bearer token is wrong",
            headers=_CHALLENGE,
        )


Guarded = Depends(require_token)
