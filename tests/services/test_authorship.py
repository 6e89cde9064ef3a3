"""Who changed what a pull found: from the task log and our own journal, and nothing where neither tells."""

from __future__ import annotations

import pytest

from proxmox_mpc.services.authorship import NOBODY, Author, Authors, Deed
from proxmox_mpc.services.history_fold import folded
from proxmox_mpc.state.batch import ObjectChange
from proxmox_mpc.state.documents import KeyChange


def deed(at: float, type_: str, user: str = "root@pam", vmid: str = "101", keys: str = "") -> Deed:
    return Deed(at, vmid, type_, Author(user, f"UPID:{type_}:{at}"), frozenset(keys.split()))


def changed(kind: str, key: str, new: str = "x", vmid: str = "101") -> ObjectChange:
    return ObjectChange(kind, vmid, "changed", None, (KeyChange(key, None, new),))


def user(deeds: list[Deed], change: ObjectChange) -> str | None:
    keys = change.keys[0] if change.keys else KeyChange("", None, None)
    return Authors(deeds).of(change, keys.key or None, keys.new).user


@pytest.mark.capability("2.7", "5.8")
@pytest.mark.parametrize(
    ("deeds", "change", "expected"),
    [
        # the state that a task leads to, and of several the last one
        ([deed(1, "start", "a"), deed(2, "stop", "b")], changed("guest", "status", "stopped"), "b"),
        ([deed(1, "start", "a"), deed(2, "stop", "b")], changed("guest", "status", "running"), "a"),
        ([deed(1, "stop", "a"), deed(2, "stop", "b")], changed("guest", "status", "stopped"), "b"),
        ([deed(1, "migrate", "a")], changed("guest", "status", "stopped"), None),
        ([deed(1, "migrate", "a")], changed("guest", "node", "pve2"), "a"),
        # another guest's task tells nothing
        ([deed(1, "stop", "a", "102")], changed("guest", "status", "stopped"), None),
        # a task does not tell which keys it set: of two users nobody is named
        ([deed(1, "config", "a")], changed("config", "memory"), "a"),
        ([deed(1, "config", "a"), deed(2, "config", "a")], changed("config", "memory"), "a"),
        ([deed(1, "config", "a"), deed(2, "config", "b")], changed("config", "memory"), None),
        ([deed(1, "start", "a")], changed("config", "memory"), None),
        # our journal does
        ([deed(1, "config", "a"), deed(2, "config", "b"), deed(1.5, "", "me", keys="memory")],
         changed("config", "memory"), "me"),
        ([deed(1, "", "me", keys="memory")], changed("config", "cores"), None),
        ([deed(1, "", "me", keys="memory")], changed("pending", "memory.pending"), "me"),
        # what came and went
        ([deed(1, "create", "a")], ObjectChange("guest", "101", "added"), "a"),
        ([deed(1, "destroy", "a")], ObjectChange("config", "101", "removed"), "a"),
        ([deed(1, "snapshot", "a")], ObjectChange("snapshot", "101/s1", "added"), "a"),
        ([deed(1, "delsnapshot", "a")], ObjectChange("snapshot", "101/s1", "added"), None),
        # what is no guest
        ([deed(1, "create", "a")], ObjectChange("pool", "101", "added"), None),
        ([], changed("guest", "status", "running"), None),
    ],
)  # fmt: skip
def test_the_rule(deeds: list[Deed], change: ObjectChange, expected: str | None) -> None:
    assert user(deeds, change) == expected
    assert user(deeds[::-1], change) == expected


def test_nobody_is_three_nulls() -> None:
    assert NOBODY.row() == {"user": None, "task": None, "operation": None}


@pytest.mark.capability("2.7")
def test_a_change_of_configuration_is_told_once() -> None:
    config = ObjectChange("config", "101", "changed", "web", (KeyChange("memory", "1024", "2048"),))
    guest = ObjectChange(
        "guest",
        "101",
        "changed",
        "web",
        (KeyChange("maxmem", 1 << 30, 1 << 31), KeyChange("status", "running", "stopped")),
    )
    memory = ObjectChange("guest", "101", "changed", "web", guest.keys[:1])
    status = ObjectChange("guest", "101", "changed", "web", guest.keys[1:])
    assert folded([memory, config]) == [config]
    assert folded([guest, config]) == [status, config]
    other = ObjectChange("config", "102", "changed", "db", config.keys)
    assert folded([guest, other]) == [guest, other], "another guest's configuration explains nothing"
    assert folded([memory]) == [memory], "what a running guest gets at its next start"
    added = ObjectChange("guest", "101", "added", "web")
    assert folded([added, ObjectChange("config", "101", "added", "web")])[0] == added
