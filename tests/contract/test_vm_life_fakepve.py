"""The life of a VM through pmpc's own commands, against fakepve, which validates every request by PVE's schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakepve import FakePve

from tests.conftest import Pmpc

SECRET = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def other(fakepve: FakePve, fakepve_cafile: str, tmp_path: Path) -> Callable[..., Any]:
    """pmpc on a fake of two nodes and one stopped VM; returns its data."""
    fakepve.add_node("pve2")
    fakepve.apitokens["root@pam!ci"] = SECRET
    fakepve.add_vm(100, "web", config={"memory": "512", "scsi0": "local:100/vm-100-disk-0.raw,size=1G"})
    environ = {
        "PMPC_URL": fakepve.url,
        "PMPC_TOKEN_ID": "root@pam!ci",
        "PMPC_TOKEN_SECRET": SECRET,
        "PMPC_CA_FILE": fakepve_cafile,
    }
    pmpc = Pmpc(tmp_path, environ)
    return pmpc.ok


@pytest.mark.capability("2.1", "2.5", "2.6", "4.3", "4.7")
def test_the_life_of_a_vm(other: Callable[..., Any]) -> None:
    words = ("vm", "create", "shop", "--cores", 2, "--on-node", "pve1", "--set", "numa=1", "--tag", "a", "--onboot")
    row = other(*words, "--yes")
    assert (row["status"], row["name"]) == ("done", "shop")
    vmid = row["id"]
    assert other("vm", "set", vmid, "--cores", 4, "--delete", "onboot", "--yes")["changed"] is True
    config = other("vm", "config", vmid)
    assert str(config["cores"]) == "4" and "onboot" not in config
    assert other("vm", "tag", "add", vmid, "b", "--yes")["changed"] is True
    assert other("vm", "snapshot", "create", vmid, "before", "--yes")["status"] == "done"
    assert other("vm", "snapshot", "rollback", vmid, "before", "--yes", "--confirm", "shop")["status"] == "done"
    assert other("vm", "snapshot", "delete", vmid, "before", "--yes")["status"] == "done"
    assert other("vm", "start", vmid, "--yes")["status"] == "done"
    assert other("vm", "stop", vmid, "--yes")["status"] == "done"
    clone = other("vm", "clone", vmid, "twin", "--yes")
    assert clone["name"] == "twin" and clone["id"] != vmid
    gone = other("vm", "delete", vmid, "--yes", "--confirm", "shop", "--without-backup")
    assert gone["status"] == "done"
    assert vmid not in [one["vmid"] for one in other("vm", "list")]


@pytest.mark.capability("2.5", "4.5", "4.6")
def test_the_parts_of_a_vm(other: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhvbWVsYWItZG9ja2VyLWtleS0wMDE+/= me@host\n"
    )
    assert other("vm", "disk", "add", 100, "scsi1=local:2,ssd=1", "--yes")["status"] == "done"
    assert other("vm", "disk", "resize", 100, "scsi1", "4G", "--yes")["status"] == "done"
    assert other("vm", "disk", "detach", 100, "scsi1", "--yes")["status"] == "done"
    assert other("vm", "nic", "add", 100, "vmbr0,vlan=20,firewall=1", "--as", "net1", "--yes")["status"] == "done"
    assert other("vm", "nic", "set", 100, "net1", "vlan=30,link=down", "--yes")["status"] == "done"
    assert other("vm", "isolate", 100, "--yes")["changed"] is False
    assert other("vm", "nic", "remove", 100, "net1", "--yes")["status"] == "done"
    words = ("--ciuser", "ops", "--ssh-keys", "key.pub", "--ipconfig", "10.0.0.5/24,gw=10.0.0.1", "--memory", "1G")
    assert other("vm", "set", 100, *words, "--yes")["status"] == "done"
    assert other("vm", "template", 100, "--yes")["status"] == "done"
