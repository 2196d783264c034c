"""Errors as RFC 9457 problem details: every error answer has this one shape."""

import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bot.errors import BadPayload, DatabaseBusy, EngineUnavailable, Retryable

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_DEFAULT_RETRY_SECONDS = 5
_MOST_PROBLEMS = 10
_LATER: Mapping[type[Exception], str] = {
    DatabaseBusy: "The database cannot take this now; nothing was stored. Try again later.",
    EngineUnavailable: "The engine does not answer now. Try again later.",
}


class Problem(Exception):
    """An error answer: `title` is stable for its kind, `detail` is about this case; `extra` are
    further keys of the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.title = title or status.phrase
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def problem_response(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """The answer for one problem. `type` is about:blank: the status says what kind it is."""
    content = {
        "type": "about:blank",
        "title": title or _phrase(status),
        "status": status,
        "detail": detail,
        **(extra or {}),
    }
    return JSONResponse(
        content, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem: ours, the framework's, and the unforeseen."""
    for kind, answer in HANDLERS.items():
        app.add_exception_handler(kind, answer)


def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem_response(
        error.status, error.detail, title=error.title, headers=error.headers, extra=error.extra
    )


def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem_response(error.status_code, str(error.detail), headers=error.headers)


def _on_validation(_: Request, error: Exception) -> JSONResponse:
    """422 with each wrong place; without the values, which may be secret."""
    assert isinstance(error, RequestValidationError)
    found = [
        {"at": ".".join(str(part) for part in detail["loc"]), "problem": str(detail["msg"])}
        for detail in error.errors()[:_MOST_PROBLEMS]
    ]
    sentence = "; ".join(f"{one['at']}: {one['problem']}" for one in found)
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY, sentence, title="Invalid input", extra={"errors": found}
    )


def _on_bad_payload(_: Request, error: Exception) -> JSONResponse:
    return problem_response(HTTPStatus.BAD_REQUEST, str(error))


def _on_retryable(_: Request, error: Exception) -> JSONResponse:
    """503, which senders repeat; the reason is told, its technical cause is only logged."""
    assert isinstance(error, Retryable)
    _log.warning("answered 503: %s", error)
    seconds = _DEFAULT_RETRY_SECONDS if error.retry_after is None else error.retry_after
    return problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        _LATER.get(type(error), "This is not possible now; try again later."),
        headers={"Retry-After": str(max(1, math.ceil(seconds)))},
    )


def _on_bug(request: Request, error: Exception) -> JSONResponse:
    """500 that says nothing about the inside; the traceback goes to the log."""
    _log.error("a bug while answering %s", request.url.path, exc_info=error)
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; it has been logged."
    )


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
    Problem: _on_problem,
    HTTPException: _on_http,
    RequestValidationError: _on_validation,
    BadPayload: _on_bad_payload,
    Retryable: _on_retryable,
    Exception: _on_bug,
}
"""How each kind of error is answered."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
