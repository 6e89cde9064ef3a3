"""vm create, clone, template and migrate: from nothing to a running VM, and what stands in the way."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proxmox_mpc.cli.main import run
from proxmox_mpc.output.streams import Streams
from tests.conftest import Pmpc, Served

DISK = ("--disk", "local-lvm:4")


@pytest.mark.capability("2.1", "4.3")
def test_from_options_to_a_running_vm_and_back_to_nothing(lab: Pmpc) -> None:
    words = (
        *("vm", "create", "shop", "--cores", 2, "--sockets", 1, "--memory", "4G", "--balloon", "1G", "--cpu", "host"),
        *("--disk", "local-lvm:32,ssd=1,discard=on", "--disk", "nas:512M,bus=virtio"),
        *("--nic", "vmbr0,vlan=20,firewall=1", "--machine", "q35", "--efi", "local-lvm", "--tpm", "local-lvm"),
        *("--agent", "--onboot", "--tag", "prod", "--tag", "web", "--pool", "prod", "--description", "a\nb"),
        *("--cloudinit", "nas", "--ciuser", "ops", "--ipconfig", "dhcp", "--set", "numa=1", "--start"),
    )
    planned = lab.ok(*words, "--dry-run")
    creation, start = planned["calls"]
    assert (creation["method"], creation["path"]) == ("POST", f"/nodes/{planned['node']}/qemu")
    assert creation["params"] == {
        "vmid": "<next free id>",
        "name": "shop",
        "cores": 2,
        "sockets": 1,
        "cpu": "host",
        "memory": "4096",
        "balloon": 1024,
        "ostype": "l26",
        "scsihw": "virtio-scsi-single",
        "bios": "ovmf",
        "machine": "q35",
        "efidisk0": "local-lvm:1,efitype=4m,pre-enrolled-keys=1",
        "tpmstate0": "local-lvm:1,version=v2.0",
        "scsi0": "local-lvm:32,ssd=1,discard=on",
        "virtio0": "nas:0.5",
        "net0": "virtio,bridge=vmbr0,tag=20,firewall=1",
        "ide2": "nas:cloudinit",
        "boot": "order=scsi0;net0",
        "agent": "1",
        "onboot": 1,
        "tags": "prod;web",
        "description": "a\nb",
        "ciuser": "ops",
        "ipconfig0": "ip=dhcp",
        "numa": 1,
        "pool": "prod",
    }
    assert start["path"].endswith("/qemu/<next free id>/status/start")
    done = lab.ok(*words, "--yes")
    assert (done["action"], done["name"], done["status"]) == ("create", "shop", "done")
    page = lab.ok("vm", "show", done["id"])
    assert (page["status"], page["pool"], sorted(page["tags"])) == ("running", "prod", ["prod", "web"])
    lab.ok("vm", "stop", done["id"], "--yes")
    lab.ok("vm", "delete", done["id"], "--yes", "--confirm", "shop", "--without-backup")
    assert lab("vm", "show", done["id"]).status == 5


@pytest.mark.capability("2.1", "7.5")
def test_undoing_a_creation_deletes_it(lab: Pmpc) -> None:
    row = lab.ok("vm", "create", "brief", *DISK, "--yes")
    undone = lab("audit", "undo", row["operation"], "--yes", "--confirm", "brief", "--without-backup", "-o", "json")
    assert undone.status == 0, undone
    assert lab("vm", "show", row["id"]).status == 5


@pytest.mark.capability("2.1")
def test_if_missing_and_ids_that_are_taken(lab: Pmpc) -> None:
    assert lab.ok("vm", "create", "web", *DISK, "--if-missing", "--yes")["id"] == 101
    assert lab.ok("vm", "create", "other", *DISK, "--vmid", 101, "--if-missing", "--yes")["changed"] is False
    taken = lab("vm", "create", "other", *DISK, "--vmid", 101, "--yes", "-o", "json")
    assert (taken.status, taken.error["code"]) == (6, "already_exists")
    assert lab.ok("vm", "create", "other", *DISK, "--vmid", 777, "--yes")["id"] == 777
    assert lab("vm", "create", "x2", "--vmid", 5, "--yes").status == 2
    same = lab("vm", "create", "web", *DISK, "--dry-run", "-o", "json")
    assert same.events[0]["warning"]["code"] == "same_name"


@pytest.mark.capability("2.1", "7.4")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("two words",), 2, "cannot be used"),
        (("x1", "--cores", "0"), 2, "at least 1"),
        (("x1", "--set", "corse=1"), 2, "'corse'"),
        (("x1", "--disk", "nowhere:8"), 6, "no node can take it"),
        (("x1", "--disk", "local:8"), 6, "no node can take it"),
        (("x1", "--nic", "vmbr77"), 6, "no node can take it"),
        (("x1", "--on-node", "pve3", "--disk", "tank:8"), 5, "has no storage tank"),
        (("x1", "--on-node", "pve9"), 5, "pve9"),
        (("x1", "--bios", "ovmf"), 2, "--bios ovmf"),
        (("x1", "--image", "ftp://x/y.img", "--storage", "nas"), 2, "neither a volume nor a web address"),
        (("x1", "--image", "https://x/y.txt", "--storage", "nas"), 2, "no disk image"),
        (("x1", "--image", "https://x/y.img"), 2, "on which storage"),
        (("x1", "--image", "https://x/y.img", "--storage", "nas"), 6, "takes images to import"),
        (("x1", "--image", "nas:import/none.qcow2", "--storage", "nas"), 5, "sees no volume"),
        (("x1", "--checksum", "sha256:00"), 2, "belong to --image"),
        (("x1", "--clone-from", "9000", "--iso", "nas:iso/x.iso"), 2, "--clone-from"),
        (("x1", "--clone-from", "104", "--linked"), 6, "no template"),
        (("x1", "--clone-from", "none-such"), 5, "none-such"),
        (("x1", "--ssh-keys", "missing.pub"), 2, "cannot be read"),
        (("--if-missing",), 2, "needs a name"),
    ],
)
def test_what_cannot_be_created(words: tuple[str, ...], status: int, said: str, lab: Pmpc) -> None:
    before = len(lab.ok("vm", "list"))
    outcome = lab("vm", "create", *words, "--yes", "-o", "json")
    assert outcome.status == status, outcome
    assert said in outcome.error["message"]
    assert len(lab.ok("vm", "list")) == before


@pytest.mark.capability("2.1")
def test_from_a_file_options_come_first_and_other_peoples_disks_are_left_alone(lab: Pmpc) -> None:
    text = "name: filed\ncores: 2\nonboot: yes\ntags: [a, b]\nscsi0: nas:4\nnode: pve3\nmeta: creation-qemu=9\n"
    (lab.cwd / "vm.yml").write_text(text)
    params = lab.ok("vm", "create", "--from", "vm.yml", "--cores", 8, "--dry-run")["calls"][0]["params"]
    assert (params["name"], params["cores"], params["onboot"], params["tags"]) == ("filed", 8, 1, "a;b")
    assert "meta" not in params and "node" not in params
    row = lab(
        "vm", "create", "--from", "-", "--yes", "-o", "json", stdin=json.dumps({"name": "piped", "scsi0": "nas:1"})
    )
    assert row.json["status"] == "done"
    (lab.cwd / "copy.yml").write_text(lab("vm", "config", 103, "-o", "yaml").stdout)
    refused = lab("vm", "create", "--from", "copy.yml", "--yes", "-o", "json")
    assert (refused.status, "is the disk of a VM that exists" in refused.error["message"]) == (2, True)
    (lab.cwd / "bad.yml").write_text("net0:\n  bridge: vmbr0\n")
    assert lab("vm", "create", "--from", "bad.yml", "--yes").status == 2


@pytest.mark.capability("2.1")
def test_from_a_cloud_image_with_its_checksum(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve("homelab")
    storage = served.server.simulator.world.storages["local"].config
    storage["content"] = f"{storage['content']},import"
    url = "https://cloud.example/debian-13-genericcloud-amd64.img"
    words = (
        *("vm", "create", "cloud", "--image", url, "--checksum", "ab" * 32, "--storage", "nas", "--nic", "vmbr0"),
        *("--disk-size", "20G", "--ciuser", "ops", "--on-node", "pve1", "--start"),
    )
    planned = pmpc.ok(*words, "--dry-run", env=served.environ)
    download, creation, resize, start = planned["calls"]
    assert download["params"] == {
        "content": "import",
        "filename": "debian-13-genericcloud-amd64.qcow2",
        "url": url,
        "checksum": "ab" * 32,
        "checksum-algorithm": "sha256",
    }
    made = creation["params"]
    assert made["scsi0"] == "nas:0,import-from=local:import/debian-13-genericcloud-amd64.qcow2"
    assert (made["ide2"], made["boot"], made["ipconfig0"]) == ("nas:cloudinit", "order=scsi0;net0", "ip=dhcp")
    assert resize["params"] == {"disk": "scsi0", "size": "20G"}
    assert start["path"].endswith("/status/start")
    wrong = pmpc(*words, "--yes", "-o", "json", env=served.environ)
    assert (wrong.status, wrong.error["code"]) == (8, "task_failed"), "the checksum of another file"
    right = [hashlib.sha256(url.encode()).hexdigest() if word == "ab" * 32 else word for word in words]
    row = pmpc.ok(*right, "--yes", env=served.environ)
    assert row["status"] == "done"
    config = pmpc.ok("vm", "config", row["id"], env=served.environ)
    assert "size=20G" in config["scsi0"] and config["ciuser"] == "ops"
    again = pmpc(*words, "--dry-run", "-o", "json", env=served.environ)
    assert [call["path"].rpartition("/")[2] for call in again.json["calls"]] == ["qemu", "resize", "start"]
    assert "image_present" in [event["warning"]["code"] for event in again.events], "it is downloaded once"


@pytest.mark.capability("2.1")
def test_as_a_clone_that_is_changed(lab: Pmpc) -> None:
    row = lab.ok(
        "vm", "create", "fresh", "--clone-from", 9000, "--cores", 3, "--nic", "vmbr0,vlan=7", "--start", "--yes"
    )
    assert row["status"] == "done"
    page, config = lab.ok("vm", "show", row["id"]), lab.ok("vm", "config", row["id"])
    assert (page["status"], config["cores"], config["name"]) == ("running", 3, "fresh")
    assert "tag=7" in config["net0"]


@pytest.mark.capability("2.1")
def test_under_high_availability(lab: Pmpc) -> None:
    row = lab.ok("vm", "create", "important", "--disk", "nas:1", "--ha", "--start", "--yes")
    page = lab.ok("vm", "show", row["id"])
    assert (page["status"], page["ha"]["managed"]) == ("running", True)


@pytest.mark.capability("4.3", "7.7")
def test_twenty_at_once_get_twenty_ids(serve: Callable[..., Served], tmp_path: Path) -> None:
    served = serve("homelab")
    environ = {**os.environ, **served.environ}

    def create(number: int) -> tuple[int, str, str]:
        stdout, stderr = io.StringIO(), io.StringIO()
        words = ["vm", "create", f"twin-{number}", "--yes", "-o", "json"]
        status = run(words, environ=environ, cwd=tmp_path, streams=Streams(io.StringIO(), stdout, stderr))
        return status, stdout.getvalue(), stderr.getvalue()

    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(create, range(20)))
    assert [stderr for status, _, stderr in made if status] == []
    assert len({json.loads(stdout)["id"] for _, stdout, _ in made}) == 20


@pytest.mark.capability("4.3")
def test_clones_and_templates(lab: Pmpc) -> None:
    planned = lab.ok("vm", "clone", 9000, "twin", "--dry-run")
    assert planned["calls"][0]["params"] == {"newid": "<next free id>", "name": "twin"}
    twin = lab.ok("vm", "clone", 9000, "twin", "--yes")
    assert (twin["name"], twin["status"]) == ("twin", "done")
    full = lab.ok("vm", "clone", 107, "whole", "--vmid", 600, "--storage", "nas", "--full", "--yes")
    assert full["id"] == 600
    assert lab("vm", "clone", 107, "whole", "--vmid", 600, "--yes").status == 6
    assert lab("vm", "clone", 9000, "x1", "--linked", "--storage", "nas", "--yes").status == 2
    assert lab.ok("vm", "template", 600, "--yes")["status"] == "done"
    assert lab.ok("vm", "template", 600, "--yes")["changed"] is False
    running = lab("vm", "template", 104, "--yes", "-o", "json")
    assert (running.status, "is running" in running.error["message"]) == (6, True)
    undone = lab("audit", "undo", twin["operation"], "--yes", "--confirm", "twin", "--without-backup", "-o", "json")
    assert undone.status == 0, undone
    assert lab("vm", "show", "twin").status == 5


@pytest.mark.capability("4.3")
def test_migration_says_first_what_stands_in_the_way(lab: Pmpc) -> None:
    planned = lab("vm", "migrate", 105, "--to", "pve2", "--dry-run")
    assert "it runs; can go to pve2, pve3" in planned.stdout
    moved = lab.ok("vm", "migrate", 105, "--to", "pve2", "--yes")
    assert moved["status"] == "done" and lab.ok("vm", "show", 105)["node"] == "pve2"
    assert lab.ok("vm", "migrate", 105, "--to", "pve2", "--yes")["changed"] is False
    undone = lab("audit", "undo", moved["operation"], "--yes", "-o", "json")
    assert undone.status == 0, undone
    assert lab.ok("vm", "show", 105)["node"] == "pve1"
    local = lab("vm", "migrate", 102, "--to", "pve1", "--yes", "-o", "json")
    assert (local.status, "--with-local-disks" in local.error["hint"]) == (6, True)
    missing = lab("vm", "migrate", 102, "--to", "pve3", "--yes", "-o", "json")
    assert (missing.status, "no storage tank" in missing.error["message"]) == (6, True)
    assert lab.ok("vm", "migrate", 102, "--to", "pve1", "--with-local-disks", "--yes")["status"] == "done"
    assert lab("vm", "migrate", 102, "--to", "pve9", "--yes").status == 5
    assert lab("vm", "migrate", 101, "--to", "pve3", "--stopped", "--yes").status == 6
    ha = lab.ok("vm", "migrate", 101, "--to", "pve2", "--yes")
    assert ha["status"] == "done" and lab.ok("vm", "show", 101)["node"] == "pve2"
