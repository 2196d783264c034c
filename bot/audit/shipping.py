"""Sending anchors to where the owner of the database cannot write: a file, syslog, or HTTP."""

import os
import re
import socket
import ssl
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from bot.audit.anchors import APP, MARK, Anchor, anchor_line
from bot.errors import DataError

_SECONDS = 10.0
_PRIORITY = 13 * 8 + 5
"""Facility 13 (log audit), severity 5 (notice): RFC 5424, section 6.2.1."""


class Sink(Protocol):
    """Somewhere to keep anchors. `name` is for people, and holds no secret."""

    name: str

    def ship(self, anchor: Anchor, at: datetime) -> None:
        """Raises DataError where it is not known to have arrived."""
        ...


class FileSink:
    """A line at the end of a file, on the disk before it counts as shipped."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def ship(self, anchor: Anchor, at: datetime) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as out:
                out.write(anchor_line(anchor, at) + "\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise DataError(f"{self._path} cannot be written: {error}") from None


class SyslogSink:
    """One message (RFC 5424) over UDP, or over TCP with its length before it (RFC 6587). UDP tells
    nobody whether it arrived."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.name = url
        self._is_udp = parts.scheme == "udp"
        self._to = (parts.hostname or "", parts.port or 0)

    def ship(self, anchor: Anchor, at: datetime) -> None:
        message = syslog_message(anchor, at).encode("ascii")
        try:
            if self._is_udp:
                found = socket.getaddrinfo(*self._to, type=socket.SOCK_DGRAM)
                family, kind, protocol, _, address = found[0]
                with socket.socket(family, kind, protocol) as out:
                    out.sendto(message, address)
                return
            with socket.create_connection(self._to, timeout=_SECONDS) as out:
                out.sendall(f"{len(message)} ".encode() + message)
        except OSError as error:
            raise DataError(f"{self.name} cannot be reached: {error}") from None


def syslog_message(anchor: Anchor, at: datetime) -> str:
    """The message, with the anchor as JSON for its text; all of it ASCII."""
    host = re.sub(r"[^!-~]", "", socket.gethostname())[:255] or "-"
    head = f"<{_PRIORITY}>1 {at.isoformat(timespec='milliseconds')} {host} {APP} {os.getpid()}"
    return f"{head}{MARK}{anchor_line(anchor, at)}"


class HttpSink:
    """A POST of the anchor as JSON. Only an answer of 2xx counts; redirects are not followed, for
    they would carry the token elsewhere."""

    def __init__(self, url: str, token: str, ca_bundle: Path | None, proxy: str | None) -> None:
        self.name = url
        self._token = token
        self._verify = ssl.create_default_context(cafile=ca_bundle)
        self._proxy = proxy

    def ship(self, anchor: Anchor, at: datetime) -> None:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            with httpx.Client(
                verify=self._verify,
                proxy=self._proxy,
                trust_env=False,
                timeout=_SECONDS,
                follow_redirects=False,
            ) as client:
                answer = client.post(self.name, content=anchor_line(anchor, at), headers=headers)
        except httpx.HTTPError as error:
            raise DataError(f"{self.name} cannot be reached: {error}") from None
        if not answer.is_success:
            raise DataError(f"{self.name} answered {answer.status_code}; nothing is anchored there")
