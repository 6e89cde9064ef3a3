"""The homelab has something to say on every path that is served, and says it as the schema promises."""

from __future__ import annotations

import json

import pytest

from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request
from tests.contract.checker import problems
from tests.contract.schema import schema
from tests.simulator.asking import simulate
from tests.simulator.paths import paths, query, reads

# Where nothing can be said in this world, and why.
SILENT = {
    "/cluster/backup-info": "root alone may ask; a token is not root",
    "/cluster/sdn/vnets/{vnet}/firewall": "as above",
    "/cluster/ha/groups": "PVE 9 has rules instead",
    "/cluster/ha/groups/{group}": "as above",
    "/nodes/{node}/lxc/{vmid}/firewall/aliases/{name}": "no container has an alias of its own",
    "/nodes/{node}/lxc/{vmid}/firewall/ipset/{name}": "nor a set",
    "/nodes/{node}/lxc/{vmid}/firewall/ipset/{name}/{cidr}": "as above",
    "/nodes/{node}/qemu/{vmid}/agent/exec-status": "nothing was run in a guest",
    "/nodes/{node}/qemu/{vmid}/agent/file-read": "no file was written in a guest",
    "/nodes/{node}/scan/cifs": "the homelab has no share of this kind",
    "/nodes/{node}/scan/iscsi": "as above",
    "/nodes/{node}/vzdump/extractconfig": "the query names a backup that is not there",
}
# Where the server says other things than its schema, and how.
DIFFERENT = {
    "/nodes/{node}/lxc/{vmid}/interfaces": "null for a container that does not run",
    "/pools/{poolid}": "the pool's name, which the schema leaves out (recorded)",
}


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulate()


@pytest.mark.capability("4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8")
@pytest.mark.parametrize("template", reads())
def test_every_path_is_answered_as_promised(sim: Simulator, template: str) -> None:
    name, secret = sim.world.door_token
    headers = {"authorization": f"PVEAPIToken={name}={secret}"}
    promised = schema().get(template, {}).get("GET", {}).get("returns") or {}
    answered = 0
    for path in paths(sim.world, template):
        got = sim.handle(Request("GET", f"/api2/json{path}", query(template), headers))
        if got.status == 200:
            answered += 1
            found = list(problems(promised, json.loads(got.body)["data"]))
            assert not found or template in DIFFERENT, (path, found)
    assert bool(answered) != (template in SILENT)
    assert not sim.unrouted
