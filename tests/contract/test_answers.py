"""Every read that the simulator serves answers what the API schema promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from proxmox_mpc.simulator import access_for, open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request
from proxmox_mpc.simulator.router import MODULES, handlers
from proxmox_mpc.simulator.world import World
from tests.contract.checker import problems
from tests.contract.schema import schema

KNOWN: dict[str, str] = {
    "/pools/{poolid}: .poolid: not in the schema": "PVE answers with it (recorded), the schema leaves it out",
    "/nodes/{node}/lxc/{vmid}/interfaces: : null, not array": "PVE answers nothing for a container that is stopped",
}
"""Differences from the schema, each with its reason."""

REFUSED = re.compile(
    r"No QEMU guest agent configured|guest agent is not running|is not running|does not exist|no such|No such|"
    r"is disabled|not available on node|is not online|has not been found|no rule at position|not found|"
    r"invalid replication job ID|invalid configuration ID|have been migrated to rules|user != root@pam|"
    r"does not support backups|scan of .* failed|ha/rules' not implemented|is locked \("
)
"""Refusals that only mean that a world lacks the thing that was asked for."""


def _values(world: World, node: str) -> dict[str, list[str]]:
    """Return what may stand for each placeholder of a path."""
    guests = [str(guest.vmid) for guest in world.guests.values() if guest.node == node]
    volumes = [volume.volid for volume in world.volumes.values() if volume.node in {"", node}]
    firewall = [*world.firewall.values()]
    return {
        "node": [node], "vmid": guests, "storage": list(world.storages), "poolid": list(world.pools),
        "userid": list(world.users), "groupid": list(world.groups), "realm": list(world.realms),
        "roleid": ["PVEAuditor", *world.roles], "volume": volumes[:6], "pos": ["0", "1"],
        "upid": [task.upid for task in world.tasks.values() if task.node == node][:4],
        "tokenid": [token for user in world.users.values() for token in user.tokens],
        "snapname": [name for guest in world.guests.values() for name in guest.snapshots],
        "sid": list(world.ha.resources), "rule": list(world.ha.rules), "group": list(world.ha.groups),
        "zone": list(world.sdn.zones), "vnet": list(world.sdn.vnets), "subnet": list(world.sdn.subnets),
        "controller": list(world.sdn.controllers), "ipam": list(world.sdn.ipams), "dns": list(world.sdn.dns),
        "id": [*world.backup_jobs, *world.replication, *(name for maps in world.mappings.values() for name in maps)],
        "iface": list(world.nodes[node].network), "service": ["pveproxy"],
        "name": [name for level in firewall for name in [*level.aliases, *level.ipsets]],
        "cidr": [str(member.get("cidr")) for level in firewall for entry in level.ipsets.values()
                 for member in _list(entry.get("members"))],
    }  # fmt: skip


def _list(value: Any) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else []


QUERIES: dict[str, str] = {
    "rrddata": "timeframe=hour", "exec-status": "pid=1", "file-read": "file=/etc/hostname", "smart": "disk=/dev/sda",
    "schedule-analyze": "schedule=daily", "extractconfig": "volume=local:backup/none",
    "cifs": "server=10.0.0.1",
    "iscsi": "portal=10.0.0.1",
    "lvmthin": "vg=pve",
    "nfs": "server=10.10.40.20",
    "pbs": "server=10.10.40.21&username=a@pbs&password=secret",
    "dump": "type=user", "query-url-metadata": "url=https://files.example/disk.iso",
}  # fmt: skip


def _paths(template: str, values: dict[str, list[str]]) -> Iterator[str]:
    found = [template]
    for name in re.findall(r"\{([^{}]+)\}", template):
        found = [p.replace(f"{{{name}}}", quote(v, safe="")) for p in found for v in values.get(name, [])]
    yield from found[:24]


def _routes() -> list[str]:
    return sorted(template for family in MODULES for verb, template in handlers(family) if verb == "GET")


@pytest.fixture(scope="module", params=["homelab", "homelab8", "tiny", "datacenter:3:12:1"])
def sim(request: pytest.FixtureRequest) -> Simulator:
    """A world that serves the reads."""
    clock = ManualClock()
    return Simulator(open_world(request.param, clock), clock)


def test_reads_fit_the_schema(sim: Simulator) -> None:
    token_id, secret = access_for(sim.world)
    headers = {"authorization": f"PVEAPIToken={token_id}={secret}"}
    wrong: set[str] = set()
    answered = 0
    for template in _routes():
        spec = schema().get(template, {}).get("GET", {}).get("returns")
        for node in [name for name, node in sim.world.nodes.items() if node.online] if "{node}" in template else [""]:
            values = _values(sim.world, node or next(iter(sim.world.nodes)))
            for path in _paths(template, values):
                query = QUERIES.get(template.rpartition("/")[2], "")
                response = sim.handle(Request("GET", "/api2/json" + path, query, headers))
                body = json.loads(response.body)
                if response.status != 200:
                    if not REFUSED.search(f"{response.reason} {body.get('errors')}"):
                        wrong.add(f"{template}: {response.status} {response.reason} {body.get('errors', '')}")
                    continue
                answered += 1
                for problem in problems(spec or {}, body["data"]):
                    wrong.add(f"{template}: {re.sub(r'[0-9]+', '0', problem)}")
    unexplained = sorted(wrong - set(KNOWN))
    assert not unexplained, "\n".join(unexplained)
    assert answered > 60
    assert sim.unrouted == []
