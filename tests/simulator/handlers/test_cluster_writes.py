"""Backup jobs, options, mappings, realms, firewall sets: changed, validated, refused."""

from __future__ import annotations

import json
import re

import pytest

from proxmox_mpc.simulator.facts import endpoint
from proxmox_mpc.simulator.http import Request
from tests.simulator.conftest import Session, session


@pytest.mark.capability("4.7")
def test_a_backup_job_from_creation_to_removal(lab: Session) -> None:
    before = {row["id"] for row in lab.data("GET", "/cluster/backup")}
    lab.data("POST", "/cluster/backup", schedule="sat 03:00", vmid="101,102", storage="pbs", comment="weekly")
    (name,) = {row["id"] for row in lab.data("GET", "/cluster/backup")} - before
    assert re.fullmatch(r"backup-[0-9a-f]{8}-[0-9a-f]{4}", name)
    lab.data("PUT", f"/cluster/backup/{name}", all=1, exclude="105", delete="comment")
    job = lab.data("GET", f"/cluster/backup/{name}")
    assert (job["all"], job["exclude"], "vmid" in job, "comment" in job) == (1, "105", False, False)
    lab.data("PUT", f"/cluster/backup/{name}", enabled=0)
    assert "next-run" not in lab.data("GET", f"/cluster/backup/{name}")
    lab.data("DELETE", f"/cluster/backup/{name}")
    assert lab.refused("DELETE", f"/cluster/backup/{name}")[2] == {"id": f"No such job '{name}'"}


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"vmid": "101"}, "schedule"),
        ({"schedule": "at noon", "vmid": "101"}, "schedule"),
        ({"schedule": "daily"}, "vmid"),
        ({"schedule": "daily", "vmid": "101", "all": "1"}, "all"),
        ({"schedule": "daily", "vmid": "101", "pool": "prod"}, "pool"),
        ({"schedule": "daily", "all": "1", "script": "/bin/true"}, "script"),
        ({"schedule": "daily", "all": "1", "prune-backups": "keep-last=x"}, "prune-backups"),
    ],
)
def test_backup_jobs_that_are_refused(lab: Session, params: dict[str, str], wrong: str) -> None:
    response = lab.send("POST", "/cluster/backup", params)
    assert response.status == 400
    assert f'"{wrong}"' in response.body.decode()


def test_options_are_set_deleted_and_checked(lab: Session) -> None:
    lab.data("PUT", "/cluster/options", keyboard="fr", delete="email_from,console")
    options = lab.data("GET", "/cluster/options")
    assert options["keyboard"] == "fr"
    assert not {"email_from", "console"} & set(options)
    assert "keyboard" in lab.refused("PUT", "/cluster/options", keyboard="xx")[2]
    assert lab.refused("PUT", "/cluster/options", delete="nonsense")[1] == "no such option 'nonsense'"
    said = "cannot set and delete property 'keyboard' at the same time!"
    assert lab.refused("PUT", "/cluster/options", keyboard="fr", delete="keyboard")[1] == said


def test_mappings(lab: Session) -> None:
    lab.data("POST", "/cluster/mapping/usb", id="stick", map="id=1234:5678,node=pve1")
    assert lab.data("GET", "/cluster/mapping/usb/stick")["map"] == ["id=1234:5678,node=pve1"]
    assert "already defined" in lab.refused("POST", "/cluster/mapping/usb", id="stick", map="id=1234:5678,node=pve1")[1]
    lab.data("DELETE", "/cluster/mapping/usb/stick")
    assert lab.refused("GET", "/cluster/mapping/usb/stick")[0] == 500


def test_a_realm_is_synced_from_its_directory(lab: Session) -> None:
    lab.sim.world.documents["/directory/lab-ldap"] = ["ada", "eve"]
    assert lab.refused("POST", "/access/domains/lab-ldap/sync")[2]["scope"]
    assert lab.run("POST", "/access/domains/lab-ldap/sync", scope="both", dry__run=1) == "OK"
    assert "ada@lab-ldap" not in lab.sim.world.users
    assert lab.run("POST", "/access/domains/lab-ldap/sync", scope="both") == "OK"
    lab.sim.world.documents["/directory/lab-ldap"] = ["eve"]
    lab.run("POST", "/access/domains/lab-ldap/sync", scope="users", remove__vanished="entry;acl")
    assert [name for name in lab.sim.world.users if name.endswith("@lab-ldap")] == ["eve@lab-ldap"]
    assert "Only LDAP/AD" in lab.refused("POST", "/access/domains/pve/sync", scope="users")[1]


def test_realms(lab: Session) -> None:
    lab.data("POST", "/access/domains", realm="corp", type="ad", domain="corp.example", server1="dc1", default=1)
    assert [row["realm"] for row in lab.data("GET", "/access/domains") if row.get("default")] == ["corp"]
    assert (
        "already exists" in lab.refused("POST", "/access/domains", realm="corp", type="ad", domain="c", server1="d")[1]
    )
    assert "required option 'base_dn'" in lab.refused("POST", "/access/domains", realm="x1", type="ldap")[1]
    lab.data("DELETE", "/access/domains/corp")
    assert "built-in" in lab.refused("DELETE", "/access/domains/pam")[1]


def test_second_factors_are_not_for_tokens(lab: Session) -> None:
    for method, path in (("POST", "/access/tfa/zoe@pve"), ("DELETE", "/access/tfa/zoe@pve/totp-phone")):
        status, said, _ = lab.refused(method, path, **({"type": "totp"} if method == "POST" else {}))
        assert status == 403
        assert "not available with API token" in said


SETS = ("/cluster/firewall", "/nodes/pve1/qemu/101/firewall", "/nodes/pve2/lxc/201/firewall")


@pytest.mark.capability("9.8")
@pytest.mark.parametrize("base", SETS)
def test_aliases_and_sets(lab: Session, base: str) -> None:
    lab.data("POST", f"{base}/aliases", name="backup1", cidr="192.0.2.7", comment="x")
    assert lab.refused("POST", f"{base}/aliases", name="Backup1", cidr="192.0.2.8")[2]["name"]
    lab.data("PUT", f"{base}/aliases/backup1", cidr="192.0.2.9", rename="backup2")
    assert lab.data("GET", f"{base}/aliases/backup2")["cidr"] == "192.0.2.9"
    lab.data("POST", f"{base}/ipset", name="friends")
    lab.data("POST", f"{base}/ipset/friends", cidr="192.0.2.0/24", comment="office")
    lab.data("POST", f"{base}/ipset/friends", cidr="backup2")
    assert lab.refused("POST", f"{base}/ipset/friends", cidr="192.0.2.0/24")[2] == {
        "cidr": "address '192.0.2.0/24' already exists"
    }
    assert lab.refused("POST", f"{base}/ipset/friends", cidr="nobody-knows")[0] == 400
    lab.data("PUT", f"{base}/ipset/friends/192.0.2.0%2F24", nomatch=1)
    assert lab.data("GET", f"{base}/ipset/friends/192.0.2.0%2F24")["nomatch"] == 1
    assert lab.refused("DELETE", f"{base}/ipset/friends")[1] == "IPSet 'friends' is not empty"
    lab.data("DELETE", f"{base}/ipset/friends/192.0.2.0%2F24")
    lab.data("DELETE", f"{base}/ipset/friends", force=1)
    lab.data("DELETE", f"{base}/aliases/backup2")
    assert "backup2" not in {row["name"] for row in lab.data("GET", f"{base}/aliases")}


def test_groups_of_rules(lab: Session) -> None:
    base = "/cluster/firewall/groups"
    lab.data("POST", base, group="mail", comment="in and out")
    lab.data("POST", f"{base}/mail", type="in", action="ACCEPT", proto="tcp", dport="25,587", enable=1)
    lab.data("POST", "/nodes/pve1/qemu/101/firewall/rules", type="group", action="mail", enable=1)
    lab.data("POST", base, group="post", rename="mail")
    assert lab.data("GET", "/nodes/pve1/qemu/101/firewall/rules/0")["action"] == "post"
    assert lab.refused("DELETE", f"{base}/post")[1] == "Security group 'post' is not empty"
    lab.data("DELETE", f"{base}/post/0")
    lab.data("DELETE", f"{base}/post")
    assert lab.refused("POST", base, group="other", rename="nothing")[0] == 400


@pytest.mark.parametrize(
    ("key", "value"), [("dport", "70000"), ("dport", "90:80"), ("proto", "tpc"), ("source", "10.0.0.300")]
)
def test_rules_with_wrong_addresses_or_ports(lab: Session, key: str, value: str) -> None:
    rule = {"type": "in", "action": "ACCEPT", "proto": "tcp", key: value}
    assert key in lab.refused("POST", "/cluster/firewall/rules", **rule)[2]


def test_metric_servers(lab: Session) -> None:
    path = "/cluster/metrics/server/carbon"
    lab.data("POST", path, type="graphite", server="192.0.2.3", port=2003)
    lab.data("PUT", path, server="192.0.2.4", port=2003, disable=1)
    assert lab.data("GET", path)["server"] == "192.0.2.4"
    lab.data("DELETE", path)
    assert lab.refused("DELETE", path)[0] == 500


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("PUT", "/cluster/options", {"keyboard": "fr"}),
        ("POST", "/cluster/backup", {"schedule": "daily", "all": 1}),
        ("POST", "/cluster/firewall/aliases", {"name": "aa", "cidr": "192.0.2.1"}),
        ("POST", "/cluster/sdn/zones", {"zone": "zz", "type": "simple"}),
        ("POST", "/cluster/ha/resources", {"sid": "vm:102"}),
        ("POST", "/access/domains", {"realm": "corp", "type": "ad", "domain": "c", "server1": "d"}),
        ("PUT", "/nodes/pve1/config", {"description": "x"}),
    ],
)
def test_writes_need_quorum_and_the_right(lab: Session, method: str, path: str, params: dict[str, object]) -> None:
    secret = lab.sim.world.users["auditor@pve"].tokens["readonly"].secret
    auditor = {"authorization": f"PVEAPIToken=auditor@pve!readonly={secret}"}
    assert lab.send(method, path, params, auditor).status == 403
    lab.sim.world.quorate = False
    response = lab.send(method, path, params)
    assert (response.status, response.reason) == (500, "cluster not ready - no quorum?")


def test_privileges_of_pve_8() -> None:
    old = session("homelab8")
    old.data("POST", "/access/roles", roleid="Agent", privs="VM.Monitor,VM.Audit")
    assert old.data("GET", "/access/roles/Agent") == {"VM.Audit": 1, "VM.Monitor": 1}
    assert old.refused("POST", "/access/roles", roleid="New", privs="VM.GuestAgent.Audit")[0] == 400


def test_the_api_describes_itself(lab: Session) -> None:
    response = lab.sim.handle(Request("GET", "/pve-docs/api-viewer/apidoc.js"))
    assert response.headers["Content-Type"] == "application/javascript"
    text = response.body.decode()
    tree = json.loads(text[text.index("[") : text.rindex("]") + 1])
    pools = next(node for node in tree if node["path"] == "/pools")
    assert set(pools["info"]["POST"]["parameters"]["properties"]) == set(endpoint("pools", "POST", "/pools").params)
    assert pools["children"][0]["path"] == "/pools/{poolid}"
