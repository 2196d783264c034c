"""Getting anchors back from a receiver that offers them over HTTP."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bot.audit.anchors import Collected, anchors_in
from bot.errors import DataError

_SECONDS = 20.0
_MOST_BYTES = 64 * 1_048_576


def may_be_asked(url: str) -> bool:
    """https, or http on this machine."""
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    return bool(parts.hostname) and (parts.scheme == "https" or here)


def token_for(url: str, shipped_to: str, token: str) -> str:
    """The token of the address that anchors are shipped to, for that very host alone."""
    asked, own = urlsplit(url), urlsplit(shipped_to)
    same = (asked.scheme, asked.hostname, asked.port) == (own.scheme, own.hostname, own.port)
    return token if same else ""


def fetch_anchors(url: str, token: str, ca_bundle: Path | None, proxy: str | None) -> Collected:
    """The anchors that a GET answers, in any of the forms of `bot.audit.anchors`. Redirects are not
    followed: they would carry the token elsewhere. Raises DataError."""
    if not may_be_asked(url):
        raise DataError(f"{url} must be an https address (http only for this machine)")
    headers = {"Accept": "application/json, application/x-ndjson, text/plain"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = bytearray()
    try:
        with (
            httpx.Client(
                verify=ssl.create_default_context(cafile=ca_bundle),
                proxy=proxy,
                trust_env=False,
                timeout=_SECONDS,
                follow_redirects=False,
            ) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise DataError(f"{url} answered {answer.status_code} instead of anchors")
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise DataError(f"{url} answered more than {_MOST_BYTES:,} bytes")
        return anchors_in(body.decode("utf-8"), url)
    except httpx.HTTPError as error:
        raise DataError(f"{url} cannot be reached: {error}") from None
    except UnicodeDecodeError:
        raise DataError(f"{url} answered something that is no UTF-8") from None
