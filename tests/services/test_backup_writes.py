"""Pure parts of the work with backups: notes, retentions, configurations in archives, what keeps a trial apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Cannot, Keep, Probe, Send, Take
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.backup_archives import archive_of, find_archives, parse_config
from proxmox_mpc.services.backup_changes import plan_delete, plan_protection
from proxmox_mpc.services.backup_create import BackupWish, checked_form, notes_template, plan_backups
from proxmox_mpc.services.backup_prune import checked_keep
from proxmox_mpc.services.backup_trial import isolated
from proxmox_mpc.services.storages import Place
from tests.services.answers import Answers

VOLID = "nas:backup/vzdump-qemu-101-2026_11_20-04_00_00.vma.zst"
PATH = "/nodes/pve1/storage/nas/content/nas%3Abackup%2Fvzdump-qemu-101-2026_11_20-04_00_00.vma.zst"
ROW: JsonObject = {
    "volid": VOLID,
    "content": "backup",
    "vmid": 101,
    "size": 5,
    "ctime": 1795100000,
    "format": "vma.zst",
}
CONTENT = "/nodes/pve1/storage/nas/content"
WEB = GuestRef(101, "qemu", "pve1", "web", "running")


def source(*rows: JsonObject) -> Answers:
    storage: JsonObject = {
        "type": "storage", "storage": "nas", "node": "pve1", "shared": 1, "status": "available", "content": "backup",
    }  # fmt: skip
    node: JsonObject = {"type": "node", "node": "pve1", "status": "online"}
    rights: JsonObject = {"/storage/nas": {"Datastore.AllocateSpace": 1}}
    return Answers({"/cluster/resources": [node, storage], CONTENT: [*rows], "/access/permissions": rights})


@pytest.mark.capability("4.7")
def test_a_backup_is_one_task_that_prunes_nothing_by_itself() -> None:
    plan = plan_backups(source(ROW), [WEB], BackupWish(notes="a\nb\\c", compress="none", protected=True), many=False)
    send, probe, take = plan.steps
    assert isinstance(send, Send) and isinstance(probe, Probe) and isinstance(take, Take)
    assert (send.call.method, send.call.path, send.effect) == ("POST", "/nodes/pve1/vzdump", "backup")
    assert send.call.form == {
        "vmid": "101", "storage": "nas", "mode": "snapshot", "compress": "0", "notes-template": "a\\nb\\\\c",
        "protected": 1, "remove": 0,
    }  # fmt: skip
    again = source(ROW)
    assert probe.check(again, {}) == "there is no new backup"
    newer = {**ROW, "volid": VOLID.replace("11_20", "11_21")}
    assert probe.check(source(ROW, {**newer, "size": 0}), {}) == "the new backup is empty"
    assert probe.check(source(ROW, newer), {}) is None
    assert take.read(source(ROW, newer), {}, frozenset()) == newer["volid"]
    assert take.read(source(ROW), {}, frozenset()) is None


@pytest.mark.capability("4.7", "2.8")
def test_of_several_guests_one_that_cannot_be_backed_up_does_not_stop_the_others() -> None:
    others = [WEB._replace(vmid=102, lock="backup"), WEB._replace(vmid=103, answers=False), WEB]
    plan = plan_backups(source(), others, BackupWish(storage="nas"), many=True)
    assert [type(step) for step in plan.steps] == [Cannot, Cannot, Send, Probe, Take]


@pytest.mark.capability("7.4")
@pytest.mark.parametrize("wish", [BackupWish(mode="live"), BackupWish(compress="zip"), BackupWish(notes="x" * 1025)])
def test_what_vzdump_would_not_take(wish: BackupWish) -> None:
    with pytest.raises(UsageError):
        checked_form(wish)


@given(st.text(max_size=60))
def test_notes_are_one_line_that_vzdump_turns_back(notes: str) -> None:
    line = notes_template(notes)
    assert "\n" not in line
    back, at = "", 0
    while at < len(line):
        if line[at] == "\\":
            back += "\n" if line[at + 1] == "n" else line[at + 1]
            at += 1
        else:
            back += line[at]
        at += 1
    assert back == notes.replace("\r\n", "\n")


@pytest.mark.capability("4.7", "9.9")
def test_a_removal_says_whether_the_backup_is_protected() -> None:
    plan = plan_delete(source({**ROW, "protected": 1}), [VOLID], None, missing_ok=False, many=False)
    (send,) = plan.sends()
    assert (send.call.method, send.call.path) == ("DELETE", PATH)
    assert (send.effect, send.facts.protection) == ("backup_delete", True)


@pytest.mark.capability("4.7")
def test_protection_is_put_back_by_an_undo_and_left_where_it_is_so() -> None:
    plan = plan_protection(source(ROW), [VOLID], None, protect=True, many=False)
    (send,) = plan.sends()
    assert (send.call.method, send.call.path, send.call.form) == ("PUT", PATH, {"protected": 1})
    assert send.before == {"protected": 0} and send.watch == PATH
    assert [step.call.form for step in send.undo.sends] == [{"protected": 0}]
    (kept,) = plan_protection(source(ROW), [VOLID], None, protect=False, many=False).steps
    assert isinstance(kept, Keep)


@pytest.mark.capability("10.2")
def test_a_backup_is_found_by_its_volume_only() -> None:
    assert find_archives(source(ROW), [VOLID])[0].vmid == 101
    with pytest.raises(NotFound):
        find_archives(source(ROW), [VOLID + "x"])
    with pytest.raises(UsageError):
        find_archives(source(ROW), ["nothing"])


@pytest.mark.parametrize(
    ("given_", "keep"),
    [("last=3", "keep-last=3"), ("keep-last=3,weekly=4", "keep-last=3,keep-weekly=4"), ("all=1", "keep-all=1")],
)
def test_a_retention(given_: str, keep: str) -> None:
    assert checked_keep(given_) == keep


@pytest.mark.capability("7.4")
@pytest.mark.parametrize("bad", ["", "3", "last", "last=x", "last=1,last=2", "all=1,last=2", "nightly=1", "last=1;x=2"])
def test_what_is_no_retention(bad: str) -> None:
    with pytest.raises(UsageError):
        checked_keep(bad)


@pytest.mark.capability("4.7")
def test_a_configuration_in_an_archive_is_read_up_to_its_snapshots() -> None:
    text = (
        "#first\n#second\nname: web\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0\nlock: backup\n\n[before]\nname: old\n"
    )
    config = parse_config(text)
    assert config["name"] == "web" and config["description"] == "first\nsecond"
    assert config["net0"] == "virtio=BC:24:11:00:00:01,bridge=vmbr0"


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_configuration(text: str) -> None:
    assert all(isinstance(value, str) for value in parse_config(text).values())


@pytest.mark.capability("4.7", "7.8")
def test_a_trial_has_its_links_down_and_nothing_of_the_node() -> None:
    archive = archive_of(Place("nas", "pve1", True), ROW)
    config: JsonObject = {
        "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20",
        "net1": "model=e1000,macaddr=BC:24:11:00:00:02,bridge=vmbr1",
        "hostpci0": "0000:01:00.0",
        "usb0": "host=1-1",
        "onboot": "1",
    }
    assert isolated(archive, config) == {
        "onboot": 0,
        "protection": 0,
        "name": "restore-test-101",
        "net0": "virtio,bridge=vmbr0,tag=20,link_down=1",
        "net1": "e1000,bridge=vmbr1,link_down=1",
        "delete": "hostpci0,usb0",
    }
    container = archive._replace(kind="ct")
    inside: JsonObject = {
        "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:03,ip=dhcp",
        "mp0": "/srv/data,mp=/data",
        "mp1": "tank:subvol-200-disk-1,mp=/x,size=1G",
    }
    assert isolated(container, inside) == {
        "onboot": 0,
        "protection": 0,
        "hostname": "restore-test-101",
        "net0": "name=eth0,bridge=vmbr0,ip=dhcp,link_down=1",
        "delete": "mp0",
    }
