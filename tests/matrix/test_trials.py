"""A restore test that goes wrong leaves nothing behind, and takes each step back once."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc
from tests.matrix.bench import Bench, open_bench

_TRIAL = ("backup", "verify", "101", "--restore-test", "--yes")


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on a homelab of its own."""
    return open_bench(lab, monkeypatch)


@pytest.mark.capability("4.7", "7.8")
def test_one_whose_agent_never_answers_is_stopped_and_removed_once(bench: Bench) -> None:
    before = sorted(bench.world.guests)
    bench.faults({"kind": "status", "status": 500, "path": "*/agent/get-osinfo", "times": 0})
    assert bench(*_TRIAL).status == 7
    ends = [(one.method, one.path.split("/")[-1]) for one in bench.sent[2:]]
    assert ends == [("POST", "start"), ("POST", "stop"), ("DELETE", bench.sent[-1].path.split("/")[-1])]
    assert sorted(bench.world.guests) == before


@pytest.mark.capability("4.7", "7.8")
def test_one_that_cannot_be_removed_is_not_removed_a_second_time(bench: Bench) -> None:
    bench.faults({"kind": "task-fails", "type": "qmdestroy"})
    assert bench(*_TRIAL).status == 8
    assert [one.method for one in bench.sent].count("DELETE") == 1
