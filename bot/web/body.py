"""Reading a raw body: its type checked first, never more of it than is allowed, never for ever."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from bot.web.problem import Problem


def require_json(request: Request, also: Sequence[str] = ()) -> str:
    """The content type, if it is JSON or one of `also`; 415 otherwise."""
    given = request.headers.get("content-type", "")
    media_type = given.partition(";")[0].strip().lower()
    if media_type in ("application/json", *also) or (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        return media_type
    told = f"not {media_type[:80]!r}" if media_type else "and the request names none"
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The content type must be application/json, {told}."
    )


async def read_capped(request: Request, most: int, seconds: float) -> bytes:
    """The raw body of at most `most` bytes, sent within `seconds`.

    413 as soon as more is announced or has arrived, whatever the announcement said; 408 when
    it takes too long. The rest is left unread, and the connection is not used again.
    """
    _refuse_announced(request.headers.get("content-length"), most)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                if len(body) + len(chunk) > most:
                    raise _too_large(most)
                body += chunk
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The body did not arrive within {seconds:g} seconds.",
            headers={"Connection": "close"},
        ) from None
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "The body ended early.") from None
    return bytes(body)


def _refuse_announced(announced: str | None, most: int) -> None:
    if announced is None:
        return
    if not (announced.isascii() and announced.isdigit()):
        raise Problem(HTTPStatus.BAD_REQUEST, "The Content-Length header is not a number.")
    # Compared by digits first: int() refuses thousands of them.
    if len(announced.lstrip("0")) > 18 or int(announced.lstrip("0") or "0") > most:
        raise _too_large(most)


def _too_large(most: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The body is larger than {most} bytes; RECALL_MAX_BODY_BYTES is the limit.",
        headers={"Connection": "close"},
    )
