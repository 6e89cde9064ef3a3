"""What becomes of an object by which sides have it, and of its keys by which sides changed them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.declared.base import BaseEntry
from proxmox_mpc.declared.manifest import Resolved
from proxmox_mpc.domain.merge import KeyMerge, Side
from proxmox_mpc.services.sync_compare import Merge, compare, decided, taken
from proxmox_mpc.services.sync_kinds import LiveObject
from tests.services.sync_sides import KINDS, ME, YOU, agreed, declared, live, merged

CT = "lxc"


def verdicts(one: Merge) -> dict[str, str]:
    return {key.key: key.verdict for key in one.keys}


@pytest.mark.capability("1.2", "2.7")
@pytest.mark.parametrize(
    ("resolved", "there", "base", "state", "differs", "conflicts"),
    [
        (declared(memory=1), live(memory="1"), agreed(memory="1"), "both", False, False),
        (declared(memory=2), live(memory="1"), agreed(memory="1"), "both", True, False),
        (declared(memory=2), live(memory="3"), agreed(memory="1"), "both", True, True),
        (declared(memory=1), None, None, "new", True, False),
        (declared(memory=1), None, agreed(memory="1"), "gone", True, True),
        (None, live(memory="1"), agreed(memory="1"), "dropped", True, False),
        (None, live(memory="2"), agreed(memory="1"), "dropped", True, True),
        (None, None, agreed(memory="1"), "over", False, False),
        (declared(memory=1), live(memory="1", identity=YOU), agreed(memory="1"), "other", True, True),
        (None, live(memory="1", identity=YOU), agreed(memory="1"), "other", True, True),
        (declared(memory=2), live(memory="1", stale=True), agreed(memory="1"), "unknown", True, False),
        (None, live(memory="1", stale=True), agreed(memory="1"), "unknown", True, False),
        (declared(memory=2), live(memory="1", identity=None), agreed(memory="1"), "both", True, False),
        (declared(memory=1), live(memory="1", identity=YOU), None, "both", False, False),
    ],
)
def test_the_state_of_an_object(
    resolved: Resolved | None,
    there: LiveObject | None,
    base: BaseEntry | None,
    state: str,
    differs: bool,
    conflicts: bool,
) -> None:
    one = merged(resolved, there, base)
    assert (one.state, one.differs, one.conflicts) == (state, differs, conflicts)


@pytest.mark.capability("1.2", "9.9")
def test_a_guest_of_the_other_kind_under_the_id_is_another_one() -> None:
    container = live(kind="ct", identity="lxc rootfs=x")
    assert merged(declared(memory=1), None, None, container).state == "other"
    assert merged(declared(memory=1), None, agreed(memory="1"), container).state == "other"
    pool = compare({("pool", "101"): declared("101", "pool")}, {}, {("ct", "101"): container}, KINDS)
    assert [one.state for one in pool] == ["new"]


@pytest.mark.capability("1.2")
def test_keys_by_who_changed_them() -> None:
    one = merged(
        declared(a=1, memory=2, cores=3, tags="x", description="new"),
        live(a="1", memory="1", cores="2", tags="x", name="n"),
        agreed(a="1", memory="1", cores="3", tags="old", name=None),
    )
    assert verdicts(one) == {
        "a": "same", "memory": "push", "cores": "pull", "tags": "agreed", "description": "push", "name": "conflict",
    }  # fmt: skip


@pytest.mark.capability("2.7")
def test_node_and_status_take_part_only_when_they_are_tracked() -> None:
    there = live(memory="1", node="pve2", status="running")
    base = agreed(memory="1", node="pve1", status="stopped")
    untracked = merged(declared(memory=1, node="pve1", status="stopped"), there, base)
    assert verdicts(untracked) == {"memory": "same"}
    tracked = merged(declared(memory=1, node="pve1", status="stopped", track="node, status"), there, base)
    assert verdicts(tracked) == {"memory": "same", "node": "pull", "status": "pull"}


@pytest.mark.capability("1.2")
def test_only_what_is_declared_or_agreed_is_looked_at_in_the_order_of_kinds_and_ids() -> None:
    wanted = {
        (kind, ident): declared(ident, kind)
        for kind, ident in (("pool", "b"), ("ct", "30"), ("vm", "200"), ("vm", "9"))
    }
    found = compare(wanted, {("vm", "77"): agreed()}, {("vm", "500"): live("500")}, KINDS)
    assert [(one.kind, one.ident) for one in found] == [
        ("vm", "9"), ("vm", "77"), ("vm", "200"), ("ct", "30"), ("pool", "b"),
    ]  # fmt: skip


@pytest.mark.capability("7.5")
def test_labels_name_an_object_as_messages_do() -> None:
    assert merged(declared(name="web"), None, None).label == "VM 101 (web)"
    assert merged(declared("prod", "pool"), None, None, ident=("pool", "prod")).label == "pool prod"


@pytest.mark.capability("1.2", "7.5")
def test_only_conflicts_are_decided() -> None:
    one = merged(
        declared(memory=2, cores=2, tags="new"),
        live(memory="3", cores="3", tags="old", onboot="1"),
        agreed(memory="1", cores="1", tags="old"),
    )

    def decide(of: Merge, key: KeyMerge) -> Side | None:
        return {"memory": "live", "cores": "declared"}.get(key.key)  # type: ignore[return-value]

    assert verdicts(one) == {"memory": "conflict", "cores": "conflict", "tags": "push", "onboot": "pull"}
    (after,) = decided([one], decide)
    assert verdicts(after) == {"memory": "pull", "cores": "push", "tags": "push", "onboot": "pull"}
    assert [verdicts(part) for part in taken([one], [after])] == [{"memory": "pull"}]
    assert taken([one], [one]) == []


VALUES = st.dictionaries(st.sampled_from(("tags", "name", "x", "y")), st.sampled_from(("p", "q", "r")))


@pytest.mark.capability("1.2", "3.6")
@given(wanted=VALUES, there=VALUES, was=st.none() | VALUES, identity=st.sampled_from((None, ME, YOU)))
def test_a_look_changes_nothing_and_misses_nothing(
    wanted: dict[str, str], there: dict[str, str], was: dict[str, str] | None, identity: str | None
) -> None:
    base = None if was is None else BaseEntry(ME, was)
    one = merged(declared(**wanted), live("101", "vm", identity)._replace(keys=there), base)
    if one.state == "other":
        assert identity == YOU and was is not None
        return
    for key in {*wanted, *there}:
        assert (wanted.get(key) != there.get(key)) == (key in {k.key for k in one.of("pull", "push", "conflict")})
