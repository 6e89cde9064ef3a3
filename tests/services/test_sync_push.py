"""What a push carries out of the merges, in which order, and what it says of the rest."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.plan import Cannot, Keep, Plan
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_push import Wanted, is_pushed, push_plan
from tests.services.answers import Answers
from tests.services.sync_sides import KINDS, ME, agreed, declared, live, merged

CHANGED = merged(declared(memory=2), live(memory="1"), agreed(memory="1"))
PULLED = merged(declared(memory=1), live(memory="2"), agreed(memory="1"))
NEW = merged(declared(memory=2))
GONE = merged(declared(memory=2), None, agreed(memory="2"))
DROPPED = merged(None, live(memory="1"), agreed(memory="1"))
TOUCHED = merged(None, live(memory="2"), agreed(memory="1"))
UNKNOWN = merged(declared(memory=2), live(memory="1", stale=True), agreed(memory="1"))
OTHER = merged(declared(memory=2), live(memory="1", identity=ME.replace("1", "3")), agreed(memory="1"))
PLAIN = Wanted()


def plan(merges: list[Merge], wanted: Wanted = PLAIN, guests: int = 100) -> Plan:
    return push_plan(Answers({}), merges, KINDS, wanted, guests)


@pytest.mark.capability("1.2", "9.9")
@pytest.mark.parametrize(
    ("one", "pushed", "pruned", "kept"),
    [
        (CHANGED, True, True, True),
        (PULLED, False, False, False),
        (NEW, True, True, True),
        (GONE, True, True, False),
        (DROPPED, False, True, False),
        (TOUCHED, False, False, False),
        (UNKNOWN, False, False, False),
        (OTHER, False, False, False),
    ],
    ids=["changed", "pulled", "new", "gone", "dropped", "touched", "unknown", "other"],
)
def test_what_is_pushed(one: Merge, pushed: bool, pruned: bool, kept: bool) -> None:
    assert is_pushed(one, PLAIN) is pushed
    assert is_pushed(one, Wanted(prune=True)) is pruned
    assert is_pushed(one, Wanted(recreate=False)) is kept


@pytest.mark.capability("1.2")
def test_what_cannot_be_planned_stands_in_its_place_and_the_others_go_on() -> None:
    steps = plan([CHANGED, merged(declared("102", memory=1), ident=("vm", "102"))]).steps
    assert [type(step) for step in steps] == [Cannot, Cannot]
    assert [step.target.id for step in steps] == [101, 102]


@pytest.mark.capability("2.7")
def test_what_is_named_and_as_declared_is_said() -> None:
    same = merged(declared(memory=1), live(memory="1"), agreed(memory="1"))
    assert plan([same]).steps == ()
    (step,) = plan([same], Wanted(named=True)).steps
    assert isinstance(step, Keep) and "is as declared" in step.says


@pytest.mark.capability("1.2", "9.9")
def test_what_is_left_alone_is_told() -> None:
    codes = [warn.code for warn in plan([DROPPED, UNKNOWN, PULLED]).warnings]
    assert codes == ["not_deleted", "unknown"]
    assert [warn.code for warn in plan([DROPPED], Wanted(prune=True)).warnings] == []


@pytest.mark.capability("9.9", "4.2")
@pytest.mark.parametrize(
    ("touched", "guests", "counted"), [(1, 1, False), (2, 20, False), (2, 19, True), (5, 50, False), (6, 1000, True)]
)
def test_more_than_a_few_guests_are_counted(touched: int, guests: int, counted: bool) -> None:
    merges = [merged(declared(str(101 + n), memory=2), ident=("vm", str(101 + n))) for n in range(touched)]
    pools = [merged(declared(f"p{n}", "pool"), ident=("pool", f"p{n}")) for n in range(9)]
    made = plan([*merges, *pools], guests=guests)
    assert made.counted == (f"it changes {touched} of {guests} guests" if counted else "")


@pytest.mark.capability("1.2", "3.6")
def test_what_others_need_comes_first_and_is_deleted_last() -> None:
    names = [*KINDS]
    stages = {name: KINDS[name].stage for name in names}
    assert stages["pool"] < stages["storage"] < stages["vm"] == stages["ct"] < stages["ha-resource"] < stages["ha-rule"]
    assert stages["role"] < stages["user"] and stages["sdn-zone"] < stages["sdn-vnet"] < stages["vm"]
    table: dict[str, Json | PmpcError] = {"/pools": [{"poolid": "old"}], "/pools/old": {"members": []}}
    old = merged(None, live("old", "pool", None), agreed(None), ident=("pool", "old"))
    new = merged(declared("fresh", "pool"), ident=("pool", "fresh"))
    steps = push_plan(Answers(table), [new, old], KINDS, Wanted(prune=True), 9).steps
    by_id = {step.target.id: step.target.stage for step in steps}
    assert by_id["old"] < 0 < by_id["fresh"]
