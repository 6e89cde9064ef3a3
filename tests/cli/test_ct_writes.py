"""Containers as a user makes, changes, moves and deletes them, on the simulated homelab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Pmpc

NEW = ("ct", "create", "box", "--template", "debian-13", "--rootfs", "nas:4")


@pytest.mark.capability("2.2", "4.4", "9.6")
def test_a_container_is_planned_without_its_secrets_and_made(lab: Pmpc, tmp_path: Path) -> None:
    keys = tmp_path / "keys.pub"
    keys.write_text("# mine\nssh-ed25519 AAAAC3Nza zoe@lab\n")
    words = (
        *NEW, "--memory", "1G", "--nic", "vmbr0,ip=dhcp,vlan=20", "--mp", "nas:1,mp=/srv", "--nesting", "--tag", "prod",
        "--password-from", "env:CT_PASSWORD", "--ssh-keys", str(keys), "--nameserver", "10.10.0.53", "--start",
    )  # fmt: skip
    env = {"CT_PASSWORD": "hunter22"}
    planned = lab(*words, "--dry-run", "-o", "json", env=env)
    assert "hunter22" not in planned.stdout + planned.stderr
    (call,) = planned.json["calls"]
    assert (call["method"], call["path"]) == ("POST", f"/nodes/{planned.json['node']}/lxc")
    assert call["params"] == {
        "vmid": "<next free id>",
        "ostemplate": "nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
        "hostname": "box",
        "memory": 1024,
        "rootfs": "nas:4",
        "mp0": "nas:1,mp=/srv",
        "net0": "name=eth0,bridge=vmbr0,ip=dhcp,tag=20",
        "features": "nesting=1",
        "tags": "prod",
        "nameserver": "10.10.0.53",
        "unprivileged": 1,
        "password": "***",
        "ssh-public-keys": "ssh-ed25519 AAAAC3Nza zoe@lab\n",
        "start": 1,
    }
    refused = lab(*words, env=env)
    assert refused.status == 9 and lab("ct", "show", "box").status == 5
    row = lab.ok(*words, "--yes", env=env)
    assert (row["kind"], row["name"], row["status"], row["changed"]) == ("ct", "box", "done", True)
    assert lab.ok("ct", "status", "box")["status"] == "running"
    again = lab.ok(*words, "--yes", "--if-missing", env=env)
    assert (again["id"], again["changed"]) == (row["id"], False)
    audit = json.dumps(lab.ok("audit", "show", row["operation"]))
    assert "hunter22" not in audit


@pytest.mark.capability("2.2", "7.5")
def test_undoing_a_creation_leaves_nothing(lab: Pmpc) -> None:
    before = lab.ok("storage", "content", "nas")
    row = lab.ok(*NEW, "--vmid", "300", "--yes")
    assert row["id"] == 300
    undone = lab("audit", "undo", row["operation"], "--yes", "--confirm", "box", "-o", "json")
    assert undone.status == 0, undone
    assert lab("ct", "show", "300").status == 5
    assert lab.ok("storage", "content", "nas") == before


@pytest.mark.capability("2.2")
def test_a_file_says_what_it_is_to_be_and_options_win(lab: Pmpc) -> None:
    content = (
        "hostname: app\ntemplate: debian-13\nrootfs: nas:3\ncores: 2\ntags: [b, a]\nnet0: name=eth0,bridge=vmbr0\n"
    )
    (lab.cwd / "ct.yml").write_text(content)
    planned = lab.ok("ct", "create", "--from", "ct.yml", "--cores", "4", "--nic", "vmbr0", "--dry-run")
    params = planned["calls"][0]["params"]
    assert (params["hostname"], params["rootfs"], params["cores"], params["tags"]) == ("app", "nas:3", 4, "b;a")
    assert params["net0"] == "name=eth0,bridge=vmbr0" and params["net1"] == "name=eth1,bridge=vmbr0"
    (lab.cwd / "bad.yml").write_text("hostname: [\n")
    assert lab("ct", "create", "--from", "bad.yml", "--yes").status == 2
    (lab.cwd / "odd.json").write_text('{"hostname": "x", "template": "debian-13", "rootfs": {"size": 3}}')
    outcome = lab("ct", "create", "--from", "odd.json", "--yes", "-o", "json")
    assert outcome.status == 2


@pytest.mark.capability("7.4", "10.2")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("create",), 2, "what is it made from"),
        (("create", "--template", "debian-13", "--rootfs", "nas:4"), 2, "needs a name"),
        (("create", "x", "--template", "nope", "--rootfs", "nas:4"), 5, "no storage has a container template"),
        (("create", "x", "--template", "debian-13"), 2, "where does its root go"),
        (("create", "x", "--template", "debian-13", "--storage", "nope"), 6, "no node can take it"),
        (("create", "x", "--template", "debian-13", "--rootfs", "nas:4", "--vmid", "101"), 6, "has the id 101"),
        (("create", "x", "--template", "debian-13", "--rootfs", "nas:4", "--vmid", "7"), 2, "no id of a guest"),
        (("create", "x", "--template", "debian-13", "--rootfs", "nas:4", "--on-node", "nope"), 5, "no node"),
        (("create", "x", "--template", "alpine", "--rootfs", "nas:4", "--on-node", "pve2"), 6, "does not have"),
        (("create", "x", "--template", "debian-13", "--rootfs", "nas:4", "--nic", "nobr"), 6, "no node can take it"),
        (("create", "x", "--template", "debian-13", "--rootfs", "nas:4", "--password-from", "hunter22"), 2, "secret"),
        (("create", "x_y", "--template", "debian-13", "--rootfs", "nas:4"), 2, "hostname"),
        (("set", "200"), 2, "what is to be changed"),
        (("set", "200", "--memory", "1"), 2, "memory"),
        (("set", "200", "--set", "corse=2"), 2, "no setting 'corse'"),
        (("set", "200", "--set", "unprivileged=0"), 2, "decided when"),
        (("set", "200", "--delete", "rootfs"), 2, "cannot be without"),
        (("set", "101", "--memory", "512"), 2, "is a virtual machine"),
        (("nic", "add", "200", "ip=dhcp"), 2, "names no bridge"),
        (("nic", "set", "200", "net7", "vlan=3"), 5, "has no net7"),
        (("nic", "remove", "200", "mp0"), 2, "no network card"),
        (("volume", "add", "200", "nas:1"), 2, "where it is mounted"),
        (("volume", "resize", "200", "rootfs", "1G"), 2, "cannot be made smaller"),
        (("volume", "resize", "200", "rootfs", "big"), 2, "is no size"),
        (("volume", "resize", "200", "mp7", "+1G"), 5, "no volume 'mp7'"),
        (("volume", "move", "200", "rootfs", "nas"), 6, "running container"),
        (("volume", "remove", "202", "mp0"), 6, "only when it stops"),
        (("volume", "remove", "200", "rootfs"), 2, "cannot be without"),
        (("clone", "201", "copy"), 6, "is running"),
        (("clone", "201", "copy", "--linked"), 6, "no template"),
        (("clone", "203", "copy", "--storage", "nas"), 2, "stays on its template"),
        (("migrate", "201", "--to", "nope"), 5, "no node"),
        (("migrate", "201", "--to", "pve1"), 6, "moves only stopped"),
        (("migrate", "201", "--to", "pve1", "--timeout", "5"), 2, "--restart"),
        (("template", "download"), 2, "which template"),
        (("template", "download", "nope", "--storage", "nas"), 5, "no template"),
        (("template", "download", "debian-13"), 2, "which storage"),
        (("template", "download", "alpine", "--storage", "local"), 2, "of its own"),
        (("template", "download", "--url", "ftp://x/y.tar.gz", "--storage", "nas"), 2, "no http"),
        (("template", "download", "--url", "http://x/y.zip", "--storage", "nas"), 2, "no name of a template"),
        (
            ("template", "download", "--url", "http://x/y.tar.gz", "--checksum", "12", "--storage", "nas"),
            2,
            "sum in hex",
        ),
        (("template", "delete", "nope"), 5, "no storage has"),
        (("template", "create", "201"), 6, "is running"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sent(
    words: tuple[str, ...], status: int, said: str, lab: Pmpc
) -> None:
    outcome = lab("ct", *words, "--yes", "--confirm", "gitea", "-o", "json")
    assert (outcome.status, outcome.stdout) == (status, ""), outcome
    assert said in outcome.error["message"], outcome.error
    assert "hunter22" not in outcome.stderr


@pytest.mark.capability("2.5", "4.4", "7.5")
def test_settings_change_and_an_undo_puts_them_back(lab: Pmpc) -> None:
    before = lab.ok("ct", "config", 200)
    row = lab.ok("ct", "set", 200, "--memory", "1G", "--description", "a\nb", "--delete", "startup", "--yes")
    config = lab.ok("ct", "config", 200)
    assert (config["memory"], config["description"].rstrip(), "startup" in config) == (1024, "a\nb", False)
    same = lab.ok("ct", "set", 200, "--memory", "1024", "--delete", "startup", "--yes")
    assert (same["status"], same["changed"]) == ("unchanged", False)
    assert lab.ok("audit", "undo", row["operation"], "--yes")[0]["status"] == "done"
    assert {**lab.ok("ct", "config", 200), "digest": ""} == {**before, "digest": ""}
    rows = lab.ok("ct", "set", "200-202", "--onboot", "--dry-run")
    assert [row["id"] for row in rows] == [200, 201, 202]


@pytest.mark.capability("4.6")
def test_a_network_card_is_added_changed_and_removed(lab: Pmpc) -> None:
    assert lab.ok("ct", "nic", "add", 200, "vmbr0,ip=dhcp,vlan=30", "--yes")["status"] == "done"
    card = lab.ok("ct", "config", 200)["net1"]
    assert "tag=30" in card and "name=eth1" in card
    lab.ok("ct", "nic", "set", 200, "net1", "vlan=,firewall=1,link=down", "--yes")
    changed = lab.ok("ct", "config", 200)["net1"]
    assert "tag=" not in changed and "firewall=1" in changed and "link_down=1" in changed
    mac = next(part for part in card.split(",") if part.startswith("hwaddr="))
    assert mac in changed, "a card keeps its MAC address"
    lab.ok("ct", "nic", "remove", 200, "net1", "--yes")
    assert "net1" not in lab.ok("ct", "config", 200)


@pytest.mark.capability("2.5", "4.5", "2.6")
def test_a_volume_is_added_grown_moved_and_destroyed(lab: Pmpc) -> None:
    made = lab.ok(*NEW, "--yes")["id"]
    assert lab.ok("ct", "volume", "add", made, "nas:1,mp=/srv", "--yes")["status"] == "done"
    assert lab.ok("ct", "resize", made, "mp0", "+1G", "--yes")["changed"] is True
    assert "size=2G" in lab.ok("ct", "config", made)["mp0"]
    assert lab.ok("ct", "volume", "resize", made, "mp0", "2G", "--yes")["changed"] is False
    assert lab.ok("ct", "volume", "move", made, "mp0", "local-lvm", "--yes")["status"] == "done"
    volume = lab.ok("ct", "config", made)["mp0"].split(",")[0]
    assert volume.startswith("local-lvm:")
    assert lab("ct", "volume", "remove", made, "mp0", "--yes").status == 9
    assert lab.ok("ct", "volume", "remove", made, "mp0", "--yes", "--confirm", "box")["status"] == "done"
    config = lab.ok("ct", "config", made)
    assert not {"mp0", "unused0"} & config.keys()
    assert volume not in [row["volid"] for row in lab.ok("storage", "content", "local-lvm")]


@pytest.mark.capability("4.4", "2.6")
def test_a_container_is_cloned_made_a_template_moved_and_deleted(lab: Pmpc) -> None:
    copy = lab.ok("ct", "clone", 203, "copy", "--yes")["id"]
    assert "base" in lab.ok("ct", "config", copy)["rootfs"], "a linked clone"
    assert lab.ok("ct", "migrate", copy, "--to", "pve2", "--yes")["status"] == "done"
    assert lab.ok("ct", "show", copy)["node"] == "pve2"
    assert lab.ok("ct", "migrate", copy, "--to", "pve2", "--yes")["changed"] is False
    full = lab.ok("ct", "clone", copy, "whole", "--full", "--storage", "nas", "--vmid", "310", "--yes")
    assert full["id"] == 310
    assert lab.ok("ct", "template", "create", 310, "--yes")["status"] == "done"
    assert lab.ok("ct", "template", "create", 310, "--yes")["changed"] is False
    gone = lab.ok("ct", "delete", copy, "--yes", "--confirm", "copy", "--without-backup")
    assert (gone["status"], lab("ct", "show", copy).status) == ("done", 5)


@pytest.mark.capability("4.4")
def test_templates_are_found_downloaded_and_removed(lab: Pmpc) -> None:
    offered = {row["package"]: row["here"] for row in lab.ok("ct", "template", "available")}
    assert offered == {"alpine-3.22-default": False, "debian-13-standard": True, "ubuntu-24.04-standard": False}
    row = lab.ok("ct", "template", "download", "ubuntu", "--storage", "nas", "--yes")
    assert (row["kind"], row["status"]) == ("template", "done")
    assert lab.ok("ct", "template", "download", "ubuntu", "--storage", "nas", "--yes")["changed"] is False
    assert "ubuntu-24.04-standard_24.04-2_amd64.tar.zst" in [one["name"] for one in lab.ok("ct", "template", "list")]
    assert lab.ok("ct", "template", "delete", "ubuntu", "--yes")["status"] == "done"
    assert lab.ok("ct", "template", "delete", "ubuntu", "--ignore-missing", "--yes")["changed"] is False
    planned = lab.ok(
        "ct", "template", "download", "--url", "https://example.org/a/box.tar.xz?x=1", "--storage", "nas",
        "--checksum", "a" * 64, "--dry-run",
    )  # fmt: skip
    assert planned["calls"][0]["params"] == {
        "content": "vztmpl",
        "filename": "box.tar.xz",
        "url": "https://example.org/a/box.tar.xz?x=1",
        "checksum": "a" * 64,
        "checksum-algorithm": "sha256",
    }
