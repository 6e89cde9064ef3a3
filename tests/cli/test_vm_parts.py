"""Disks, network cards, cloud-init and tags of a VM, and cutting it off: done, refused, and taken back."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc


def undo(lab: Pmpc, operation: int) -> None:
    """Take an operation back, whatever the risk of that."""
    first = lab("audit", "undo", operation, "--yes", "-o", "json")
    if first.status == 9:
        word = str(first.error["details"]["confirm"])
        first = lab("audit", "undo", operation, "--yes", "--confirm", word, "-o", "json")
    assert first.status == 0, first


@pytest.mark.capability("2.5", "4.5")
def test_a_disk_is_added_grown_moved_detached_and_destroyed(lab: Pmpc) -> None:
    added = lab.ok("vm", "disk", "add", 107, "tank:8,ssd=1,bus=scsi", "--dry-run")
    assert added["calls"][0]["method"] == "POST", "making a disk is a task"
    assert lab("vm", "disk", "add", 107, "local-lvm:8,ssd=1", "--yes").status == 0
    config = lab.ok("vm", "config", 107)
    key = next(key for key, value in config.items() if "ssd=1" in str(value) and "size=8G" in str(value))
    assert lab.ok("vm", "disk", "resize", 107, key, "+2", "--yes")["changed"] is True
    assert "size=10G" in lab.ok("vm", "config", 107)[key]
    assert lab.ok("vm", "disk", "resize", 107, key, "10G", "--yes")["changed"] is False
    smaller = lab("vm", "disk", "resize", 107, key, "4G", "--yes", "-o", "json")
    assert (smaller.status, "cannot be made smaller" in smaller.error["message"]) == (2, True)
    assert lab.ok("vm", "disk", "move", 107, key, "nas", "--yes")["status"] == "done"
    assert lab.ok("vm", "config", 107)[key].startswith("nas:")
    assert lab.ok("vm", "disk", "move", 107, key, "nas", "--yes")["changed"] is False
    detached = lab.ok("vm", "disk", "detach", 107, key, "--yes")
    config = lab.ok("vm", "config", 107)
    assert key not in config and config["unused0"].startswith("nas:")
    undo(lab, detached["operation"])
    assert lab.ok("vm", "config", 107)[key].startswith("nas:")
    assert lab("vm", "disk", "remove", 107, key, "--yes").status == 9
    lab.ok("vm", "disk", "remove", 107, key, "--yes", "--confirm", lab.ok("vm", "show", 107)["name"])
    config = lab.ok("vm", "config", 107)
    assert key not in config and not any(name.startswith("unused") for name in config)
    assert lab("vm", "disk", "remove", 107, key, "--yes").status == 5


@pytest.mark.capability("2.5", "7.5")
def test_undoing_a_new_disk_destroys_it(lab: Pmpc) -> None:
    before = lab.ok("vm", "config", 103)
    operation = lab.ok("vm", "disk", "add", 103, "virtio1=nas:1", "--yes")["operation"]
    volume = lab.ok("vm", "config", 103)["virtio1"].split(",")[0]
    undo(lab, operation)
    after = lab.ok("vm", "config", 103)
    assert {**after, "digest": ""} == {**before, "digest": ""}
    assert volume not in [row["volid"] for row in lab.ok("storage", "content", "nas")]


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "104", "32"), 2, "no STORAGE:SIZE"),
        (("add", "104", "local-lvm:8,sdd=1"), 2, "no property 'sdd'"),
        (("add", "104", "scsi0=local-lvm:8"), 2, "in use already"),
        (("add", "104", "scsi99=local-lvm:8"), 2, "no disk of a VM"),
        (("add", "104", "local-lvm:8,bus=nvme"), 2, "no bus"),
        (("resize", "104", "net0", "64"), 2, "no disk of a VM"),
        (("resize", "104", "scsi9", "64"), 5, "has no scsi9"),
        (("resize", "104", "scsi0", "big"), 2, "is no size"),
        (("detach", "104", "scsi9"), 5, "has no scsi9"),
        (("move", "104", "ide2", "none-such"), 8, ""),
    ],
)
def test_what_cannot_be_done_to_a_disk(words: tuple[str, ...], status: int, said: str, lab: Pmpc) -> None:
    outcome = lab("vm", "disk", *words, "--yes", "-o", "json")
    assert outcome.status == status, outcome
    assert said in outcome.error["message"]


@pytest.mark.capability("2.5")
def test_an_image_becomes_a_disk(lab: Pmpc) -> None:
    source = lab.ok("vm", "config", 101)["scsi0"].split(",")[0]
    row = lab.ok("vm", "disk", "import", 107, source, "--storage", "nas", "--as", "virtio3", "--yes")
    assert row["status"] == "done"
    assert lab.ok("vm", "config", 107)["virtio3"].startswith("nas:107/")


@pytest.mark.capability("4.6")
def test_a_network_card_is_added_changed_and_removed(lab: Pmpc) -> None:
    lab.ok("vm", "nic", "add", 107, "vmbr0,vlan=20,firewall=1", "--as", "net5", "--yes")
    card = lab.ok("vm", "config", 107)["net5"]
    assert card.startswith("virtio=BC:24:11:") and "bridge=vmbr0" in card and "tag=20" in card
    mac = card.split(",")[0].partition("=")[2]
    changed = lab.ok("vm", "nic", "set", 107, "net5", "model=e1000,vlan=30,link=down", "--yes")
    card = lab.ok("vm", "config", 107)["net5"]
    assert f"e1000={mac}" in card and "tag=30" in card and "link_down=1" in card and "firewall=1" in card
    assert lab.ok("vm", "nic", "set", 107, "net5", "vlan=30", "--yes")["changed"] is False
    undo(lab, changed["operation"])
    assert "tag=20" in lab.ok("vm", "config", 107)["net5"]
    lab.ok("vm", "nic", "set", 107, "net5", "vlan=", "--yes")
    assert "tag=" not in lab.ok("vm", "config", 107)["net5"]
    lab.ok("vm", "nic", "remove", 107, "net5", "--yes")
    assert lab("vm", "nic", "remove", 107, "net5", "--yes").status == 5
    for words, said in (
        (("add", 107, "vlan=20"), "names no bridge"),
        (("add", 107, "vmbr0,vlan=5000"), "at most 4094"),
        (("set", 107, "net0", "link=sideways"), "neither up nor down"),
        (("set", 107, "scsi0", "vlan=1"), "no network card"),
    ):
        outcome = lab("vm", "nic", *words, "--yes", "-o", "json")
        assert (outcome.status, said in outcome.error["message"]) == (2, True), outcome


@pytest.mark.capability("9.9")
def test_a_vm_is_cut_off_and_let_in_again(lab: Pmpc) -> None:
    lab.ok("vm", "nic", "add", 105, "vmbr1", "--yes")
    before = lab.ok("vm", "config", 105)
    row = lab.ok("vm", "isolate", 105, "--yes")
    config = lab.ok("vm", "config", 105)
    assert all("link_down=1" in config[key] for key in ("net0", "net1"))
    assert lab.ok("vm", "isolate", 105, "--yes")["changed"] is False
    undo(lab, row["operation"])
    after = lab.ok("vm", "config", 105)
    assert (after["net0"], after["net1"]) == (before["net0"], before["net1"])


@pytest.mark.capability("2.8")
def test_tags_come_and_go_on_many_guests(lab: Pmpc) -> None:
    rows = lab.ok("guest", "tag", "add", 101, 201, "audit,2026", "--yes")
    assert [(row["id"], row["changed"]) for row in rows] == [(101, True), (201, True)]
    assert set(lab.ok("vm", "show", 101)["tags"]) == {"prod", "web", "audit", "2026"}
    assert lab.ok("vm", "tag", "add", 101, "AUDIT", "--yes")["changed"] is False
    rows = lab.ok("guest", "tag", "remove", "--tag", "audit", "audit;2026", "--yes")
    assert {row["id"] for row in rows} == {101, 201}
    assert set(lab.ok("vm", "show", 101)["tags"]) == {"prod", "web"}
    operation = lab.ok("vm", "tag", "remove", 101, "web", "--yes")["operation"]
    undo(lab, operation)
    assert set(lab.ok("vm", "show", 101)["tags"]) == {"prod", "web"}
    bad = lab("vm", "tag", "add", 101, "-x;rm", "--yes", "-o", "json")
    assert bad.status == 2


@pytest.mark.capability("2.5")
def test_cloud_init_is_changed_and_its_drive_written(lab: Pmpc) -> None:
    planned = lab.ok(
        "vm", "cloudinit", "set", 104, "--user", "ops", "--ipconfig", "10.0.0.5/24,gw=10.0.0.1", "--dry-run"
    )
    assert [call["path"] for call in planned["calls"]] == [
        "/nodes/pve2/qemu/104/config",
        "/nodes/pve2/qemu/104/cloudinit",
    ]
    lab.ok("vm", "cloudinit", "set", 104, "--user", "ops", "--ipconfig", "10.0.0.5/24,gw=10.0.0.1", "--yes")
    config = lab.ok("vm", "config", 104)
    assert (config["ciuser"], config["ipconfig0"]) == ("ops", "ip=10.0.0.5/24,gw=10.0.0.1")
    assert lab.ok("vm", "cloudinit", "set", 104, "--user", "ops", "--yes")["changed"] is False
    assert lab.ok("vm", "cloudinit", "regenerate", 104, "--yes")["status"] == "done"
    none = lab("vm", "cloudinit", "regenerate", 100, "--yes", "-o", "json")
    assert (none.status, "--drive" in none.error["hint"]) == (5, True)
    assert lab("vm", "cloudinit", "set", 104, "--yes").status == 2
    bad = lab("vm", "cloudinit", "set", 104, "--ipconfig", "10.0.0.5", "--yes", "-o", "json")
    assert (bad.status, "ipconfig0: ip" in bad.error["message"]) == (2, True)
