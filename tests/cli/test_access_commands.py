"""access: who may do what, for those who may know it; and the commands that give a token what it lacks."""

from __future__ import annotations

import json

import pytest

from proxmox_mpc.simulator.worlds import build
from tests.conftest import Pmpc


def as_token(token_id: str) -> dict[str, str]:
    """Return the environment of somebody with another token of the simulated homelab."""
    userid, _, name = token_id.partition("!")
    secret = build("homelab", 1_790_000_000).users[userid].tokens[name].secret
    return {"PMPC_URL": "sim://homelab", "PMPC_TOKEN_ID": token_id, "PMPC_TOKEN_SECRET": secret}


@pytest.mark.capability("9.1")
def test_users_and_tokens_with_their_ends(lab: Pmpc) -> None:
    users = {row["userid"]: row for row in lab.ok("access", "user", "list")}
    assert (users["guest@pve"]["expired"], users["former@pve"]["enabled"]) == (True, False)
    assert users["root@pam"]["expires"] is None
    tokens = {row["token"]: row for row in lab.ok("access", "token", "list")}
    assert (tokens["zoe@pve!ci"]["privsep"], tokens["auditor@pve!readonly"]["privsep"]) == (True, False)
    page = lab.ok("access", "token", "show", "zoe@pve!ci")
    assert [(entry["path"], entry["roleid"]) for entry in page["acl"]] == [("/pool/prod", "PVEVMUser")]


@pytest.mark.capability("9.6")
def test_no_secret_is_in_any_answer(lab: Pmpc) -> None:
    world = build("homelab", 1_790_000_000)
    secrets = {token.secret for user in world.users.values() for token in user.tokens.values()}
    secrets |= {str(factor["secret"]) for user in world.users.values() for factor in user.tfa}
    shown = ""
    for argv in ("user list", "user show zoe@pve", "token list", "token show zoe@pve!ci", "tfa list", "realm list"):
        outcome = lab("access", *argv.split(), "-o", "json", "-vv")
        assert outcome.status == 0, outcome
        shown += outcome.stdout + outcome.stderr
    assert [secret for secret in secrets if secret in shown] == []


@pytest.mark.capability("9.1")
def test_what_reading_needs_and_the_commands_that_give_it(lab: Pmpc) -> None:
    assert lab.ok("access", "check")["complete"] is True
    page = lab.ok("access", "check", "--token", "nobody@pve!nothing")
    assert (page["holder"], page["complete"]) == ("nobody@pve!nothing", False)
    assert page["grants"].splitlines() == [
        "pveum acl modify / --users nobody@pve --roles PVEAuditor",
        "pveum acl modify / --tokens 'nobody@pve!nothing' --roles PVEAuditor",
    ]
    assert {row["held"] for row in page["needs"]} == {"no"}
    partly = {
        row["privilege"] for row in lab.ok("access", "check", "--user", "bob@pve")["needs"] if row["held"] == "partly"
    }
    assert "VM.Audit" in partly


@pytest.mark.capability("9.1", "4.1")
def test_a_token_knows_what_it_holds_itself(pmpc: Pmpc) -> None:
    outcome = pmpc("access", "check", "-o", "json", env=as_token("auditor@pve!readonly"))
    assert outcome.status == 0, outcome
    assert (outcome.json["holder"], outcome.json["complete"]) == ("auditor@pve!readonly", True)
    assert outcome.json["further_grants"].startswith("pveum role add PmpcFurther")
    own = pmpc("access", "permissions", "-o", "json", env=as_token("nobody@pve!nothing"))
    assert own.json == []


@pytest.mark.capability("4.9")
@pytest.mark.parametrize("argv", ["access acl list", "sdn zone list", "sdn vnet list", "access group list"])
def test_an_empty_list_of_who_may_not_look_says_so(argv: str, pmpc: Pmpc) -> None:
    outcome = pmpc(*argv.split(), "-o", "json", env=as_token("nobody@pve!nothing"))
    assert (outcome.status, outcome.json) == (11, [])
    assert outcome.events[0]["warning"]["code"] == "not_visible"


@pytest.mark.capability("4.9")
@pytest.mark.parametrize("argv", ["firewall rule list", "firewall options", "ha status", "ha resource list"])
def test_what_is_denied_is_an_error(argv: str, pmpc: Pmpc) -> None:
    outcome = pmpc(*argv.split(), "-o", "json", env=as_token("nobody@pve!nothing"))
    assert (outcome.status, outcome.stdout) == (4, "")
    assert "Sys.Audit" in outcome.error["message"]


@pytest.mark.capability("4.9", "9.8")
def test_the_overview_of_rules_has_what_may_be_seen(pmpc: Pmpc) -> None:
    outcome = pmpc("firewall", "rule", "list", "--all", "-o", "json", env=as_token("zoe@pve!ci"))
    assert outcome.status == 11
    assert {row["level"] for row in outcome.json} >= {"vm 101", "ct 201"}
    assert "node pve1" not in json.dumps(outcome.json)
    assert all("could not be read" in event["warning"]["message"] for event in outcome.events)


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    ("argv", "status"),
    [
        ("access user show nix@pve", 5),
        ("access user show bob", 5),
        ("access token list nix@pve", 5),
        ("access token show zoe@pve!nix", 5),
        ("access token show zoe@pve", 2),
        ("access group show nix", 5),
        ("access role show nix", 5),
        ("access acl list --path vms", 2),
        ("access permissions --path vms", 2),
        ("access permissions --user bob", 2),
        ("access permissions --token bob@pve", 2),
        ("access permissions --user nix@pve", 5),
        ("access check --user bob@pve --token zoe@pve!ci", 2),
    ],
)
def test_nonsense_is_refused_in_words(argv: str, status: int, lab: Pmpc) -> None:
    outcome = lab(*argv.split(), "-o", "json")
    assert (outcome.status, outcome.stdout) == (status, "")
    assert outcome.error["message"]
