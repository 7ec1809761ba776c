"""The migrations make the tables that the code has, on both databases, however often and from wherever."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from catalogue.database import connect, writing
from config import migrations
from config.migrations import newest, upgrade
from config.migrations.tables import OWNERS


def test_many_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Not one in three hundred is told that the database is locked."""

    def add(url: str) -> None:
        engine = connect(url)
        with writing(engine) as connection:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS t (n)"))
            connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        engine.dispose()

    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            url = f"sqlite:///{tmp_path / str(number)}.db"
            list(pool.map(add, [url] * 8))
            with sqlite3.connect(tmp_path / f"{number}.db") as written:
                assert written.execute("SELECT count(*) FROM t").fetchone() == (8,)
            written.close()


def test_migrating_leaves_no_difference_to_the_tables_in_code(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": OWNERS})
        assert compare_metadata(context, OWNERS) == []


def test_migrating_twice_changes_nothing(database_url: str, database: Engine) -> None:
    upgrade(database_url)
    with database.connect() as connection:
        assert len(connection.execute(sa.text("SELECT version_num FROM alembic_version")).all()) == 1


def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    command = [sys.executable, "-c", f"from config.migrations import upgrade; upgrade({empty_url!r})"]
    together = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=300)[1].decode() for process in together] == ["", "", ""]
    assert [process.returncode for process in together] == [0, 0, 0]


def test_a_database_of_this_version_is_opened_without_the_tool_that_migrates(migrated_sqlite: Path) -> None:
    assert newest() == ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
    opened = f"from config.migrations import upgrade; upgrade('sqlite:///{migrated_sqlite}')"
    probe = f"import sys; {opened}; print([name for name in ('alembic', 'pyogrio') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
