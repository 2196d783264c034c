"""The heartbeat: telling somebody outside that all is well. Silence is the alarm."""

import logging
import ssl
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0


class Heartbeat(Protocol):
    def beat(self) -> bool:
        """Tell it once; False when that did not work. Never raises."""
        ...


class NoHeartbeat:
    """Where no address is set."""

    def beat(self) -> bool:
        return True


class HttpHeartbeat:
    """GETs the address. Its path is a secret: logs name the host alone.

    `proxy` is the proxy to use for this address, None for none.
    """

    def __init__(self, url: str, *, proxy: str | None, ca_bundle: Path | None) -> None:
        self._url = url
        self._host = urlsplit(url).hostname or ""
        self._proxy = proxy
        self._ca_bundle = ca_bundle
        self._failed = False

    def beat(self) -> bool:
        try:
            context = ssl.create_default_context(
                cafile=str(self._ca_bundle) if self._ca_bundle else None
            )
            with httpx.Client(
                proxy=self._proxy, verify=context, trust_env=False, timeout=TIMEOUT_SECONDS
            ) as client:
                status = client.get(self._url).status_code
            problem = "" if status < 400 else f"it answered {status}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            problem = type(error).__name__
        if problem:
            # Once a row of failures: the outside will raise the alarm by itself.
            level = logging.DEBUG if self._failed else logging.WARNING
            _log.log(level, "the heartbeat did not reach %s: %s", self._host, problem)
        self._failed = bool(problem)
        return not problem
