"""What reading needs: found out from /access/permissions, and granted by the commands that are printed."""

from __future__ import annotations

import shlex

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.services import needs, privileges
from proxmox_mpc.simulator.permissions import BUILT_IN_ROLES, Permissions
from proxmox_mpc.simulator.world import Acl, ApiToken, User, World
from tests.services.answers import Answers

TOPS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


def source(permissions: JsonObject, version: str = "9.2.11") -> Answers:
    return Answers({"/access/permissions": permissions, "/version": {"version": version}})


def dump(world: World, user: str, token: str | None = None) -> JsonObject:
    """Return what PVE answers to /access/permissions: nothing for a path on which nothing is held."""
    permissions = Permissions(world)
    found: JsonObject = {}
    for path in {*TOPS, *(entry.path for entry in world.acl)}:
        held: JsonObject = {name: int(on) for name, on in permissions.on(user, token, path).items()}
        if held:
            found[path] = held
    return found


def run(lines: str, world: World) -> None:
    """Do what the printed commands would do."""
    for line in lines.splitlines():
        words = shlex.split(line)
        options = dict(zip(words[4::2], words[5::2], strict=True))
        if words[1:3] == ["role", "add"]:
            world.roles[words[3]] = options["--privs"].split()
            continue
        assert words[:3] == ["pveum", "acl", "modify"]
        kind = "token" if "--tokens" in options else "user"
        world.acl.append(Acl(words[3], kind, options[f"--{kind}s"], options["--roles"]))


@pytest.mark.capability("9.1")
@pytest.mark.parametrize("privsep", [True, False])
@pytest.mark.parametrize("token", [None, "ci"])
def test_the_printed_commands_grant_what_was_missing(token: str | None, privsep: bool) -> None:
    world = World("lab", 1_790_000_000)
    world.users["it's@pve"] = User("it's@pve", tokens={"ci": ApiToken("ci", "s", privsep=privsep)})
    holder = "it's@pve" if token is None else f"it's@pve!{token}"
    before = needs.check_needs(source(dump(world, "it's@pve", token)), holder).value
    assert before["complete"] is False
    run(f"{before['grants']}\n{before['further_grants']}", world)
    after = needs.check_needs(source(dump(world, "it's@pve", token)), holder).value
    assert (after["complete"], after["grants"], after["further_grants"]) == (True, None, None)


@pytest.mark.capability("9.1")
def test_pves_auditor_is_enough_for_the_basic_part() -> None:
    held: JsonObject = dict.fromkeys(BUILT_IN_ROLES["PVEAuditor"], 1)
    page = needs.check_needs(source(dict.fromkeys(TOPS, held)), "zoe@pve").value
    assert (page["complete"], page["grants"]) == (True, None)
    rows = page["needs"]
    assert isinstance(rows, list)
    basic = {(row["privilege"], row["held"]) for row in rows if isinstance(row, dict) and row["basic"]}
    assert {name for name, _ in basic} <= set(BUILT_IN_ROLES["PVEAuditor"])
    assert {answer for _, answer in basic} == {"yes"}


@pytest.mark.parametrize(
    ("permissions", "answer"),
    [
        ({"/vms": {"VM.Audit": 1}}, "yes"),
        ({"/vms": {"VM.Audit": 0}}, "no"),
        ({"/vms/100": {"VM.Audit": 1}}, "partly"),
        ({"/pool/prod": {"VM.Audit": 1}}, "partly"),
        ({"/": {"VM.Audit": 1}}, "no"),
        ({"/vmsx": {"VM.Audit": 1}}, "no"),
        ({}, "no"),
    ],
)
def test_held_everywhere_somewhere_or_nowhere(permissions: dict[str, Json], answer: str) -> None:
    assert privileges.held(permissions, privileges.Need("vm", "VM.Audit", "/vms", "guests")) == answer


def test_what_is_asked_of_the_root_need_not_propagate() -> None:
    need = privileges.Need("ha", "Sys.Audit", "/", "HA")
    assert privileges.held({"/": {"Sys.Audit": 0}}, need) == "yes"


def test_the_root_user_needs_no_grant_of_his_own() -> None:
    lines = privileges.grants([privileges.Need("pool", "Pool.Audit", "/pool", "pools")], "root@pam!ci")
    assert lines == ["pveum acl modify /pool --tokens 'root@pam!ci' --roles PVEAuditor"]


@pytest.mark.parametrize(
    ("version", "agent"), [("8.4.14", "VM.Monitor"), ("9.2.11", "VM.GuestAgent.Audit"), (None, "VM.GuestAgent.Audit")]
)
def test_each_release_has_its_own_privilege_for_the_agent(version: str | None, agent: str) -> None:
    names = {need.privilege for need in privileges.needed(privileges.release_of(version))}
    assert names & {"VM.Monitor", "VM.GuestAgent.Audit"} == {agent}


def test_another_user_is_asked_about_by_name() -> None:
    asked = source({})
    needs.check_needs(asked, "bob@pve", "bob@pve")
    assert ("/access/permissions", {"userid": "bob@pve"}) in asked.asked
