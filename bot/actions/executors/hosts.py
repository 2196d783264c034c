"""Which hosts may be asked, and at which address: looked up once, checked, and kept to."""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.actions.executors.port import NotAllowed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Lookup = Callable[[str, int], list[str]]
_ENTRY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::([0-9]{1,5}))?(?:@([0-9a-fA-F.:/]+))?")
_CARRIERS = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"))
)
"""IPv6 ranges whose addresses stand for IPv4 ones, private ones among them (RFC 6052, 8215,
4380, 3056)."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """`HOST[:PORT][@NETWORK]`. Without a network only public addresses will do: a private one
    must be allowed by name, so that no public name can lead inside."""

    host: str
    port: int | None
    network: Network | None

    @classmethod
    def parse(cls, text: str) -> "AllowedHost":
        """Raises ValueError."""
        match = _ENTRY.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not of the form HOST[:PORT][@NETWORK]")
        network = ipaddress.ip_network(match[3]) if match[3] else None
        port = int(match[2]) if match[2] else None
        return cls(match[1].strip("[]").lower(), port, network)


class HostGate:
    """The runner's list of hosts."""

    def __init__(self, entries: Iterable[str], lookup: Lookup = look_up) -> None:
        self._allowed = [AllowedHost.parse(entry) for entry in entries]
        self._lookup = lookup

    def address(self, host: str, port: int) -> str:
        """The one address to connect to. NotAllowed when the list does not let it."""
        entries = [
            one for one in self._allowed if one.host == host.lower() and one.port in (None, port)
        ]
        if not entries:
            raise NotAllowed(f"{host}:{port} is not in RECALL_RUNNER_HOSTS")
        try:
            found = self._lookup(host, port)
        except OSError as error:
            raise NotAllowed(f"{host} cannot be looked up: {error}") from None
        for text in found:
            address = _plain(ipaddress.ip_address(text.partition("%")[0]))
            if any(_fits(address, entry) for entry in entries):
                return str(address)
        raise NotAllowed(
            f"{host} leads to {', '.join(found) or 'nowhere'}, which is private; if it is meant, "
            f"write {host}@NETWORK in RECALL_RUNNER_HOSTS"
        )


def _plain(address: Address) -> Address:
    """An IPv4 address that is dressed up as an IPv6 one, as what it is."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _fits(address: Address, entry: AllowedHost) -> bool:
    if entry.network is not None:
        return address.version == entry.network.version and address in entry.network
    carries_another = address.version == 6 and any(address in one for one in _CARRIERS)
    return address.is_global and not address.is_multicast and not carries_another
