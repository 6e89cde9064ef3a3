from __future__ import annotations

import pytest

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import AuthenticationError, Conflict, NotRecorded, PermissionDenied, ServerError
from proxmox_mpc.services.guest_network import agent_addresses, container_addresses, guest_ips, why_no_addresses
from tests.services.paths import Paths

VM = GuestRef(101, "qemu", "pve1", "web", "running")
CT = GuestRef(200, "lxc", "pve1", "dns", "running")
AGENT = "/nodes/pve1/qemu/101/agent/network-get-interfaces"


@pytest.mark.capability("2.4")
def test_the_agents_answer_is_unwrapped() -> None:
    answer: Json = {
        "result": [
            {
                "name": "eth0",
                "hardware-address": "bc:24:11:00:00:01",
                "ip-addresses": [
                    {"ip-address": "10.0.0.5", "ip-address-type": "ipv4", "prefix": 24},
                    {"ip-address": "fe80::1", "ip-address-type": "ipv6", "prefix": "64"},
                    {"ip-address-type": "ipv6"},
                ],
            },
            {"name": "down0", "hardware-address": "bc:24:11:00:00:02"},
            {"name": "lo", "ip-addresses": [{"ip-address": "127.0.0.1", "prefix": 8}]},
        ]
    }
    rows = guest_ips(Paths({AGENT: answer}), VM)
    assert [(row["interface"], row["family"], row["address"], row["prefix"], row["scope"]) for row in rows] == [
        ("eth0", "inet", "10.0.0.5", 24, "global"),
        ("eth0", "inet6", "fe80::1", 64, "link"),
        ("lo", "inet", "127.0.0.1", 8, "host"),
    ]
    assert rows[0]["mac"] == "BC:24:11:00:00:01"
    assert agent_addresses({"result": None}) == []


def test_containers_of_old_and_new_releases() -> None:
    old: Json = [{"name": "eth0", "hwaddr": "bc:24:11:00:00:03", "inet": "10.0.0.53/24", "inet6": "fd00::1/64"}]
    assert [(row["address"], row["prefix"]) for row in container_addresses(old)] == [("10.0.0.53", 24), ("fd00::1", 64)]
    listed: Json = [{"ip-address": "10.0.0.53", "prefix": 24, "ip-address-type": "inet"}]
    new: Json = [{"name": "eth0", "inet": "10.0.0.53/24", "ip-addresses": listed}]
    assert [row["address"] for row in container_addresses(new)] == ["10.0.0.53"]
    assert container_addresses(None) == []


@pytest.mark.capability("10.2")
def test_a_guest_or_agent_that_does_not_run_is_a_conflict_with_a_way_out() -> None:
    with pytest.raises(Conflict) as caught:
        guest_ips(Paths({AGENT: ServerError("QEMU guest agent is not running")}), VM)
    assert caught.value.message == "VM 101 (web): QEMU guest agent is not running"
    assert "qm set 101 --agent 1" in (caught.value.hint or "")
    with pytest.raises(Conflict, match=r"CT 200 \(dns\) is not running"):
        guest_ips(Paths({}), GuestRef(200, "lxc", "pve1", "dns", "stopped"))


def test_a_page_says_why_it_has_no_addresses() -> None:
    assert why_no_addresses(VM, Conflict("x")) == "no addresses: the guest agent does not answer"
    assert why_no_addresses(CT, ServerError("broken")) == "no addresses: broken"
    assert why_no_addresses(VM, PermissionDenied("lacks VM.GuestAgent.Audit")) is not None
    assert why_no_addresses(VM, NotRecorded("x")) is not None
    assert why_no_addresses(VM, AuthenticationError("x")) is None
