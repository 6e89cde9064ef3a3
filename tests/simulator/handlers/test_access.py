"""Who may do what, as the API tells it."""

from __future__ import annotations

import pytest

from tests.simulator.asking import answer, get, row, simulate


@pytest.mark.capability("9.1")
def test_users_with_groups_and_tokens_but_no_secrets() -> None:
    sim = simulate()
    zoe = row(get(sim, "/access/users", full=1), userid="zoe@pve")
    assert (zoe["groups"], zoe["realm-type"], zoe["keys"]) == ("admins", "pve", "x")
    assert zoe["tokens"] == [
        {"tokenid": "ci", "expire": sim.world.created + 40 * 86_400, "privsep": 1, "comment": "CI runner"}
    ]
    text = (
        str(get(sim, "/access/users", full=1)) + str(get(sim, "/access/users/zoe@pve")) + str(get(sim, "/access/tfa"))
    )
    secrets = [t.secret for u in sim.world.users.values() for t in u.tokens.values()]
    assert not [secret for secret in (*secrets, "homelab-password", "JBSWY3DP") if secret in text]


def test_disabled_users_are_told_apart() -> None:
    sim = simulate()
    assert [item["userid"] for item in get(sim, "/access/users", enabled=0)] == ["former@pve"]


def test_who_may_not_audit_sees_himself() -> None:
    sim = simulate()
    assert [item["userid"] for item in get(sim, "/access/users", "nobody@pve!nothing")] == ["nobody@pve"]
    assert get(sim, "/access/groups", "nobody@pve!nothing") == []
    assert get(sim, "/access/acl", "nobody@pve!nothing") == []
    assert answer(sim, "/access/users/zoe@pve", "nobody@pve!nothing")[0] == 403


def test_what_is_not_there_is_a_500_in_pves_words() -> None:
    sim = simulate()
    assert answer(sim, "/access/users/no@pve")[:2] == (500, "no such user ('no@pve')")
    assert answer(sim, "/access/users/zoe@pve/token/none")[0] == 500
    assert answer(sim, "/access/groups/none")[:2] == (500, "group 'none' does not exist")
    assert answer(sim, "/access/roles/None")[:2] == (500, "role 'None' does not exist")
    assert answer(sim, "/access/tfa/zoe@pve/none")[0] == 404


def test_roles_are_those_of_the_release() -> None:
    sim = simulate()
    rows = get(sim, "/access/roles")
    assert row(rows, roleid="Operator") == {
        "roleid": "Operator", "privs": "VM.Audit,VM.Backup,VM.Console,VM.PowerMgmt,VM.Snapshot", "special": 0,
    }  # fmt: skip
    assert "VM.GuestAgent.Audit" in get(sim, "/access/roles/PVEVMUser")
    older = get(simulate("homelab8"), "/access/roles/PVEVMUser")
    assert "VM.Monitor" in older
    assert not [name for name in older if name.startswith("VM.GuestAgent.")]


def test_anyone_may_ask_for_the_realms() -> None:
    rows = get(simulate(), "/access/domains", "nobody@pve!nothing")
    assert {item["realm"] for item in rows} == {"pam", "pve", "lab-ldap"}


@pytest.mark.capability("4.1")
def test_effective_rights_of_oneself_and_of_others() -> None:
    sim = simulate()
    own = get(sim, "/access/permissions", "zoe@pve!ci")
    assert (own["/pool/prod"]["VM.Audit"], own["/vms/101"]["VM.Audit"]) == (1, 0)  # a pool gives, to no one below
    assert "/" not in own
    assert get(sim, "/access/permissions", "nobody@pve!nothing") == {}
    assert get(sim, "/access/permissions", userid="zoe@pve!ci") == own
    assert get(sim, "/access/permissions", userid="bob@pve", path="/vms/105")["/vms/105"]["VM.Audit"] == 0
    assert answer(sim, "/access/permissions", "nobody@pve!nothing", userid="zoe@pve")[0] == 403
    assert "VM.Monitor" in get(simulate("homelab8"), "/access/permissions", "zoe@pve!ci")["/vms/101"]


def test_second_factors_without_their_secrets() -> None:
    sim = simulate()
    (entry,) = get(sim, "/access/tfa/zoe@pve")
    assert set(entry) == {"id", "type", "description", "created", "enable"}
    assert get(sim, "/access/users/zoe@pve/tfa", multiple=1) == {"types": ["totp"]}
    assert get(sim, "/access/users/bob@pve/tfa") == {}
