"""Plans as data: lanes by target, in order."""

from __future__ import annotations

from proxmox_mpc.domain.call import Call, Slot
from proxmox_mpc.domain.plan import Give, Keep, Plan, Send, Take, Target

NEW = Target("vm", Slot("vmid", "next free id"), "web", "pve1")
OLD = Target("vm", 101, "db", "pve1", stage=1)


def test_steps_are_gathered_by_target_and_ordered_by_stage() -> None:
    take = Take(Slot("vmid", "next free id"), lambda source, known, refused: 100, "take an id", NEW)
    first = Send(Call("POST", "/a"), OLD, "config", "a")
    second = Send(Call("POST", "/b"), NEW, "create", "b", gives=(Give(Slot("key", "the key"), "k"),))
    plan = Plan("test", (first, take, second, Keep(OLD, "as wanted")))
    lanes = plan.lanes()
    assert [lane.target for lane in lanes] == [NEW, OLD]
    assert lanes[0].steps == (take, second)
    assert lanes[1].sends == [first]
    assert lanes[0].previews() == {"vmid": "next free id", "key": "the key"}
    assert list(plan.sends()) == [first, second]


def test_targets_are_named_as_people_name_them() -> None:
    assert NEW.label == "VM <next free id> (web)"
    assert OLD.label == "VM 101 (db)"
    assert Target("storage", "backup", "backup").label == "storage backup"
    assert Target("ct", 200).label == "CT 200"
