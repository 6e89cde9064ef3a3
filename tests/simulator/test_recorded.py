"""Real exchanges with PVE 9.2.11, replayed in their order, get the same answers from the simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator import replay

# The recording host could not copy a disk: its clone ran for seconds, failed, and left nothing.
FAULTS: list[dict[str, Any]] = [{"kind": "task-fails", "type": "qmclone", "text": "clone failed: copy failed"}]
WAITS = {"POST /nodes/pve1/qemu/101/template": 30.0}
"""Seconds that pass before an exchange: the failing clone was over by then."""

OTHER_VALUES = {
    "GET /nodes/pve1/status": "processor, load and kernel of the recording host",
    "GET /cluster/log": "the recording's daemon did not name itself to the log",
}
"""Exchanges whose values are of the recording host: their form alone is compared."""

DIFFERENT = {
    "GET /nodes/pve1/time": "the recording host had no timedatectl: 500",
    "GET /nodes/pve1/rrddata": "the recording host had no rrdcached: 500",
    "GET /nodes/pve1/capabilities/qemu/machines": "the recording host lacked the list of older machine versions",
}
"""Exchanges that a working host answers otherwise."""


@pytest.fixture
def place() -> Path:
    """Where the recordings are."""
    found = replay.folder()
    if found is None:
        pytest.skip("no recorded exchanges beside the repository (../shared/pve) nor in PMPC_SHARED")
    return found


def test_recorded_exchanges(place: Path) -> None:
    session = replay.Replay.begin(FAULTS)
    wrong: list[str] = []
    for exchange in replay.exchanges(place):
        session.clock.advance(WAITS.get(exchange.name, 0.0))
        response = session.send(exchange)
        if exchange.name in DIFFERENT:
            continue
        found = session.differences(exchange, response, form_only=exchange.name in OTHER_VALUES)
        wrong += [f"{exchange.number} {exchange.name}: {line}" for line in found]
    assert not wrong, "\n".join(wrong)


def test_the_comparison_sees_differences(place: Path) -> None:
    session = replay.Replay.begin(FAULTS)
    first, *_ = replay.exchanges(place)
    response = session.send(first)
    assert session.differences(first, response) == []
    first.status, first.body = 500, {"data": "UPID", "message": "no"}
    found = session.differences(first, response)
    assert any(line.startswith("status 200") for line in found)
    assert any("message is missing" in line for line in found)
