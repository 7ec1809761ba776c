"""Ask a server questions with wrk, and tell what it took: rate, latencies, processor time a request."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Server:
    """One that answers at `url`; `processes` gives the ids of all that work for it."""

    name: str
    url: str
    processes: Callable[[], Sequence[int]]
    headers: dict[str, str]


@dataclass(frozen=True)
class Load:
    """What some clients got: requests a second, milliseconds, processor milliseconds a request, refusals."""

    rate: float
    p50: float
    p99: float
    cpu: float
    faults: int

    def __str__(self) -> str:
        faults = f"  {self.faults} refused" if self.faults else ""
        return f"{self.rate:9.1f}/s  p50 {self.p50:8.2f}  p99 {self.p99:8.2f}  CPU {self.cpu:7.2f} ms{faults}"


def ask(server: Server, paths: Sequence[str], clients: int, seconds: int, folder: Path) -> Load:
    """The questions in turn for `seconds`, after a second of warming."""
    listed, script = folder / "paths.txt", folder / "asked.lua"
    listed.write_text("\n".join(paths), encoding="utf-8")
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in server.headers.items())
    script.write_text(LUA % (listed, f"{{{headers}}}"), encoding="utf-8")
    _wrk(server.url, script, clients, 1)
    before = used(server.processes())
    said = _wrk(server.url, script, clients, seconds)
    spent = used(server.processes()) - before
    shares = {share: float(number) * _UNITS[unit] for share, number, unit in _LATENCIES.findall(said)}
    requests = int(_found(r"(\d+) requests in", said))
    faults = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", said))
    cpu = 1000 * spent / max(requests, 1)
    return Load(rate, shares["50"], shares["99"], cpu, int(faults[1]) if faults else 0)


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
