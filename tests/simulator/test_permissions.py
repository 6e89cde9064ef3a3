"""Who may do what: access control lists, groups, pools, tokens with fewer rights, and PVE's words of refusal."""

from __future__ import annotations

import json

import pytest

from proxmox_mpc.simulator.permissions import BUILT_IN_ROLES, Permissions
from proxmox_mpc.simulator.world import Acl, ApiToken, Pool, User, World
from tests.simulator.conftest import Session, session


@pytest.fixture
def world() -> World:
    """A world with one user, his token, a group and a pool."""
    made = session("tiny").sim.world
    made.users["bob@pve"] = User("bob@pve", groups=["ops"], tokens={"ci": ApiToken("ci", "s", privsep=True)})
    made.groups["ops"] = None
    made.pools["prod"] = Pool("prod", vms=[100], storages=["local"])
    return made


def _held(world: World, path: str, token: str | None = None) -> set[str]:
    return set(Permissions(world).on("bob@pve", token, path))


def test_an_entry_holds_below_its_path_when_it_propagates(world: World) -> None:
    world.acl = [Acl("/vms", "user", "bob@pve", "PVEVMUser")]
    assert "VM.PowerMgmt" in _held(world, "/vms/100")
    world.acl = [Acl("/vms", "user", "bob@pve", "PVEVMUser", propagate=False)]
    assert _held(world, "/vms/100") == set()
    assert "VM.PowerMgmt" in _held(world, "/vms")


def test_the_deepest_entry_wins(world: World) -> None:
    world.acl = [Acl("/", "user", "bob@pve", "PVEAdmin"), Acl("/vms/101", "user", "bob@pve", "PVEAuditor")]
    assert _held(world, "/vms/101") == set(BUILT_IN_ROLES["PVEAuditor"])
    world.acl.append(Acl("/vms/101", "user", "bob@pve", "NoAccess"))
    assert _held(world, "/vms/101") == set()


def test_a_pool_adds_to_the_path_and_noaccess_takes_all(world: World) -> None:
    world.acl = [Acl("/", "user", "bob@pve", "PVEVMAdmin"), Acl("/vms/100", "user", "bob@pve", "PVEAuditor")]
    assert "VM.Allocate" in _held(world, "/vms/100"), "the pool's roles, which come from /, are added"
    world.acl.append(Acl("/pool/prod", "user", "bob@pve", "NoAccess"))
    assert _held(world, "/vms/100") == set()


def test_a_users_own_entry_beats_his_groups(world: World) -> None:
    world.acl = [Acl("/vms", "group", "ops", "PVEVMAdmin")]
    assert "VM.Allocate" in _held(world, "/vms/100")
    world.acl.append(Acl("/vms", "user", "bob@pve", "PVEAuditor"))
    assert "VM.Allocate" not in _held(world, "/vms/100")


def test_a_pool_gives_rights_on_its_members(world: World) -> None:
    world.acl = [Acl("/pool/prod", "user", "bob@pve", "PVEVMUser")]
    assert "VM.PowerMgmt" in _held(world, "/vms/100")
    assert _held(world, "/vms/101") == set()


def test_a_separated_token_holds_what_both_hold(world: World) -> None:
    world.acl = [Acl("/", "user", "bob@pve", "PVEAuditor"), Acl("/vms", "token", "bob@pve!ci", "PVEVMAdmin")]
    assert _held(world, "/vms/100", "ci") == {"VM.Audit", "VM.GuestAgent.Audit"}
    world.users["bob@pve"].tokens["ci"].privsep = False
    assert _held(world, "/vms/100", "ci") == set(BUILT_IN_ROLES["PVEAuditor"])


def _as_bob(sim: Session, world: World, method: str, path: str, **params: str) -> tuple[int, str]:
    world.users["bob@pve"].tokens["ci"].privsep = False
    answer = sim.send(method, path, params, headers={"authorization": "PVEAPIToken=bob@pve!ci=s"})
    body = json.loads(answer.body)
    return answer.status, str(body.get("message") or body["data"]).rstrip("\n")


def test_lists_are_filtered_and_single_things_refused() -> None:
    sim = session("tiny")
    world = sim.sim.world
    world.users["bob@pve"] = User("bob@pve", tokens={"ci": ApiToken("ci", "s", privsep=False)})
    assert _as_bob(sim, world, "GET", "/nodes/pve1/qemu") == (200, "[]")
    assert _as_bob(sim, world, "GET", "/nodes/pve1/qemu/100/config") == (
        403,
        "Permission check failed (/vms/100, VM.Audit)",
    )
    status, text = _as_bob(sim, world, "PUT", "/nodes/pve1/qemu/100/config", cores="many")
    assert status == 403, "a missing right is told before a bad parameter"
    assert text.startswith("Permission check failed (/vms/100, VM.Config.Disk|VM.Config.CDROM|")


def test_each_setting_needs_its_privilege() -> None:
    sim = session("tiny")
    world = sim.sim.world
    world.users["bob@pve"] = User("bob@pve", tokens={"ci": ApiToken("ci", "s", privsep=False)})
    world.roles["Memory"] = ["VM.Config.Memory"]
    world.acl = [Acl("/vms/100", "user", "bob@pve", "Memory")]
    assert _as_bob(sim, world, "PUT", "/nodes/pve1/qemu/100/config", memory="2048")[0] == 200
    assert _as_bob(sim, world, "PUT", "/nodes/pve1/qemu/100/config", cores="2") == (
        403,
        "Permission check failed (/vms/100, VM.Config.CPU)",
    )
    status, text = _as_bob(sim, world, "PUT", "/nodes/pve1/qemu/100/config", args="-no-hpet")
    assert (status, text) == (500, "only root can set 'args' config")
