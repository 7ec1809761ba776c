"""`entrepot people`, `apps`, `keys`, at the shell."""

from __future__ import annotations

from config.settings import load_settings
from config.wiring import open_clients_of


def test_an_operator_makes_people_applications_and_keys(shell) -> None:
    person = shell("people", "create", "ops@city.example", "--role", "operator", "--json").item
    assert person["role"] == "operator"
    app = shell(
        "apps", "create", "Bus map", "--owner", "dev@city.example", "--plan", "partner", "--json"
    ).item
    assert (app["name"], app["owner"], app["plan"]) == ("Bus map", "dev@city.example", "partner")
    by_name = shell("keys", "create", "Bus map", "--json").item
    by_id = shell("keys", "create", app["id"], "--json").item
    assert by_name.keys() >= {"kid", "key"}
    assert by_name["kid"] != by_id["kid"]
    assert [
        each["name"] for each in shell("apps", "list", "--owner", "dev@city.example", "--json").items
    ] == ["Bus map"]
    with open_clients_of(load_settings(shell.environ)) as clients:
        assert clients.sign_in("ops@city.example", person["password"]) is not None
        assert clients.find(by_name["key"]) is not None
    assert shell("keys", "revoke", by_name["kid"]).status == 0
    with open_clients_of(load_settings(shell.environ)) as clients:
        assert clients.find(by_name["key"]) is None
        assert clients.find(by_id["key"]) is not None


def test_a_key_is_printed_with_its_id_for_people_too(shell) -> None:
    shell("apps", "create", "Bus map", "--owner", "dev@city.example")
    said = shell("keys", "create", "Bus map")
    words = dict(line.split() for line in said.out.splitlines())
    assert words.keys() == {"kid", "key"}
    assert words["key"] not in said.err


def test_what_exists_fails_and_what_does_not_is_misuse(shell) -> None:
    shell("apps", "create", "Bus map", "--owner", "dev@city.example")
    for words, status, why in (
        (("apps", "create", "Bus map", "--owner", "x@city.example"), 1, "exists already"),
        (("people", "create", "dev@city.example"), 1, "exists already"),
        (("keys", "create", "Bus mop"), 2, "no application 'Bus mop'"),
        (("keys", "revoke", "nothing"), 2, "no key 'nothing'"),
        (("apps", "list", "--owner", "nobody@city.example"), 2, "no person"),
        (("apps", "create", "Tram map", "--owner", "dev@city.example", "--plan", "gold"), 2, "gold"),
        (("people", "create", "not an address"), 2, ""),
        (("people", "create", "a@city.example", "--role", "king"), 2, "king"),
        (("apps", "create", "Tram map"), 2, "--owner"),
    ):
        said = shell(*words)
        assert (said.status, said.out) == (status, ""), (words, said)
        assert why in said.err, (words, said.err)
