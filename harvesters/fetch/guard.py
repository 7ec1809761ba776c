"""Keep what is fetched from leading into the city's own network: which addresses may be connected to."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from harvesters.faults import SourceRefused, SourceUnavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host name, as text; raises OSError where there are none."""

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII)
_ENTRY = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>\d{1,5})")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)

# Routed or assigned, yet no host of the public Internet: relays and tunnels that carry an IPv4 address
# inside (6to4, Teredo), documentation, and the address at which Azure serves machine credentials.
_NEVER_PUBLIC = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "2001::/32",
        "2002::/16",
        "3fff::/20",
    )
)
# IANA gives out global unicast from here alone: mapped, NAT64, local and multicast addresses lie outside.
_GLOBAL_UNICAST = IPv6Network("2000::/3")


@dataclass(frozen=True)
class _Allowed:
    """An entry of the operator's list: a host name or a network, on one port or on all."""

    name: str | None = None
    network: IPv4Network | IPv6Network | None = None
    port: int | None = None

    def admits(self, host: str, address: Address, port: int) -> bool:
        if self.port not in (None, port):
            return False
        if self.network is not None:
            return address in self.network
        # A name's address is the resolver's word: private is what the operator meant, these never are.
        odd = address.is_link_local or address.is_multicast or address.is_unspecified
        return self.name == host and not odd


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host by the machine's resolver, each once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


class Guard:
    """Admits public addresses, and private ones that the operator lists.

    An entry of `allow` is a host, an address, either with `:port`, or a network in CIDR notation;
    anything else raises ValueError that names it.
    """

    def __init__(self, allow: Iterable[str] = (), *, resolve: Resolve = resolve) -> None:
        self._allow = tuple(_entry(text.strip()) for text in allow)
        self._resolve = resolve

    def check(self, url: httpx.URL) -> None:
        """Raise SourceRefused for a URL that must not be fetched whatever its host resolves to."""
        if url.scheme not in ("http", "https"):
            raise SourceRefused(f"{url.scheme or 'nothing'}: is not fetched", hint="only http and https are")
        if url.userinfo:
            raise SourceRefused(
                f"the address of {url.host} holds a user name or password",
                hint="leave it out: a feed names its secrets as env:NAME",
            )
        if not url.host or not 0 < (url.port or 80) < 65536:
            raise SourceRefused("the address names no host, or no port that there is")
        if _is_odd_number(url.host):
            raise SourceRefused(f"{url.host} is an address in disguise", hint="write it as 203.0.113.7")

    def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses to connect to, resolved now; raises SourceRefused, or SourceUnavailable for none.

        One address that is not admitted refuses them all: a name with a private address among public
        ones is an attack or a mistake, and which one is connected to would be luck.
        """
        name = host.lower().rstrip(".")
        try:
            found = [ip_address(text) for text in self._resolve(host, port)]
        except (OSError, UnicodeError, ValueError):
            found = []
        if not found:
            raise SourceUnavailable(f"no address is known for {host}", hint="mend url under [source]")
        for address in found:
            if not self._admits(name, address, port):
                raise SourceRefused(
                    f"{host} leads to {address}, which is not on the public Internet",
                    hint="the operator can allow it in ENTREPOT_ALLOW_HOSTS",
                )
        return found

    def _admits(self, host: str, address: Address, port: int) -> bool:
        return is_public(address) or any(entry.admits(host, address, port) for entry in self._allow)


def is_public(address: Address) -> bool:
    """Whether an address is a host of the public Internet (IANA special-purpose registries)."""
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id or address not in _GLOBAL_UNICAST):
        return False
    return not any(address in block for block in _NEVER_PUBLIC)


def _is_odd_number(host: str) -> bool:
    """Whether resolvers read a host as an IPv4 address though it is not written as four decimal numbers."""
    last = host.lower().rstrip(".").rpartition(".")[2]
    if not _NUMBER.fullmatch(last):
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _entry(text: str) -> _Allowed:
    network = _network(text)
    if network is not None:
        return _Allowed(network=network)
    if split := _ENTRY.fullmatch(text):
        port = int(split["port"])
        network = _network(split["v6"] or split["host"])
        if 0 < port < 65536 and (network is not None or _is_name(split["host"])):
            name = split["host"].lower().rstrip(".") if network is None else None
            return _Allowed(name=name, network=network, port=port)
    elif _is_name(text):
        return _Allowed(name=text.lower().rstrip("."))
    raise ValueError(
        f"{text!r} is no host, host:port, address or network; write files.city.internal, 10.20.0.0/16 "
        "or 127.0.0.1:8001"
    )


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _is_name(text: str | None) -> bool:
    return text is not None and bool(_NAME.fullmatch(text.lower())) and not _is_odd_number(text)
