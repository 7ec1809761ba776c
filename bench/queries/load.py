"""Ask a server questions with wrk, and tell what it took: rate, latencies, processor time a request."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.queries.report import Figures

LUA = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local i = 0
request = function()
  i = i %% #paths + 1
  return wrk.format("GET", paths[i], %s)
end
"""
_TICK = os.sysconf("SC_CLK_TCK")
_RESTLESS, _GLANCE = 30.0, 0.2
"""Seconds that a server may go on with what nobody waits for, and between two looks at it."""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Server:
    """One that answers at `url`; `processes` gives the ids of all that work for it."""

    name: str
    url: str
    processes: Callable[[], Sequence[int]]
    headers: dict[str, str]


def ask(server: Server, paths: Sequence[str], clients: int, seconds: int, folder: Path) -> Figures:
    """The questions in turn for `seconds`, after a second of warming, when the server has come to rest."""
    listed, script = folder / "paths.txt", folder / "asked.lua"
    listed.write_text("\n".join(paths), encoding="utf-8")
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in server.headers.items())
    script.write_text(LUA % (listed, f"{{{headers}}}"), encoding="utf-8")
    _wrk(server.url, script, clients, 1)
    rest(server)
    before = used(server.processes())
    said = _wrk(server.url, script, clients, seconds)
    spent = used(server.processes()) - before
    rest(server)
    requests = int(_found(r"(\d+) requests in", said))
    if not requests:
        raise TimeoutError(f"no answer within {seconds} s")
    shares = {share: float(number) * _UNITS[unit] for share, number, unit in _LATENCIES.findall(said)}
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", said))
    cpu = f"{1000 * spent / requests:.2f} ms"
    return Figures(rate, _shown(rate, said), shares["50"], shares["99"], cpu=cpu)


def rest(server: Server) -> None:
    """Wait till a server does nothing more for those that have gone away, but not for ever."""
    until = time.monotonic() + _RESTLESS
    while time.monotonic() < until:
        before = used(server.processes())
        time.sleep(_GLANCE)
        if used(server.processes()) - before < _GLANCE / 10:
            return


def _shown(rate: float, said: str) -> str:
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    late = re.search(r"timeout (\d+)", said)
    notes = [f"{refused[1]} refused"] if refused else []
    notes += [f"{late[1]} timed out"] if late and late[1] != "0" else []
    return ", ".join([f"{rate:.1f}/s", *notes])


_LATENCIES = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)", re.MULTILINE)


def _wrk(url: str, script: Path, clients: int, seconds: int) -> str:
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    command += ["-s", str(script)]
    return subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"wrk said nothing like {pattern}: {text}")
    return found[1]


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def used(processes: Sequence[int]) -> float:
    """Processor seconds, user and system, that processes have had, with those of their ended children."""
    return sum(sum(map(int, fields[11:15])) / _TICK for fields in map(_stat, processes) if fields)


def _stat(process: int) -> list[str] | None:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
