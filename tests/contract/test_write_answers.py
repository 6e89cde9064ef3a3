"""What writes answer is what the API schema promises, and what they send is what it allows."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from proxmox_mpc.simulator import access_for, open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request
from tests.contract.checker import problems
from tests.contract.schema import schema

URL = "https://files.example/disk.iso"
Params = dict[str, Any]
WRITES: list[tuple[str, str, Params]] = [
    ("POST", "/nodes/{pve1:node}/network", {"iface": "vmbr9", "type": "bridge"}),
    ("PUT", "/nodes/{pve1:node}/network/{vmbr1:iface}", {"type": "bridge", "mtu": 1400}),
    ("DELETE", "/nodes/{pve1:node}/network/{vmbr1:iface}", {}),
    ("PUT", "/nodes/{pve1:node}/network", {}),
    ("DELETE", "/nodes/{pve1:node}/network", {}),
    ("POST", "/cluster/sdn/zones", {"zone": "dmz", "type": "simple"}),
    ("PUT", "/cluster/sdn/zones/{lab:zone}", {"mtu": 1400}),
    ("POST", "/cluster/sdn/vnets", {"vnet": "web", "zone": "lab"}),
    ("POST", "/cluster/sdn/vnets/{k8s:vnet}/subnets", {"subnet": "10.9.0.0/24", "type": "subnet"}),
    ("POST", "/cluster/sdn/controllers", {"controller": "evpn2", "type": "evpn", "asn": 65001}),
    ("POST", "/cluster/sdn/vnets/{k8s:vnet}/ips", {"zone": "lab", "ip": "10.50.0.77"}),
    ("PUT", "/cluster/sdn", {}),
    ("POST", "/cluster/sdn/rollback", {}),
    ("POST", "/cluster/ha/resources", {"sid": "vm:102"}),
    ("PUT", "/cluster/ha/resources/{vm:101:sid}", {"state": "stopped"}),
    ("POST", "/cluster/ha/resources/{vm:101:sid}/migrate", {"node": "pve2"}),
    ("POST", "/cluster/ha/resources/{vm:105:sid}/relocate", {"node": "pve2"}),
    ("DELETE", "/cluster/ha/resources/{vm:101:sid}", {}),
    ("POST", "/cluster/backup", {"schedule": "daily", "all": 1, "storage": "pbs"}),
    ("PUT", "/cluster/options", {"keyboard": "fr"}),
    ("POST", "/cluster/replication", {"id": "200-1", "target": "pve3", "type": "local"}),
    ("PUT", "/cluster/replication/{200-0:id}", {"disable": 1}),
    ("POST", "/nodes/{pve1:node}/replication/{200-0:id}/schedule_now", {}),
    ("POST", "/access/domains", {"realm": "corp", "type": "ad", "domain": "c.example", "server1": "dc1"}),
    ("POST", "/access/domains/{lab-ldap:realm}/sync", {"scope": "both"}),
    ("PUT", "/access/users/{zoe@pve:userid}/unlock-tfa", {}),
    ("POST", "/cluster/firewall/aliases", {"name": "aa", "cidr": "192.0.2.1"}),
    ("POST", "/cluster/firewall/ipset", {"name": "friends"}),
    ("POST", "/cluster/firewall/groups", {"group": "mail"}),
    ("POST", "/nodes/{pve1:node}/storage/{local:storage}/download-url",
     {"url": URL, "content": "iso", "filename": "disk.iso"}),
    ("DELETE", "/nodes/{pve1:node}/storage/{nas-backup:storage}/prunebackups", {"prune-backups": "keep-last=2"}),
    ("POST", "/nodes/{pve1:node}/services/{chrony:service}/restart", {}),
    ("POST", "/nodes/{pve1:node}/apt/update", {}),
    ("PUT", "/nodes/{pve1:node}/dns", {"search": "lab.example"}),
    ("PUT", "/nodes/{pve1:node}/config", {"description": "x"}),
    ("POST", "/nodes/{pve1:node}/startall", {}),
    ("POST", "/nodes/{pve1:node}/stopall", {}),
    ("POST", "/nodes/{pve1:node}/migrateall", {"target": "pve2"}),
    ("POST", "/nodes/{pve2:node}/status", {"command": "reboot"}),
    ("PUT", "/nodes/{pve1:node}/subscription", {"key": "pve1c-0123456789"}),
]  # fmt: skip
"""Methods and paths, each placeholder with its value, and parameters."""


@pytest.mark.parametrize(("method", "place", "params"), WRITES, ids=[f"{m} {p}" for m, p, _ in WRITES])
def test_a_write_answers_what_the_schema_promises(method: str, place: str, params: Params) -> None:
    clock = ManualClock()
    sim = Simulator(open_world("homelab", clock), clock)
    template = re.sub(r"\{.*?:(\w+)\}", lambda m: "{" + m[1] + "}", place)
    path = re.sub(r"\{(.*?):\w+\}", lambda m: m[1], place)
    spec = schema()[template][method]
    assert set(params) <= set(_allowed(spec))
    token, secret = access_for(sim.world)
    form = urlencode(params)
    query, body = (form, b"") if method == "DELETE" else ("", form.encode())
    headers = {
        "authorization": f"PVEAPIToken={token}={secret}", "content-type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    response = sim.handle(Request(method, f"/api2/json{path}", query, headers, body))
    assert response.status == 200, (response.reason, response.body)
    assert not list(problems(spec.get("returns") or {}, json.loads(response.body)["data"]))


def _allowed(spec: dict[str, Any]) -> list[str]:
    """Return the parameters of a method, those of its alternatives included."""
    found = [*spec["parameters"].get("properties", {})]
    for part in spec["parameters"].get("allOf", ()):
        found += [*part.get("properties", {})]
        for choice in part.get("oneOf", ()):
            found += [*choice["properties"]]
        found += [part["type-property"]] if "type-property" in part else []
    return found
