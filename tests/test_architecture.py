"""The shape of the house: names, sizes, and what is shipped."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("catalogue", "config", "gateway", "harvesters", "schemas")
MODULES = sorted(
    path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts
)
VAGUE = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_top_level_name_is_ours_alone(room: str) -> None:
    """Others publish packages of these names: where one is installed too, either may win."""
    assert set(packages_distributions().get(room, ())) == {"entrepot"}


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    assert not [_name(each) for each in MODULES if len(each.read_text(encoding="utf-8").splitlines()) > 300]


def test_a_function_is_short_enough_to_be_seen_at_once() -> None:
    long = [(_name(each), name) for each in MODULES for name, lines in _functions(each) if lines > 40]
    assert not long


def test_a_module_says_what_it_is_for() -> None:
    assert not [_name(each) for each in MODULES if not ast.get_docstring(_tree(each))]


def test_a_name_says_what_is_inside() -> None:
    parts = {_name(each): {each.stem, *each.relative_to(ROOT).parts[:-1]} for each in MODULES}
    assert not [name for name, said in parts.items() if said & VAGUE]


def test_the_packages_that_are_named_are_those_there_are() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    named = setup["options"]["packages"].split()
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
        if "node_modules" not in path.parts
    }
    assert set(named) == found
    assert sorted(named) == named


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of all files in the wheel, built from a copy of what git keeps, as it is on disk."""
    tree = tmp_path_factory.mktemp("tree")
    kept = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, kept):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((ROOT / name).read_bytes())
    words = ["pip", "wheel", "--quiet", "--no-deps", "-w", str(tree / "out"), str(tree)]
    built = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.fail(built.stderr)
    (file,) = (tree / "out").glob("*.whl")
    return zipfile.ZipFile(file).namelist()


@pytest.mark.parametrize(
    "pattern",
    [
        "harvesters/py.typed",
        "harvesters/normalise/headings.toml",
        "config/plans.toml",
        "config/feeds/",
        "config/sample_city/feeds/gaon-buses.toml",
        "config/migrations/versions/",
        "gateway/portal/templates/",
        "gateway/portal/static/",
        "gateway/portal/translations/",
    ],
)
def test_the_wheel_holds_what_runs(wheel: list[str], pattern: str) -> None:
    assert any(name.startswith(pattern) for name in wheel)


def test_the_wheel_holds_all_that_the_rooms_are_made_of(wheel: list[str]) -> None:
    ours = {_name(each) for each in MODULES}
    assert ours <= set(wheel)


def test_the_wheel_holds_no_tests_and_no_tools(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)
    assert not [name for name in wheel if "node_modules" in name or "/assets/" in name]


def _name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def _tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def _functions(module: Path) -> Iterator[tuple[str, int]]:
    """Each function with its lines, its docstring not counted."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            said = ast.get_docstring(node) is not None
            told = (first.end_lineno or 0) - first.lineno + 1 if said else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - told
