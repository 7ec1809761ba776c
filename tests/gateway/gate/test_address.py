"""Whose address a request is counted under."""

from __future__ import annotations

import pytest

from gateway.gate import Proxies

PROXIES = Proxies(["10.0.0.0/8", "::1"])


def address(peer, **headers):
    return PROXIES.client(
        {"REMOTE_ADDR": peer, **{f"HTTP_{name}": value for name, value in headers.items()}}
    )[0]


@pytest.mark.parametrize(
    ("peer", "headers", "counted"),
    [
        ("203.0.113.9", {}, "203.0.113.9"),
        ("203.0.113.9", {"X_FORWARDED_FOR": "198.51.100.1"}, "203.0.113.9"),
        ("203.0.113.9", {"FORWARDED": "for=198.51.100.1"}, "203.0.113.9"),
        ("10.0.0.1", {"X_FORWARDED_FOR": "198.51.100.1"}, "198.51.100.1"),
        ("10.0.0.1", {"X_FORWARDED_FOR": "1.1.1.1, 198.51.100.1, 10.2.2.2"}, "198.51.100.1"),
        ("10.0.0.1", {"X_FORWARDED_FOR": "1.1.1.1, nonsense"}, "10.0.0.1"),
        ("10.0.0.1", {"X_FORWARDED_FOR": "1.1.1.1, nonsense, 10.2.2.2"}, "10.2.2.2"),
        ("10.0.0.1", {"X_FORWARDED_FOR": "10.3.3.3, 10.2.2.2"}, "10.3.3.3"),
        ("10.0.0.1", {"FORWARDED": 'for="[2001:db8:1:2:3::4]:4711";proto=https'}, "2001:db8:1:2::/64"),
        ("10.0.0.1", {"FORWARDED": "proto=http;For=198.51.100.1, for=10.2.2.2"}, "198.51.100.1"),
        ("10.0.0.1", {"FORWARDED": "for=_hidden"}, "10.0.0.1"),
        ("::1", {"X_FORWARDED_FOR": "198.51.100.1:5555"}, "198.51.100.1"),
        ("::ffff:10.0.0.1", {"X_FORWARDED_FOR": "::ffff:198.51.100.1"}, "198.51.100.1"),
        ("2001:db8:1:2:aaaa::1", {}, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", {}, "fe80::/64"),
        ("", {}, "unknown"),
    ],
)
def test_the_nearest_hop_that_is_no_trusted_proxy_is_counted(peer, headers, counted):
    assert address(peer, **headers) == counted


def test_two_headers_that_tell_different_stories_are_both_disbelieved():
    assert address("10.0.0.1", X_FORWARDED_FOR="198.51.100.1", FORWARDED="for=198.51.100.2") == "10.0.0.1"
    assert address("10.0.0.1", X_FORWARDED_FOR="198.51.100.1", FORWARDED="for=198.51.100.1") == "198.51.100.1"


def test_what_a_stranger_says_of_himself_goes_no_further():
    environ = {
        "REMOTE_ADDR": "203.0.113.9",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    assert PROXIES.client(environ) == ("203.0.113.9", False)
    assert environ == {"REMOTE_ADDR": "203.0.113.9"}


def test_a_proxy_that_is_no_address_is_named():
    with pytest.raises(ValueError, match=r"proxy\.example"):
        Proxies(["proxy.example"])
