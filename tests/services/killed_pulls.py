"""Run as a process: pulls that are killed at given moments, and what each leaves behind, as JSON lines.

``killed_pulls DIRECTORY MOMENT…``: a moment is a number of steps (an answer read, a statement begun, a commit) after
which the pull is killed while it runs on. One thread only, so that fork is safe.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event

from proxmox_mpc.services.pull import pull
from proxmox_mpc.state import StateStore, light
from tests.services.fake_source import FakeSource

GUESTS = range(300, 340)


def dump(path: Path) -> list[str]:
    """Return everything that the database holds."""
    connection = sqlite3.connect(path)
    try:
        return [line for line in connection.iterdump() if "state_meta" not in line]
    finally:
        connection.close()


def before(source: FakeSource) -> FakeSource:
    """Fill the cluster that is pulled first."""
    for vmid in GUESTS:
        source.add(vmid, f"guest-{vmid}", "pve1")
    return source


def after(source: FakeSource) -> FakeSource:
    """Change every guest, remove some and add others."""
    for vmid in GUESTS:
        source.configs[vmid]["memory"] = "512"
    for vmid in GUESTS[:5]:
        source.remove(vmid)
    for vmid in range(400, 405):
        source.add(vmid, "new", "pve2")
    return source


def run(path: Path, source: FakeSource, now: float, step: Callable[[], None] = lambda: None) -> None:
    """Pull, telling every step."""
    read = source.read_many

    def stepping(queries):  # type: ignore[no-untyped-def]
        step()
        return read(queries)

    source.read_many = stepping  # type: ignore[method-assign]
    with StateStore.open(path, now=lambda: now) as store:
        for name in ("before_cursor_execute", "commit"):
            event.listen(store._engine, name, lambda *_: step())
        pull(source, store, now=lambda: now)


def killed(path: Path, moment: int) -> int:
    """Pull in a child that is killed after so many steps; returns how it ended, 0 when it was done before."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            run(path, after(before(FakeSource())), 2_000, lambda: _tell(writer))
        finally:
            os._exit(0)
    os.close(writer)
    told = 0
    while told < moment and (more := os.read(reader, moment - told)):
        told += len(more)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reader)
    return os.waitstatus_to_exitcode(status)


def _tell(writer: int) -> None:
    os.write(writer, b".")


def main(directory: Path, moments: list[int]) -> None:
    """Kill a pull at every moment and say what is there afterwards."""
    base, done = directory / "base.db", directory / "done.db"
    run(base, before(FakeSource()), 1_000)
    shutil.copy(base, done)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    run(done, after(before(FakeSource())), 2_000, count)
    states = {"old": dump(base), "new": dump(done)}
    for number, moment in enumerate(moments):
        path = directory / f"{number}" / "state.db"
        path.parent.mkdir()
        shutil.copy(base, path)
        ending = killed(path, 1 + moment % steps)
        health = light.health(path)
        with StateStore.open(path) as store:
            store.check(3_000)
        found = [name for name, state in states.items() if state == dump(path)]
        print(json.dumps({"ending": ending, "state": found, "error": health.error, "steps": steps}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(word) for word in sys.argv[2:]])
