"""One count for all processes of the machine, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from waiting import wait_for

from gateway.clients.plans import Limit
from gateway.gate import EmbeddedLimiter
from gateway.gate.limits import Subject

ROOT = Path(__file__).resolve().parents[3]
APP = Subject("application", "app_one")

HAMMER = """
import sys, threading
from pathlib import Path
from zoneinfo import ZoneInfo
from gateway.clients.plans import Limit
from gateway.gate import EmbeddedLimiter
from gateway.gate.limits import Subject

folder, threads, tries, quota = Path(sys.argv[1]), *map(int, sys.argv[2:])
limiter = EmbeddedLimiter(folder, ZoneInfo("Asia/Seoul"), buckets={"application": 4, "address": 4})
limits = [Limit("hour", quota, 3600), Limit("month", 10**9, 2592000, "month")]
app = Subject("application", "app_one")
print("ready", flush=True)
sys.stdin.readline()

def ask():
    for _ in range(tries):
        if limiter.acquire(app, limits).allowed:
            sys.stdout.write("+\\n")
            sys.stdout.flush()

workers = [threading.Thread(target=ask) for _ in range(threads)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
"""


def hammer(folder, threads, tries, quota, out=subprocess.PIPE):
    command = [sys.executable, "-c", HAMMER, *map(str, (folder, threads, tries, quota))]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=out, text=True)


def reopened(folder):
    from zoneinfo import ZoneInfo

    return EmbeddedLimiter(folder, ZoneInfo("Asia/Seoul"), buckets={"application": 4, "address": 4})


@pytest.mark.parametrize("processes", [1, 4, 8])
def test_threads_of_several_processes_together_get_exactly_the_quota(tmp_path, processes):
    running = [hammer(tmp_path, 4, 1600 // processes // 4 + 1, 500) for _ in range(processes)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    admitted = sum(process.communicate(timeout=300)[0].count("+") for process in running)
    assert admitted == 500


def test_processes_killed_while_they_count_lose_nothing_of_what_was_admitted(tmp_path):
    told = tmp_path / "told"
    with told.open("w") as out:
        running = [hammer(tmp_path / "limits", 2, 1_000_000, 10**9, out) for _ in range(2)]
        wait_for(lambda: told.read_text().count("ready") == 2)
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
        wait_for(lambda: told.read_text().count("+") > 1000)
        for process in running:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdin.close()
    admitted = told.read_text().count("+")
    limiter = reopened(tmp_path / "limits")
    limits = [Limit("hour", 10**9, 3600), Limit("month", 10**9, 2_592_000, "month")]
    spent = [10**9 - left.remaining for left in limiter.acquire(APP, limits, 0).allowances]
    # Four threads may each have counted a request that they died before telling of.
    assert all(admitted <= number <= admitted + 4 for number in spent)
    limiter.close()


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    told = tmp_path / "told"
    with told.open("w") as out:
        process = hammer(tmp_path / "limits", 1, 1_000_000, 10**9, out)
        process.stdin.write("go\n")
        process.stdin.flush()
        wait_for(lambda: told.read_text().count("+") > 100)
        process.kill()
        process.wait()
        process.stdin.close()
    limiter, began = reopened(tmp_path / "limits"), time.monotonic()
    assert limiter.acquire(APP, [Limit("hour", 10**9, 3600)]).allowed
    assert time.monotonic() - began < 20
    limiter.close()
