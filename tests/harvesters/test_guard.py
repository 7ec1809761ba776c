"""Nothing that a feed or a redirect names leads into the city's network."""

from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest

from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.fetch.guard import Guard, is_public

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "0.1.2.3",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "100.64.0.1",
    "168.63.129.16",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "233.252.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "5f00::1",
]
OUTSIDE = ["8.8.8.8", "27.101.215.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2001:4860:4860::8888"]


def guard(*allow: str, **names: str) -> Guard:
    """A guard whose resolver knows `names` (dots as `_`) and literal addresses."""

    def resolve(host: str, port: int) -> list[str]:
        known = names.get(host.replace(".", "_"))
        return known.split() if known else [str(ip_address(host))]

    return Guard(allow, resolve=resolve)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(SourceRefused, match="ENTREPOT_ALLOW_HOSTS"):
        guard(files_example=address).addresses("files.example", 80)


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_admitted(address: str) -> None:
    assert guard(files_example=address).addresses("files.example", 443) == [ip_address(address)]


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(SourceRefused, match=r"10\.0\.0\.7"):
        guard(files_example="8.8.8.8 10.0.0.7").addresses("files.example", 80)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://files.example/",
        "ftp://files.example/a.csv",
        "//files.example/a.csv",
        "files.example/a.csv",
        "http:///a.csv",
        "http://files.example:99999/",
        "http://user:word@files.example/",
        "http://user@127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1.2/",
        "http://8.8.2056/",
    ],
)
def test_an_address_in_disguise_or_another_scheme_is_refused(url: str) -> None:
    with pytest.raises(SourceRefused):
        guard().check(httpx.URL(url))


@pytest.mark.parametrize(
    "url",
    ["http://files.example/", "https://8.8.8.8/", "http://파일.한국/", "http://[2606:4700::1111]:8080/"],
)
def test_a_plain_address_passes_the_check(url: str) -> None:
    guard().check(httpx.URL(url))


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(SourceRefused) as refused:
        guard().check(httpx.URL("http://city:swordfish@files.example/"))
    assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "host", "port"),
    [
        ("files.city.internal", "files.city.internal", 80),
        ("Files.City.Internal", "files.city.internal.", 8443),
        ("files.city.internal:8080", "files.city.internal", 8080),
        ("10.20.0.0/16", "files.city.internal", 80),
        ("10.20.3.4", "10.20.3.4", 80),
        ("10.20.3.4:8001", "files.city.internal", 8001),
    ],
)
def test_what_the_operator_lists_is_admitted(entry: str, host: str, port: int) -> None:
    admitted = guard(entry, files_city_internal="10.20.3.4", files_city_internal_="10.20.3.4")
    assert admitted.addresses(host, port) == [ip_address("10.20.3.4")]


@pytest.mark.parametrize(
    ("entry", "host", "port"),
    [
        ("files.city.internal:8080", "files.city.internal", 80),
        ("files.city.internal", "other.city.internal", 80),
        ("10.21.0.0/16", "files.city.internal", 80),
        ("10.20.3.4:8001", "10.20.3.4", 8002),
    ],
)
def test_what_the_operator_does_not_list_stays_refused(entry: str, host: str, port: int) -> None:
    with pytest.raises(SourceRefused):
        guard(entry, files_city_internal="10.20.3.4", other_city_internal="10.20.3.4").addresses(host, port)


def test_an_allowed_name_never_leads_to_machine_credentials() -> None:
    with pytest.raises(SourceRefused):
        guard("files.city.internal", files_city_internal="169.254.169.254").addresses(
            "files.city.internal", 80
        )


def test_an_allowed_ipv6_address_may_name_a_port() -> None:
    assert guard("[fd00::7]:8001").addresses("fd00::7", 8001) == [ip_address("fd00::7")]


@pytest.mark.parametrize(
    "entry",
    ["", "10.0.0.0/99", "10.0.0.1/16", "http://files", "files:99999", "a b", "*.city", "0x7f.1", "[::1"],
)
def test_a_bad_entry_of_the_list_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host") as fault:
        Guard([entry])
    assert repr(entry) in str(fault.value)


def test_a_name_that_nobody_knows_is_unavailable_not_refused() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(SourceUnavailable, match="nowhere"):
        Guard(resolve=resolve).addresses("nowhere.example", 80)


def test_the_machines_own_resolver_finds_the_machine() -> None:
    with pytest.raises(SourceRefused):
        Guard().addresses("localhost", 80)
