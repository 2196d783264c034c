"""Web API clients as the settings say: base address, proxy, certificates, time-outs."""

import ipaddress
import ssl
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from slack_sdk import WebClient

TIMEOUT_SECONDS = 10


def web_client(
    token: str | None,
    *,
    base_url: str,
    proxy: str | None = None,
    ca_bundle: Path | None = None,
    timeout: int = TIMEOUT_SECONDS,
) -> WebClient:
    """A client that tries once: repeating is the outbox's business, which remembers.

    `timeout` is in seconds, for each call. `proxy` is not used for this machine, nor for hosts
    that NO_PROXY names.
    """
    client = WebClient(
        token=token,
        base_url=base_url,
        timeout=timeout,
        proxy=proxy,
        ssl=ssl.create_default_context(cafile=str(ca_bundle)) if ca_bundle is not None else None,
        retry_handlers=[],
    )
    # The library fills in the environment's proxy by itself, and knows no exceptions to it.
    client.proxy = proxy_for(base_url, proxy)
    return client


def proxy_for(url: str, proxy: str | None) -> str | None:
    """The proxy to use for `url`: none for loopback addresses and the hosts of NO_PROXY."""
    host = urlsplit(url).hostname or ""
    if not proxy or _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    return proxy


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
