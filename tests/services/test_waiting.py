"""Waiting for guests: what counts as an address, what may pass, and what is said when the time is over."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied, PmpcError, ServerError, WaitExpired
from proxmox_mpc.services.waiting import Goal, wait_for
from tests.services.answers import Answers

VM = GuestRef(101, "qemu", "pve1", "web", "running")
CT = GuestRef(201, "lxc", "pve1", "proxy", "running")
NOW, AGENT = "/nodes/pve1/qemu/101/status/current", "/nodes/pve1/qemu/101/agent/network-get-interfaces"
CONFIG = "/nodes/pve1/qemu/101/config"
RUNNING: JsonObject = {"status": "running", "qmpstatus": "running"}
OFF: JsonObject = {"status": "stopped"}
SILENT = ServerError("QEMU guest agent is not running")


class Time:
    """A clock that sleeping moves; what the table says changes at given seconds."""

    def __init__(self, source: Answers, *changes: tuple[float, str, Json | PmpcError]) -> None:
        self.now = 0.0
        self.source = source
        self.changes = list(changes)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for change in [one for one in self.changes if one[0] <= self.now]:
            self.changes.remove(change)
            self.source.table[change[1]] = change[2]

    def wait(self, goal: Goal, *refs: GuestRef, timeout: float = 60.0) -> list[JsonObject]:
        return wait_for(self.source, refs, goal, timeout=timeout, clock=lambda: self.now, sleep=self.sleep)


def interface(name: str, mac: str, *addresses: str) -> JsonObject:
    found: list[Json] = [
        {"ip-address": one, "ip-address-type": "ipv6" if ":" in one else "ipv4", "prefix": 24} for one in addresses
    ]
    return {"name": name, "hardware-address": mac, "ip-addresses": found}


@pytest.mark.capability("4.3", "4.9")
def test_a_state_is_waited_for_while_nodes_fall_silent_and_guests_move() -> None:
    source = Answers({NOW: NodeUnreachable("no route to host")})
    moved: Json = [{"type": "qemu", "vmid": 101, "node": "pve2", "name": "web"}]
    time = Time(
        source,
        (3, NOW, NotFound("Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist")),
        (3, "/cluster/resources", moved),
        (9, "/nodes/pve2/qemu/101/status/current", RUNNING),
    )
    source.table["/nodes/pve2/qemu/101/status/current"] = OFF
    (row,) = time.wait("running", VM)
    assert (row["node"], row["status"], row["ip"]) == ("pve2", "running", None)
    assert isinstance(row["waited"], float)
    assert 9 <= row["waited"] < 12


@pytest.mark.capability("4.3", "4.4")
def test_the_agents_address_of_the_guests_own_card_is_the_first() -> None:
    source = Answers(
        {
            NOW: OFF,
            CONFIG: {"agent": "1", "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "ipconfig0": "ip=dhcp"},
            AGENT: {"result": []},
        }
    )
    inside: JsonObject = {
        "result": [
            interface("lo", "00:00:00:00:00:00", "127.0.0.1", "::1"),
            interface("docker0", "02:42:00:00:00:01", "172.17.0.1"),
            interface("eth0", "bc:24:11:00:00:01", "fe80::1", "2001:db8::5", "10.0.0.5"),
        ]
    }
    time = Time(source, (2, NOW, RUNNING), (6, AGENT, inside))
    (row,) = time.wait("ip", VM)
    assert (row["ip"], row["addresses"]) == ("10.0.0.5", ["10.0.0.5", "2001:db8::5"])


@pytest.mark.capability("4.3", "4.4")
@pytest.mark.parametrize(("agent", "earliest"), [("0", 0.0), ("1", 10.0)])
def test_without_an_agent_the_static_address_counts(agent: str, earliest: float) -> None:
    static: JsonObject = {"agent": agent, "net0": "virtio=BC:24:11:00:00:01", "ipconfig0": "ip=10.0.0.7/24,ip6=auto"}
    time = Time(Answers({NOW: RUNNING, CONFIG: static, AGENT: SILENT}))
    (row,) = time.wait("ip", VM)
    assert row["addresses"] == ["10.0.0.7"]
    assert isinstance(row["waited"], float)
    assert earliest <= row["waited"] <= earliest + 2


@pytest.mark.capability("4.3", "4.4")
def test_a_containers_address_is_told_by_its_node() -> None:
    source = Answers(
        {
            "/nodes/pve1/lxc/201/status/current": RUNNING,
            "/nodes/pve1/lxc/201/config": {"net0": "name=eth0,hwaddr=BC:24:11:00:00:03,ip=dhcp"},
            "/nodes/pve1/lxc/201/interfaces": None,
        }
    )
    addresses: Json = [{"name": "eth0", "hwaddr": "bc:24:11:00:00:03", "inet": "10.0.0.9/24"}]
    time = Time(source, (5, "/nodes/pve1/lxc/201/interfaces", addresses))
    (row,) = time.wait("ip", CT)
    assert row["ip"] == "10.0.0.9"


@pytest.mark.capability("4.3", "7.3")
def test_the_time_is_over_and_each_one_says_what_it_lacks() -> None:
    source = Answers({NOW: RUNNING, CONFIG: {"agent": "1"}, AGENT: SILENT})
    source.table["/nodes/pve1/lxc/201/status/current"] = OFF
    time = Time(source)
    with pytest.raises(WaitExpired) as caught:
        time.wait("ip", VM, CT, timeout=20)
    assert (caught.value.exit_status, caught.value.details["left"]) == (7, [101, 201])
    assert "no static address" in caught.value.message
    assert "CT 201 (proxy): it is stopped" in caught.value.message
    assert 20 <= time.now < 21


@pytest.mark.capability("4.3", "7.3")
def test_what_will_not_pass_is_not_waited_for() -> None:
    source = Answers({NOW: RUNNING, "/nodes/pve1/qemu/101/agent/info": PermissionDenied("VM.GuestAgent.Audit")})
    time = Time(source)
    with pytest.raises(PermissionDenied):
        time.wait("agent", VM)
    gone = Answers({NOW: NotFound("does not exist"), "/cluster/resources": []})
    with pytest.raises(NotFound):
        Time(gone).wait("running", VM)
    assert time.now == 0
