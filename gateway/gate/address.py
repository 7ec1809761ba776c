"""Find the address a request truly came from, believing only the proxies that the operator trusts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"
_FORWARDED_FOR = re.compile(r"""(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;\s]*))""", re.IGNORECASE)
_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")
_FROM_PROXIES = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_X_REQUEST_ID",
)


class Proxies:
    """The trusted proxies, as addresses or networks; ValueError names the one that is neither."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._networks = tuple(ip_network(text.strip(), strict=False) for text in trusted)

    def client(self, environ: WSGIEnvironment) -> tuple[str, bool]:
        """The client's address, and whether the peer is a trusted proxy.

        The address is that of the nearest hop that is no trusted proxy: an IPv4 address, or the /64 of an
        IPv6 one. What strangers say of themselves in forwarding headers is taken out of `environ`.
        """
        peer = environ.get("REMOTE_ADDR") or ""
        if not self._networks or not self._trusts(peer):
            for name in _FROM_PROXIES:
                environ.pop(name, None)
            return shown(peer), False
        # A proxy writes one of the two and lets the other pass as the caller wrote it: where they tell
        # different stories neither is believed, and the proxy itself is counted.
        told = {
            self._nearest(peer, hops)
            for hops in (
                _plain(environ.get("HTTP_X_FORWARDED_FOR")),
                _forwarded(environ.get("HTTP_FORWARDED")),
            )
            if hops
        }
        return told.pop() if len(told) == 1 else shown(peer), True

    def _nearest(self, peer: str, hops: list[str]) -> str:
        nearest = peer
        for hop in reversed(hops):
            if _parsed(hop) is None:
                break
            nearest = hop
            if not self._trusts(hop):
                break
        return shown(nearest)

    def _trusts(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._networks)


@lru_cache(4096)
def shown(text: str) -> str:
    """The address as it is counted: IPv4 (also where mapped into IPv6) whole, IPv6 as its /64."""
    address = _parsed(text)
    if address is None:
        return UNKNOWN
    return str(address) if address.version == 4 else str(ip_network((int(address) >> 64 << 64, 64)))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    port = _PORT.fullmatch(text)
    try:
        address = ip_address((port[1] or port[2] if port else text).partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _plain(header: str | None) -> list[str]:
    return [hop.strip() for hop in header.split(",")] if header else []


def _forwarded(header: str | None) -> list[str]:
    """The `for` of each hop of a Forwarded header (RFC 7239); a hop without one is an empty text."""
    found = (_FORWARDED_FOR.search(element) for element in (header or "").split(",") if header)
    return [(match[1] or match[2] or "") if match else "" for match in found]
