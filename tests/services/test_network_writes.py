"""Network changes: what carries the management is known, and the way back is exact."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.services.network_writes import carriers, console_undo, touches
from tests.services.fake_source import FakeSource

DIFF = """--- /etc/network/interfaces
+++ /etc/network/interfaces.new
@@ -10,3 +10,4 @@
 auto vmbr1
 iface vmbr1 inet manual
 \tbridge-ports eno2
+\tmtu 9000
"""


def source() -> FakeSource:
    made = FakeSource()
    rows: list[JsonObject] = [
        {"iface": "eno1", "type": "eth"},
        {"iface": "eno2", "type": "eth"},
        {"iface": "bond0", "type": "bond", "slaves": "eno1"},
        {"iface": "vmbr0", "type": "bridge", "bridge_ports": "bond0"},
        {"iface": "vmbr0.40", "type": "vlan", "cidr": "10.0.0.1/24"},
        {"iface": "vmbr1", "type": "bridge", "bridge_ports": "eno2"},
    ]
    made.lists["/nodes/pve1/network"] = [*rows]
    made.lists["/cluster/config/nodes"] = [{"node": "pve1", "ring0_addr": "10.0.0.1"}]
    return made


@pytest.mark.capability("4.6", "9.9")
def test_all_below_the_address_of_the_management_carries_it() -> None:
    assert carriers(source(), "pve1") == {"vmbr0.40", "vmbr0", "bond0", "eno1"}


@pytest.mark.capability("9.9")
@pytest.mark.parametrize(
    ("change", "cuts"),
    [
        (DIFF, False),
        (DIFF.replace("vmbr1", "vmbr0"), True),
        (DIFF.replace("bridge-ports eno2", "bridge-ports eno1").replace(" \tbridge", "+\tbridge"), True),
        # The stanza that is changed cannot be told: better once too often.
        (DIFF.replace(" auto vmbr1\n iface vmbr1 inet manual\n", ""), True),
        ("", False),
    ],
)
def test_a_difference_that_touches_the_management_is_told(change: str, cuts: bool) -> None:
    assert touches(change, frozenset({"vmbr0", "eno1"})) is cuts


@pytest.mark.capability("9.9")
def test_the_way_back_holds_the_whole_difference() -> None:
    lines = console_undo("pve1", DIFF)
    assert "pve1" in lines[0]
    assert "\n".join(lines[2:-2]) == DIFF.rstrip("\n")
    assert lines[-1].startswith("patch --reverse /etc/network/interfaces")
