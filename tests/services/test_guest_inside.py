from __future__ import annotations

import pytest

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import Conflict, NotFound, PmpcError, ServerError
from proxmox_mpc.services.guest_agent import AGENT_INFO, agent_info
from proxmox_mpc.services.guest_cloudinit import CLOUDINIT_PAGE, cloudinit
from tests.services.paths import Paths

VM = GuestRef(104, "qemu", "pve1", "docker", "running")
BASE = "/nodes/pve1/qemu/104"
DUMP = """#cloud-config
hostname: docker
user: admin
password: $5$KEYsalt$wJ3rT8UTyA0zJmKMH3m9p2xqS1b0
chpasswd:
  expire: False
users:
  - default
  - name: bob
    hashed_passwd: plainsecret
"""


def agent(**answers: Json | PmpcError) -> Paths:
    return Paths({f"{BASE}/agent/{name.replace('_', '-')}": answer for name, answer in answers.items()})


@pytest.mark.capability("2.4")
def test_what_the_agent_tells() -> None:
    source = agent(
        info={
            "result": {
                "version": "10.0",
                "supported_commands": [{"name": "b", "enabled": True}, {"name": "a", "enabled": False}],
            }
        },
        get_osinfo={"result": {"pretty-name": "Debian 13", "kernel-release": "6.12", "machine": "x86_64"}},
        get_host_name={"result": {"host-name": "docker"}},
        get_timezone=ServerError("Agent error: not supported"),
        get_fsinfo={
            "result": [{"name": "sda1", "mountpoint": "/", "type": "ext4", "total-bytes": 10, "used-bytes": "4"}]
        },
        get_users={"result": {"error": {"class": "CommandNotFound"}}},
    )
    found = agent_info(source, VM)
    assert set(found) == {field.key for field in AGENT_INFO.fields}
    assert (found["version"], found["os"], found["hostname"], found["timezone"]) == (
        "10.0",
        "Debian 13",
        "docker",
        None,
    )
    assert (found["commands"], found["disabled"], found["users"]) == (["b"], ["a"], [])
    assert found["filesystems"] == [{"mount": "/", "type": "ext4", "size": 10, "used": 4, "device": "sda1"}]


def test_an_agent_that_does_not_run_is_a_conflict() -> None:
    with pytest.raises(Conflict, match=r"VM 104 \(docker\): No QEMU guest agent configured"):
        agent_info(agent(info=Conflict("No QEMU guest agent configured")), VM)


@pytest.mark.capability("9.6")
def test_cloud_init_without_its_passwords() -> None:
    source = Paths(
        {
            f"{BASE}/config": {
                "ide2": "nas:104/vm-104-cloudinit.qcow2,media=cdrom",
                "ciuser": "admin",
                "cipassword": "x",
            },
            f"{BASE}/cloudinit": [
                {"key": "ciuser", "value": "root", "pending": "admin"},
                {"key": "cipassword", "value": "geheim", "pending": "geheim2"},
            ],
            f"{BASE}/cloudinit/dump?type=user": DUMP,
            f"{BASE}/cloudinit/dump?type=network": "version: 1\n",
            f"{BASE}/cloudinit/dump?type=meta": ServerError("broken"),
        }
    )
    reading = cloudinit(source, VM)
    found = reading.value
    assert set(found) == {field.key for field in CLOUDINIT_PAGE.fields}
    assert (found["drive"], found["user"], found["password_set"]) == ("ide2", "admin", True)
    assert "password: ***" in str(found["user_data"]) and "expire: False" in str(found["user_data"])
    for secret in ("wJ3rT8UTyA0z", "plainsecret", "geheim", "KEYsalt"):
        assert secret not in str(found)
    assert (found["network_config"], found["meta_data"]) == ("version: 1\n", None)
    assert reading.partial and "meta data" in reading.warnings[0].message


def test_a_vm_without_cloud_init_has_none_to_show() -> None:
    with pytest.raises(NotFound, match="has no cloud-init"):
        cloudinit(Paths({f"{BASE}/config": {"name": "x"}}), VM)
