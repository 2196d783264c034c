"""Files that people share: fetched with the bot's token from Slack alone, and read as text.

The token goes to the API's own host and to Slack's file hosts, over HTTPS, and nowhere else: a
redirect to another host is not followed.
"""

import codecs
import http.client
import logging
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from bot.clock import Clock
from bot.slack.connect import proxy_for

_log = logging.getLogger(__name__)

MOST_BYTES = 5 * 1024 * 1024
MOST_FILES = 5
"""Files of one message that are read."""

TIMEOUT_SECONDS = 10
"""Without a byte, until the connection is given up."""

WHOLE_SECONDS = 30.0
"""For one file in all."""

_CHUNK = 64 * 1024
_FILE_HOST = ".slack.com"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MEDIA = ("image/", "video/", "audio/", "font/")
_PACKED = ("application/pdf", "application/zip", "application/gzip", "application/x-tar")

TOO_LARGE = "“{name}” is larger than 5 MB, so I did not read it. Paste the lines that matter."
NO_TEXT = "“{name}” is no text (UTF-8 or UTF-16), so I did not read it. Share it as a text file."
NOT_READ = "“{name}” could not be read just now. Paste the lines that matter."
EMPTY = "“{name}” is empty."


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file as the event names it. `preview` is the beginning that Slack sends along."""

    name: str
    mimetype: str
    size: int
    url: str
    preview: str = ""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The text, or in `problem` why there is none and what to do."""

    text: str = ""
    problem: str = ""


class FileReader:
    """Reads shared files. Takes its time: never to be used inside a transaction."""

    def __init__(
        self,
        token: str,
        api_url: str,
        clock: Clock,
        *,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        self._token = token
        self._api = urlsplit(api_url)
        self._clock = clock
        self._proxy = proxy
        self._tls = ssl.create_default_context(cafile=str(ca_bundle) if ca_bundle else None)

    def read(self, file: SharedFile) -> ReadFile:
        """What the file says. Without the scope files:read it is the preview, if there is one."""
        name = file.name[:80] or "the file"
        if file.size > MOST_BYTES:
            return ReadFile(problem=TOO_LARGE.format(name=name))
        if file.mimetype.startswith(_MEDIA) or file.mimetype in _PACKED:
            return ReadFile(problem=NO_TEXT.format(name=name))
        if not self.is_trusted(file.url):
            _log.warning("a shared file is not at Slack, so it was not fetched")
            return _preview(file, name)
        try:
            content = self._fetch(file)
        except _TooLarge:
            return ReadFile(problem=TOO_LARGE.format(name=name))
        except (OSError, http.client.HTTPException, ValueError) as error:
            # HTTPError carries no token; the address may, so it is not told.
            _log.warning("a shared file could not be fetched: %s", type(error).__name__)
            return _preview(file, name)
        if content is None:
            _log.warning("a shared file could not be fetched: is the scope files:read missing?")
            return _preview(file, name)
        text = decoded(content)
        if text is None:
            return ReadFile(problem=NO_TEXT.format(name=name))
        return ReadFile(text=text) if text.strip() else ReadFile(problem=EMPTY.format(name=name))

    def is_trusted(self, url: str) -> bool:
        """Whether the token may go to that address."""
        try:
            at = urlsplit(url)
            if at.username is not None or at.password is not None or not at.hostname:
                return False
            if _origin(at) == _origin(self._api):
                return True
            is_slack = at.hostname == _FILE_HOST[1:] or at.hostname.endswith(_FILE_HOST)
            return at.scheme == "https" and is_slack and at.port in (None, 443)
        except ValueError:
            return False

    def _fetch(self, file: SharedFile) -> bytes | None:
        """The bytes; None where Slack answers with its log-in page. Raises OSError, _TooLarge."""
        proxy = proxy_for(file.url, self._proxy)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}),
            urllib.request.HTTPSHandler(context=self._tls),
            _SameHost(),
        )
        request = urllib.request.Request(file.url)  # noqa: S310 - is_trusted has looked at it
        request.add_header("Authorization", f"Bearer {self._token}")
        end = self._clock.monotonic() + WHOLE_SECONDS
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            kind = str(answer.headers.get("Content-Type") or "")
            if kind.startswith("text/html") and file.mimetype != "text/html":
                return None
            parts: list[bytes] = []
            size = 0
            while part := answer.read(_CHUNK):
                size += len(part)
                if size > MOST_BYTES:
                    raise _TooLarge
                if self._clock.monotonic() > end:
                    raise TimeoutError("the file took too long")
                parts.append(part)
        return b"".join(parts)


class _TooLarge(Exception):
    """The file goes on past what the event said."""


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect within one host and scheme; another one ends the request."""

    max_redirections = 3

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if _origin(urlsplit(req.full_url)) != _origin(urlsplit(newurl)):
            raise urllib.error.URLError("redirected to another host")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(at: SplitResult) -> tuple[str, str | None, int | None]:
    default = {"https": 443, "http": 80}.get(at.scheme)
    return at.scheme, at.hostname, at.port or default


def _preview(file: SharedFile, name: str) -> ReadFile:
    return (
        ReadFile(text=file.preview)
        if file.preview
        else ReadFile(problem=NOT_READ.format(name=name))
    )


def decoded(content: bytes) -> str | None:
    """UTF-8, or UTF-16 with its mark; None for anything else, and for what holds NULs."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def shared_files(event: Mapping[str, Any], preview: Any) -> tuple[SharedFile, ...]:
    """The files of a message; `preview` gives the beginning that came along with one."""
    files = event.get("files")
    found = [one for one in files if isinstance(one, Mapping)] if isinstance(files, list) else []
    return tuple(
        SharedFile(
            name=str(one.get("name") or one.get("title") or "")[:200],
            mimetype=str(one.get("mimetype") or ""),
            size=int(one["size"]) if isinstance(one.get("size"), int) else 0,
            url=str(one.get("url_private") or ""),
            preview=preview(one),
        )
        for one in found[:MOST_FILES]
    )
