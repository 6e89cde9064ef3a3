"""A difference of /etc/network/interfaces, read back into what was there before."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.risk import NO_FACTS
from proxmox_mpc.errors import Conflict
from proxmox_mpc.services.network_revert import take_back

HEAD = "--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n@@ -10,6 +10,6 @@\n"
PATH = "/nodes/pve1/network"
BRIDGE: JsonObject = {"iface": "vmbr0", "type": "bridge", "netmask": "24"}
APPLY: tuple[str, str, dict[str, object]] = ("PUT", PATH, {})


def calls(difference: str, *rows: JsonObject) -> list[tuple[str, str, dict[str, object]]]:
    plan = take_back("pve1", HEAD + difference, rows, NO_FACTS, ())
    return [(send.call.method, send.call.path, dict(send.call.params)) for send in plan.sends()]


@pytest.mark.capability("4.6", "9.9")
@pytest.mark.parametrize(
    ("difference", "rows", "expected"),
    [
        (  # another address, as PVE 9 writes it
            " iface vmbr0 inet static\n-\taddress 10.0.0.1/24\n+\taddress 10.0.0.2/24\n \tgateway 10.0.0.254\n",
            [BRIDGE],
            ("PUT", f"{PATH}/vmbr0", {"type": "bridge", "cidr": "10.0.0.1/24"}),
        ),
        (  # the prefix stands in a line of its own, which did not change
            " iface vmbr0 inet static\n-\taddress 10.0.0.1\n+\taddress 10.0.0.2\n",
            [BRIDGE],
            ("PUT", f"{PATH}/vmbr0", {"type": "bridge", "cidr": "10.0.0.1/24"}),
        ),
        (  # an address that came, a switch that went, IPv6
            "-iface vmbr0 inet manual\n+iface vmbr0 inet static\n+\taddress 10.0.0.2/24\n-\tbridge-vlan-aware yes\n"
            " iface vmbr0 inet6 static\n-\taddress fd00::1/64\n-\tgateway fd00::2\n",
            [BRIDGE],
            (
                "PUT",
                f"{PATH}/vmbr0",
                {
                    "type": "bridge",
                    "bridge_vlan_aware": 1,
                    "cidr6": "fd00::1/64",
                    "gateway6": "fd00::2",
                    "delete": "cidr",
                },
            ),
        ),
        (  # the line that names the interface is too far above
            " \tbridge-ports eno1\n \tbridge-stp off\n \tbridge-fd 0\n-\tmtu 9000\n",
            [
                {**BRIDGE, "bridge_ports": "eno1", "bridge_stp": "off", "bridge_fd": "0"},
                {"iface": "vmbr1", "type": "bridge", "bridge_ports": "eno2", "bridge_stp": "off", "bridge_fd": "0"},
            ],
            ("PUT", f"{PATH}/vmbr0", {"type": "bridge", "mtu": "9000"}),
        ),
        (  # an interface that came goes
            "+auto vmbr9\n+iface vmbr9 inet manual\n+\tbridge-ports none\n+\tbridge-stp off\n",
            [{"iface": "vmbr9", "type": "bridge"}],
            ("DELETE", f"{PATH}/vmbr9", {}),
        ),
        (  # one that went comes back
            "-auto bond0\n-iface bond0 inet manual\n-\tbond-slaves eno1 eno2\n-\tbond-mode 802.3ad\n-#uplink\n",
            [],
            (
                "POST",
                PATH,
                {
                    "iface": "bond0",
                    "type": "bond",
                    "autostart": 1,
                    "slaves": "eno1 eno2",
                    "bond_mode": "802.3ad",
                    "comments": "uplink",
                },
            ),
        ),
    ],
)
def test_what_was_there_is_staged_again_and_applied(
    difference: str, rows: list[JsonObject], expected: tuple[str, str, dict[str, object]]
) -> None:
    assert calls(difference, *rows) == [expected, APPLY]


@pytest.mark.capability("9.9")
@pytest.mark.parametrize(
    "difference",
    [
        "-\tmtu 9000\n",  # of which interface?
        " iface vmbr0 inet static\n-\tpost-up ip route add 10.1.0.0/16 dev vmbr0\n",  # no parameter of the API
        "-iface eno9 inet static\n-\taddress 10.0.0.9/24\n",  # what kind of interface was it?
    ],
)
def test_what_the_difference_or_the_api_cannot_tell_is_not_guessed(difference: str) -> None:
    with pytest.raises(Conflict):
        calls(difference, BRIDGE)
