"""What the environment may set."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from config.settings import BadSetting, Settings, describe_settings, load_settings, settings_page, variable

ROOT = Path(__file__).resolve().parents[2]
BAD = {
    "ENTREPOT_DATABASE_URL": "mysql://root:hunter2@db/x",
    "ENTREPOT_STORAGE_URL": "s3://bucket",
    "ENTREPOT_SEARCH_URL": "search.city:9200",
    "ENTREPOT_REDIS_URL": "redis://cache",
    "ENTREPOT_CLUSTER_URL": "tcp://dask:8786",
    "ENTREPOT_FEEDS": ":",
    "ENTREPOT_ALLOW_HOSTS": "10.20.0.0/99",
    "ENTREPOT_EXTENT": "1,2,3",
    "ENTREPOT_TIMEZONE": "Asia/Soul",
    "ENTREPOT_ACCEL_PREFIX": "files",
    "ENTREPOT_PUBLIC_URL": "data.city.example",
    "ENTREPOT_TRUSTED_PROXIES": "proxy",
    "ENTREPOT_PLANS": "/no/such/plans.toml",
    "ENTREPOT_SMTP_URL": "mail.city:25",
    "ENTREPOT_NOTIFY": "steward@city.example",
}


@pytest.mark.parametrize(("name", "value"), BAD.items())
def test_a_bad_value_names_its_variable_and_what_it_takes(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as bad:
        load_settings({name: value})
    takes = next(each["takes"] for each in describe_settings({}) if each["variable"] == name)
    assert bad.value.variable == name
    assert str(bad.value).startswith(f"{name}=")
    assert takes in str(bad.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENTREPOT_DATABASE_URL", "sqlite://"),
        ("ENTREPOT_DATABASE_URL", "sqlite:///:memory:"),
        ("ENTREPOT_DATABASE_URL", "sqlite+psycopg:///x.db"),
        ("ENTREPOT_DATABASE_URL", "postgresql://db:port/x"),
        ("ENTREPOT_SEARCH_URL", "http://"),
        ("ENTREPOT_SEARCH_URL", "http://a:9200,ftp://b"),
        ("ENTREPOT_SEARCH_URL", "http://a:99999"),
        ("ENTREPOT_PUBLIC_URL", "http://a,http://b"),
        ("ENTREPOT_EXTENT", "124,40,132,33"),
        ("ENTREPOT_EXTENT", "124,nan,132,39"),
        ("ENTREPOT_EXTENT", "-200,33,132,39"),
        ("ENTREPOT_TIMEZONE", "../../etc/passwd"),
        ("ENTREPOT_TIMEZONE", "Asia"),
        ("ENTREPOT_ALLOW_HOSTS", "http://files.city"),
        ("ENTREPOT_TRUSTED_PROXIES", ","),
        ("ENTREPOT_PLANS", "/tmp"),
    ],
)
def test_what_only_looks_like_a_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(name)):
        load_settings({name: value})


def test_no_password_is_told_with_a_bad_value() -> None:
    with pytest.raises(BadSetting) as bad:
        load_settings({"ENTREPOT_DATABASE_URL": "mysql://root:hun@ter2@db/x?sslpassword=hunter3"})
    assert "ter2" not in str(bad.value)
    assert "hunter3" not in str(bad.value)
    assert "root:***@db" in str(bad.value)


def test_an_empty_value_is_an_unset_one() -> None:
    assert load_settings({variable(setting.name): "" for setting in fields(Settings)}) == load_settings({})


def test_values_are_read_into_what_they_mean() -> None:
    settings = load_settings(
        {
            "ENTREPOT_DATABASE_URL": "postgresql://city@db/entrepot",
            "ENTREPOT_SEARCH_URL": "http://a:9200/, http://b:9200",
            "ENTREPOT_FEEDS": "feeds:/srv/feeds",
            "ENTREPOT_ALLOW_HOSTS": "10.20.0.0/16, files.city.internal:8080",
            "ENTREPOT_EXTENT": "128.7,34.8,129.4,35.5",
            "ENTREPOT_PUBLIC_URL": "https://data.city.example/open/",
            "ENTREPOT_TRUSTED_PROXIES": "10.0.0.7, ::1",
        }
    )
    assert settings.database == "postgresql+psycopg://city@db/entrepot"
    assert settings.search_url == "http://a:9200,http://b:9200"
    assert settings.feeds == (Path("feeds"), Path("/srv/feeds"))
    assert settings.allow_hosts == ("10.20.0.0/16", "files.city.internal:8080")
    assert settings.extent == (128.7, 34.8, 129.4, 35.5)
    assert settings.public_url == "https://data.city.example/open"
    assert settings.trusted_proxies == ("10.0.0.7/32", "::1/128")


def test_every_setting_says_its_help_its_default_and_what_it_takes() -> None:
    for each in describe_settings({}):
        assert each["help"].endswith("."), each
        assert each["default"], each
        assert each["takes"], each


def test_every_setting_stands_in_the_documentation() -> None:
    page = ROOT / "docs" / "settings.md"
    assert settings_page(describe_settings({})) in page.read_text(encoding="utf-8"), (
        f"put the output of `entrepot settings --markdown` into {page.name}"
    )
