"""On a terminal each conflict is asked about."""

from __future__ import annotations

import io
import os

import pytest

from proxmox_mpc.cli.main import run
from proxmox_mpc.output.streams import Streams
from tests.cli.sync_lab import SyncLab


class Terminal(io.StringIO):
    """Somebody sits in front of it."""

    def isatty(self) -> bool:
        return True


def answered(sync: SyncLab, *answers: str) -> tuple[int, str]:
    """Run ``sync run`` and answer what is asked; returns the status and what was shown."""
    shown = Terminal()
    typed = Terminal("".join(f"{answer}\n" for answer in answers))
    environ = {**os.environ, **sync.bench.environ}
    status = run(
        ["sync", "run"], environ=environ, cwd=sync.bench.pmpc.cwd, streams=Streams(typed, io.StringIO(), shown)
    )
    return status, shown.getvalue()


@pytest.mark.capability("1.2", "7.5")
def test_each_conflict_is_asked_about_and_enter_leaves_it(sync: SyncLab) -> None:
    sync.live(101, memory="3000", cores="7", sockets="2")
    sync.edit(101, memory=5000, cores=9, sockets=3)
    status, shown = answered(sync, "", "", "")
    assert (status, sync.sent) == (6, [])
    for value in ("'3000'", "'5000'", "'7'", "'9'", "[s]erver or [d]eclared", "memory", "cores"):
        assert value in shown, shown
    order = [row["key"] for row in sync.ok("diff")]
    answers = {"memory": "s", "cores": "declared", "sockets": ""}
    status, shown = answered(sync, *(answers[key] for key in order), "y")
    assert status == 6, shown
    now = sync.now(101)
    assert (now["memory"], now["cores"], now["sockets"]) == ("3000", "9", "2")
    text = sync.file(101).read_text()
    assert "memory: 3000\n" in text and "cores: 9\n" in text and "sockets: 3\n" in text
    assert [(row["key"], row["action"]) for row in sync.ok("diff")] == [("sockets", "conflict")]


@pytest.mark.capability("4.2", "9.9")
def test_who_says_no_has_pushed_nothing(sync: SyncLab) -> None:
    sync.edit(101, memory=5000)
    status, shown = answered(sync, "n")
    assert (status, sync.sent) == (9, []), shown
    assert sync.diff() == [("101", "memory", "push")]
