"""The homelab's firewall: rules on every level, aliases, sets, security groups."""

from __future__ import annotations

from datetime import UTC, datetime

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import Firewall
from proxmox_mpc.simulator.worlds.builder import HOUR, Builder


def _rule(kind: str, action: str, **keys: str | int) -> JsonObject:
    return {"type": kind, "action": action, "enable": 1, **{key.replace("_", "-"): v for key, v in keys.items()}}


def add_firewall(build: Builder) -> None:
    """Add the levels cluster, pve1, web (101), proxy (201), gitea (202) and the vnet k8s."""
    seen = datetime.fromtimestamp(build.now - 4 * HOUR, UTC).strftime("%d/%b/%Y:%H:%M:%S")
    build.world.firewall = {
        "cluster": Firewall(
            options={"enable": 1, "policy_in": "DROP", "policy_out": "ACCEPT", "ebtables": 1,
                     "log_ratelimit": "enable=1,burst=5,rate=1/second"},
            rules=[
                _rule("in", "ACCEPT", macro="SSH", source="+management", comment="shell for the admins", log="nolog"),
                _rule("in", "ACCEPT", proto="tcp", dport="8006", source="+management", comment="web interface"),
                _rule("in", "ACCEPT", macro="Ping"),
                {**_rule("in", "DROP", source="+blocked", log="info"), "enable": 0},
                _rule("group", "monitoring", iface="vmbr0"),
            ],
            aliases={
                "nas": {"cidr": "10.10.40.20", "comment": "the storage box"},
                "guests": {"cidr": "10.10.20.0/24"},
                "workstation": {"cidr": "10.10.30.17", "comment": "Zoë's desk"},
            },
            ipsets={
                "management": {"comment": "who may administer", "members": [
                    {"cidr": "10.10.0.0/24"}, {"cidr": "workstation"}, {"cidr": "10.10.0.53", "nomatch": 1}]},
                "blocked": {"members": [{"cidr": "203.0.113.0/24", "comment": "scans"}]},
            },
            groups={
                "webserver": {"comment": "what a web server needs", "rules": [
                    _rule("in", "ACCEPT", macro="HTTP"), _rule("in", "ACCEPT", macro="HTTPS"),
                    _rule("in", "ACCEPT", proto="udp", dport="443", comment="HTTP/3")]},
                "monitoring": {"rules": [_rule("in", "ACCEPT", proto="tcp", dport="9100", source="guests")]},
            },
        ),
        "node/pve1": Firewall(
            options={"enable": 1, "log_level_in": "info", "tcpflags": 1, "nosmurfs": 1},
            rules=[_rule("in", "ACCEPT", proto="udp", dport="5405:5412", source="+management", comment="corosync")],
            log=[f"0 4 PVEFW-HOST-IN {seen} +0000 policy DROP: IN=vmbr0 SRC=203.0.113.9 DST=10.10.0.11",
                 f"101 4 tap101i0-IN {seen} +0000 policy DROP: IN=fwbr101i0 SRC=203.0.113.9 DST=10.10.20.101"],
        ),
        "qemu/101": Firewall(
            options={"enable": 1, "policy_in": "DROP", "ipfilter": 1, "macfilter": 1, "log_level_in": "warning"},
            rules=[
                _rule("group", "webserver", iface="net0"),
                _rule("in", "ACCEPT", proto="tcp", dport="22", source="admin", comment="only from the desk"),
                _rule("out", "REJECT", dest="10.10.0.0/24", comment="no way into management"),
            ],
            aliases={"admin": {"cidr": "10.10.30.17"}},
            ipsets={"ipfilter-net0": {"comment": "its own addresses", "members": [{"cidr": "10.10.20.101"}]}},
        ),
        "lxc/201": Firewall(
            options={"enable": 1, "policy_in": "DROP"},
            rules=[_rule("group", "webserver"), _rule("in", "ACCEPT", proto="icmp", icmp_type="echo-request")],
        ),
        "lxc/202": Firewall(options={"enable": 0}, rules=[_rule("in", "ACCEPT", proto="tcp", dport="3000,2222")]),
        "vnet/k8s": Firewall(
            options={"enable": 1, "policy_forward": "ACCEPT"},
            rules=[_rule("forward", "DROP", dest="10.10.40.0/24", comment="no storage network")],
        ),
    }  # fmt: skip
