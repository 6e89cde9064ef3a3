"""Every path of every world answers what PVE's published schema promises."""

from __future__ import annotations

import json

import pytest

from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request
from tests.contract.schema import schema
from tests.simulator.asking import simulate
from tests.simulator.paths import paths, query, reads
from tests.simulator.returns import problems

# Where the server is known to say other things than its schema.
KNOWN = {
    "/access/domains/{realm}": "the schema promises nothing; the server gives the realm's settings",
    "/cluster/ha/groups/{group}": "the schema promises nothing; the server gives the group",
    "/pools/{poolid}": "the server names the pool in its answer (recorded); the schema does not",
    "/nodes/{node}/lxc/{vmid}/interfaces": "the server gives null for a container that does not run",
}
REFUSALS = {400, 403, 404, 500, 501}


def ask(sim: Simulator, path: str, text: str) -> tuple[int, object]:
    name, secret = sim.world.door_token
    headers = {"authorization": f"PVEAPIToken={name}={secret}"}
    got = sim.handle(Request("GET", f"/api2/json{path}", text, headers))
    return got.status, json.loads(got.body)["data"]


@pytest.fixture(scope="module", params=["homelab", "homelab8", "empty", "datacenter:2:60:5"])
def sim(request: pytest.FixtureRequest) -> Simulator:
    name: str = request.param
    return simulate(name)


@pytest.mark.capability("4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8")
@pytest.mark.parametrize("template", reads())
def test_answers_are_what_the_schema_promises(sim: Simulator, template: str) -> None:
    promised = schema().get(template, {}).get("GET", {}).get("returns") or {}
    for path in paths(sim.world, template):
        status, data = ask(sim, path, query(template))
        assert status == 200 or status in REFUSALS, (path, status)
        found = list(problems(promised, data)) if status == 200 else []
        assert not found or template in KNOWN, (path, found[:5])


def test_most_paths_of_the_homelab_answer_well() -> None:
    sim = simulate()
    silent = [t for t in reads() if not any(ask(sim, p, query(t))[0] == 200 for p in paths(sim.world, t))]
    assert sorted(silent) == [
        "/cluster/backup-info",  # root alone may ask; a token is not root
        "/cluster/ha/groups",
        "/cluster/ha/groups/{group}",
        "/cluster/sdn/vnets/{vnet}/firewall",
        "/nodes/{node}/lxc/{vmid}/firewall/aliases/{name}",
        "/nodes/{node}/lxc/{vmid}/firewall/ipset/{name}",
        "/nodes/{node}/lxc/{vmid}/firewall/ipset/{name}/{cidr}",
        "/nodes/{node}/vzdump/extractconfig",
    ]
    assert not sim.unrouted
