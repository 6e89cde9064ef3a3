"""The dynamic inventory: groups, variables, addresses, and the protocol of Ansible's inventory scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.iac.ansible.inventory import inventory
from proxmox_mpc.iac.estate import Estate, Only
from proxmox_mpc.iac.names import slug
from tests.conftest import Pmpc

pytestmark = pytest.mark.capability("5.2", "5.4")


class Documents:
    def __init__(self, *guests: tuple[JsonObject, JsonObject]) -> None:
        self.guests = guests

    def objects(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        place = {"guest": 0, "config": 1}.get(kind)
        return [] if place is None else [(str(pair[0]["vmid"]), pair[place]) for pair in self.guests]


def guest(vmid: int, name: str | None, sort: str = "qemu", **more: str | int) -> JsonObject:
    return {"vmid": vmid, "name": name, "type": sort, "node": "pve-1", "status": "running", **more}


def test_groups_and_variables() -> None:
    made = inventory(
        Estate(
            Documents(
                (
                    guest(101, "web", tags="prod;web-x", pool="front"),
                    {"ostype": "l26", "ciuser": "admin", "ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1,ip6=fd00::5/64"},
                ),
                (guest(200, "dns", "lxc"), {"ostype": "debian", "net0": "name=eth0,bridge=vmbr0,ip=dhcp"}),
                (guest(9000, "base", template=1), {"template": 1}),
            )
        )
    )
    assert made == {
        "_meta": {
            "hostvars": {
                "web": {
                    "ansible_host": "10.0.0.5",
                    "ansible_user": "admin",
                    "pve_vmid": 101,
                    "pve_type": "vm",
                    "pve_node": "pve-1",
                    "pve_status": "running",
                    "pve_pool": "front",
                    "pve_tags": ["prod", "web-x"],
                    "pve_addresses": ["10.0.0.5", "fd00::5"],
                },
                "dns": {
                    "pve_vmid": 200,
                    "pve_type": "ct",
                    "pve_node": "pve-1",
                    "pve_status": "running",
                    "pve_pool": None,
                    "pve_tags": [],
                    "pve_addresses": [],
                },
            }
        },
        "ct": {"hosts": ["dns"]},
        "node_pve_1": {"hosts": ["web", "dns"]},
        "os_debian": {"hosts": ["dns"]},
        "os_linux": {"hosts": ["web"]},
        "pool_front": {"hosts": ["web"]},
        "status_running": {"hosts": ["web", "dns"]},
        "tag_prod": {"hosts": ["web"]},
        "tag_web_x": {"hosts": ["web"]},
        "vm": {"hosts": ["web"]},
    }


def test_two_of_one_name_are_told_apart_and_odd_names_are_no_patterns() -> None:
    made = inventory(
        Estate(Documents((guest(1, "a,b"), {}), (guest(2, "twin"), {}), (guest(3, "twin"), {}), (guest(4, None), {})))
    )
    assert made["vm"] == {"hosts": ["a-b", "twin-2", "twin-3", "vm-4"]}


def test_names_that_every_tool_takes() -> None:
    assert [slug(one) for one in ("web-1", "Zoë Müller", "10.0.0.1", "名前", "ÄÖÜ ß", "")] == [
        "web_1", "zoe_mueller", "n_10_0_0_1", "n", "aeoeue_ss", "n",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("include", "exclude", "left"),
    [
        ((), (), ["web", "db"]),
        (("tag=prod",), (), ["web"]),
        (("web*",), (), ["web"]),
        (("102",), (), ["db"]),
        ((), ("name=WEB",), ["db"]),
        (("node=pve*", "tag=prod"), (), ["web"]),
        (("vm",), ("tag=prod",), ["db"]),
    ],
)
def test_what_is_wanted(include: tuple[str, ...], exclude: tuple[str, ...], left: list[str]) -> None:
    documents = Documents((guest(101, "web", tags="prod"), {}), (guest(102, "db"), {}))
    made = inventory(Estate(documents, Only.read(include, exclude)))
    assert made.get("vm", {"hosts": []}) == {"hosts": left}


def test_the_protocol(lab: Pmpc) -> None:
    whole = lab("iac", "inventory", "--list")
    assert whole.status == 0
    made = json.loads(whole.stdout)
    assert made["_meta"]["hostvars"]["docker"]["ansible_host"] == "10.10.20.104"
    assert "docker" in made["tag_prod"]["hosts"]
    one = lab("iac", "inventory", "--host", "docker")
    assert (one.status, json.loads(one.stdout)) == (0, made["_meta"]["hostvars"]["docker"])
    assert lab("iac", "inventory").stdout == whole.stdout
    for argv, status, said in (
        (("--host", "nobody"), 5, "there is no host 'nobody'"),
        (("--list", "--host", "docker"), 2, "exclude each other"),
        (("--include", "color=red"), 2, "selects nothing"),
    ):
        refused = lab("iac", "inventory", *argv)
        assert (refused.status, refused.stdout) == (status, "")
        assert said in refused.stderr
