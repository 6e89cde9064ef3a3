from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from proxmox_mpc.cli.commands.guest_text import guest_page
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import AuthenticationError, PermissionDenied, PmpcError, ServerBusy, ServerError
from proxmox_mpc.output.schema import schema_of
from proxmox_mpc.services.guest_page import show_guest
from proxmox_mpc.services.guest_page_shape import GUEST_PAGE
from tests.services.paths import Paths

NOW = 1_795_375_657.0
VM = GuestRef(101, "qemu", "pve1", "web", "running", tags=("prod",), pool="shop")
BASE = "/nodes/pve1/qemu/101"
NODE = "/nodes/pve1"


def server(**changed: Json | PmpcError) -> Paths:
    answers: dict[str, Json | PmpcError] = {
        f"{BASE}/config?current=True": {
            "memory": "2048",
            "agent": "1",
            "scsi0": "local:101/vm-101-disk-0.raw,size=1G",
            "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0",
            "description": "\x1b[31mred",
            "protection": 1,
        },
        f"{BASE}/status/current": {"status": "running", "uptime": 60, "cpu": 0.1, "mem": 1 << 30, "ha": {"managed": 0}},
        f"{BASE}/pending": [{"key": "memory", "value": "2048", "pending": "4096"}, {"key": "cores", "value": 1}],
        f"{BASE}/snapshot": [{"name": "s", "snaptime": int(NOW) - 7200}, {"name": "current", "parent": "s"}],
        f"{BASE}/agent/network-get-interfaces": {"result": [{"name": "eth0", "ip-addresses": [{"ip-address": "::1"}]}]},
        f"{NODE}/replication?guest=101": [
            {"id": "101-0", "guest": 101, "target": "pve2", "last_sync": 1795375000, "fail_count": 2, "error": "full"},
            {"id": "102-0", "guest": 102, "target": "pve2"},
        ],
        f"{NODE}/storage?content=backup&enabled=True": [{"storage": "pbs", "content": "backup", "active": 1}],
        f"{NODE}/storage/pbs/content?content=backup&vmid=101": [
            {"volid": "pbs:backup/vm/101/x", "ctime": int(NOW) - 3600, "vmid": 101, "size": 5, "content": "backup"}
        ],
    }  # fmt: skip
    paths = {key: key for key in answers}
    for name, value in changed.items():
        (path,) = [path for path in paths if f"/{name}" in path.partition("?")[0][len(NODE) :]]
        answers[path] = value
    return Paths(answers)


def valid(page: dict[str, Any]) -> bool:
    jsonschema.Draft202012Validator(schema_of(GUEST_PAGE, "page")).validate(page)
    return True


@pytest.mark.capability("2.4")
def test_the_whole_page() -> None:
    source = server()
    reading = show_guest(source, VM, lambda: NOW)
    page = reading.value
    assert valid(page) and (reading.warnings, reading.partial, page["notes"]) == ((), False, [])
    assert page["snapshots"] == {"count": 1, "active": "s", "newest": "s", "newest_created": "2026-11-22T17:27:37Z"}
    assert page["pending"] == [{"key": "memory", "value": "2048", "pending": "4096", "delete": False, "force": False}]
    replication = page["replication"]
    assert isinstance(replication, list) and len(replication) == 1
    assert len(source.asked) == 8
    text = guest_page(page, width=None, now=lambda: NOW)
    assert "last backup: 1h ago, 5 B: pbs:backup/vm/101/x" in text
    assert "protection:  on" in text
    assert "\x1b" not in text, "a description cannot colour the terminal"


@pytest.mark.capability("7.3")
@pytest.mark.parametrize("name", ["pending", "snapshot", "replication", "status", "storage?content"])
def test_a_part_that_cannot_be_read_is_left_out_and_said(name: str) -> None:
    source = server()
    (path,) = [path for path in source.answers if f"/{name.partition('?')[0]}" in path and "pbs" not in path]
    broken = Paths({**source.answers, path: ServerBusy("too busy")})
    reading = show_guest(broken, VM, lambda: NOW)
    assert reading.partial and len(reading.warnings) == 1
    assert valid(reading.value)
    assert guest_page(reading.value, width=80, now=lambda: NOW)


@pytest.mark.parametrize(
    ("error", "answers", "note"),
    [
        (ServerError("QEMU guest agent is not running"), False, "the guest agent does not answer"),
        (PermissionDenied("the token lacks VM.GuestAgent.Audit"), None, "VM.GuestAgent.Audit"),
    ],
)
def test_an_agent_that_is_silent_is_a_note_and_no_error(error: PmpcError, answers: bool | None, note: str) -> None:
    reading = show_guest(server(agent=error), VM, lambda: NOW)
    assert (reading.warnings, reading.partial) == ((), False)
    agent, notes = reading.value["agent"], reading.value["notes"]
    assert isinstance(agent, dict) and agent["answers"] is answers
    assert isinstance(notes, list) and note in str(notes[0])
    assert "Notes" in guest_page(reading.value, width=None, now=lambda: NOW)


def test_without_its_configuration_there_is_no_page() -> None:
    with pytest.raises(PermissionDenied):
        show_guest(server(config=PermissionDenied("lacks VM.Audit")), VM, lambda: NOW)
    with pytest.raises(AuthenticationError):
        show_guest(server(pending=AuthenticationError("401")), VM, lambda: NOW)


def test_the_page_of_a_container_and_of_nearly_nothing() -> None:
    ct = GuestRef(200, "lxc", "pve1", None, "stopped")
    base = "/nodes/pve1/lxc/200"
    empty: dict[str, Json | PmpcError] = {
        f"{base}/config": {},
        f"{base}/status/current": {},
        f"{base}/pending": [],
        f"{base}/snapshot": [],
        "/nodes/pve1/replication": [],
        "/nodes/pve1/storage": [],
    }
    reading = show_guest(Paths(empty), ct, lambda: NOW)
    assert valid(reading.value)
    assert "CT:" in guest_page(reading.value, width=40, now=lambda: NOW)
    assert reading.value["notes"] == ["backups may be missing: no storage for backups is visible"]
