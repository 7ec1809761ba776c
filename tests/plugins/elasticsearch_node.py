"""A real Elasticsearch 8.19 node on loopback for the tests that need it, from Maven's repository."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from services import unused_port
from serving import answers

VERSION = "8.19.21"
USER = "nobody"  # Elasticsearch refuses to run as root.
GROUP = "org.elasticsearch.distribution.integ-test-zip"
OPTIONS = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"
"""Of Java; a node that lives for minutes costs half as much processor to start where it optimises little."""


class NoNode(RuntimeError):
    """This machine cannot start a node; says what it lacks."""


@pytest.fixture(scope="session")
def elasticsearch_url(in_ci: bool) -> Iterator[str]:
    """The URL of an empty node of this test session."""
    try:
        archive = distribution()
        java = java_home()
    except NoNode as lack:
        sentence = f"needs Elasticsearch {VERSION}, which is not on this machine: {lack}"
        pytest.fail(sentence) if in_ci else pytest.skip(sentence)
    with node(archive, java) as url:
        yield url


def distribution() -> Path:
    """The node's archive in the local Maven repository, fetched once."""
    path = Path.home() / ".m2/repository" / GROUP.replace(".", "/") / f"elasticsearch/{VERSION}"
    archive = path / f"elasticsearch-{VERSION}.zip"
    if archive.exists():
        return archive
    maven = shutil.which("mvn")
    if maven is None:
        raise NoNode("mvn is missing")
    artifact = f"-Dartifact={GROUP}:elasticsearch:{VERSION}:zip"
    get = [maven, "-B", "-ntp", "-q", "dependency:get", "-Dtransitive=false", artifact]
    fetched = subprocess.run(get, check=False, capture_output=True, text=True, timeout=600)
    if fetched.returncode or not archive.exists():
        raise NoNode(f"mvn could not fetch it: {fetched.stdout[-300:]}")
    return archive


def java_home() -> Path:
    """Where a Java of 17 or later is."""
    java = shutil.which("java")
    if java is None:
        raise NoNode("java is missing")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    if int(told.split('"')[1].split(".")[0]) < 17:
        raise NoNode(f"Java 17 or later is needed, found {told.splitlines()[0]}")
    return Path(java).resolve().parents[1]


@contextmanager
def node(archive: Path, java: Path) -> Iterator[str]:
    """A node that lives as long as the block; its URL."""
    # Not below pytest's own folder, which the node's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="entrepot-elasticsearch-"))
    try:
        home, port = _unpack(archive, folder), unused_port()
        _configure(home, folder, port)
        _run(home, folder, java)
        pid = int((folder / "pid").read_text())
        try:
            _await(f"http://127.0.0.1:{port}", home)
            yield f"http://127.0.0.1:{port}"
        finally:
            _end(pid)
    finally:
        shutil.rmtree(folder)


def _unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    home = folder / f"elasticsearch-{VERSION}"
    for program in (home / "bin").iterdir():
        program.chmod(0o755)  # zipfile forgets what is a program
    return home


def _configure(home: Path, folder: Path, port: int) -> None:
    lines = {
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": unused_port(),
        "path.data": folder / "data",
        "path.logs": folder / "logs",
        # The machine's disk may be fuller than a cluster would like.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    (home / "config/elasticsearch.yml").write_text(text, encoding="utf-8")
    for part in ("data", "logs", "tmp"):
        (folder / part).mkdir()


def _run(home: Path, folder: Path, java: Path) -> None:
    owner = USER if os.getuid() == 0 else None
    if owner:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, owner)
    environment = {
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": OPTIONS,
        "ES_TMPDIR": str(folder / "tmp"),
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    command = [str(home / "bin/elasticsearch"), "-d", "-p", str(folder / "pid")]
    started = subprocess.run(
        command,
        check=False,
        user=owner,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if started.returncode:
        pytest.fail(f"Elasticsearch did not start:\n{started.stdout[-2000:]}{started.stderr[-2000:]}")


def _await(url: str, home: Path) -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        if answers(f"{url}/_cluster/health?wait_for_status=yellow&timeout=5s"):
            return
        time.sleep(0.2)
    log = "".join(path.read_text()[-2000:] for path in (home.parent / "logs").glob("*.log"))
    pytest.fail(f"Elasticsearch did not answer:\n{log}")


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
