from __future__ import annotations

import pytest

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.guest_details import STATUS, guest_config, guest_pending, guest_status, status_of
from proxmox_mpc.services.guest_metrics import METRIC_ROWS, guest_metrics
from tests.services.paths import Paths

VM = GuestRef(101, "qemu", "pve1", "web", "running")
BASE = "/nodes/pve1/qemu/101"


@pytest.mark.capability("2.4")
def test_the_configuration_is_pves_own_without_passwords() -> None:
    source = Paths(
        {
            f"{BASE}/config": {"net10": "b", "net2": "a", "cipassword": "geheim", "digest": "d"},
            f"{BASE}/config?current=True": {"cores": 1},
            f"{BASE}/config?snapshot=s1": {"cores": 2},
            f"{BASE}/config?snapshot=s2": NotFound("snapshot 's2' does not exist"),
        }
    )
    found = guest_config(source, VM)
    assert list(found.items()) == [("cipassword", "***"), ("digest", "d"), ("net2", "a"), ("net10", "b")]
    assert guest_config(source, VM, current=True) == {"cores": 1}
    assert guest_config(source, VM, snapshot="s1") == {"cores": 2}
    with pytest.raises(NotFound, match=r"VM 101 \(web\) has no snapshot s2"):
        guest_config(source, VM, snapshot="s2")


@pytest.mark.capability("2.5")
def test_pending_shows_what_a_restart_changes() -> None:
    source = Paths(
        {
            f"{BASE}/pending": [
                {"key": "memory", "value": "512", "pending": 1024},
                {"key": "net1", "pending": "virtio,bridge=vmbr0"},
                {"key": "scsi1", "value": "x", "delete": 2},
                {"key": "name", "value": "web"},
                {"key": "cipassword", "value": "alt", "pending": "neu"},
            ]
        }
    )
    rows = guest_pending(source, VM)
    assert [tuple(row.values()) for row in rows] == [
        ("cipassword", "***", "***", False, False),
        ("memory", "512", "1024", False, False),
        ("net1", None, "virtio,bridge=vmbr0", False, False),
        ("scsi1", "x", None, True, True),
    ]
    assert "name" in [row["key"] for row in guest_pending(source, VM, unchanged=True)]


def test_status_of_a_paused_and_of_an_unknown_guest() -> None:
    current: JsonObject = {"status": "running", "qmpstatus": "paused", "ha": {"managed": "1", "state": "started"}}
    found = guest_status(Paths({f"{BASE}/status/current": current}), VM)
    assert (found["status"], found["ha_state"], found["uptime"]) == ("paused", "started", None)
    assert set(found) == {field.key for field in STATUS.fields}
    ref = GuestRef(101, "qemu", "pve1", None, "unknown", row={"hastate": "error"})
    assert status_of(ref, {"ha": {"managed": 0}})["status"] == "unknown"
    assert status_of(ref, {})["ha_state"] == "error"


@pytest.mark.capability("4.8")
def test_metrics_are_rows_in_the_order_of_time_with_null_for_gaps() -> None:
    rows: list[JsonObject] = [{"time": 1795375720, "cpu": "0.5", "netin": 10.5, "disk": 0}, {"time": 1795375660}]
    source = Paths({f"{BASE}/rrddata?cf=MAX&timeframe=day": [*rows]})
    found = guest_metrics(source, VM, "day", "max")
    assert [row["time"] for row in found] == ["2026-11-22T19:27:40Z", "2026-11-22T19:28:40Z"]
    assert (found[0]["cpu"], found[1]["cpu"], found[1]["network_in"], found[1]["disk_used"]) == (None, 0.5, 10.5, None)
    assert all(set(row) == {field.key for field in METRIC_ROWS.fields} for row in found)
