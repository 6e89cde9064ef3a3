"""Plans on disk: they hold only while both sides are as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.errors import ConfigError, Conflict
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_plan_file import plan_document, planned_wish, read_plan, still_holds
from proxmox_mpc.services.sync_push import Wanted
from tests.services.sync_sides import YOU, agreed, declared, live, merged

CHANGED = merged(declared(memory=2, tags="x"), live(memory="1", tags="x"), agreed(memory="1", tags="x"))
NEW = merged(declared("102", memory=2), ident=("vm", "102"))
DROPPED = merged(None, live("103", memory="1"), agreed(memory="1"), ident=("vm", "103"))


def kept(*merges: Merge, prune: bool = False) -> JsonObject:
    """A plan as it comes back from a file."""
    found: JsonObject = json.loads(json.dumps(plan_document(merges, Wanted(prune=prune), "here")))
    return found


@pytest.mark.capability("1.2", "9.9")
def test_a_plan_that_holds_names_its_objects_alone() -> None:
    plan = kept(CHANGED, NEW, DROPPED)
    other = merged(declared("104", memory=2), ident=("vm", "104"))
    assert still_holds(plan, [other, DROPPED, NEW, CHANGED], "here") == [CHANGED, NEW]
    pruning = kept(CHANGED, DROPPED, prune=True)
    assert still_holds(pruning, [CHANGED, DROPPED], "here") == [CHANGED, DROPPED]
    assert planned_wish(pruning).prune and not planned_wish(plan).prune


@pytest.mark.capability("1.2", "7.5", "9.9")
@pytest.mark.parametrize(
    "now",
    [
        None,
        merged(declared(memory=3, tags="x"), live(memory="1", tags="x"), agreed(memory="1", tags="x")),
        merged(declared(memory=2, tags="y"), live(memory="1", tags="x"), agreed(memory="1", tags="x")),
        merged(declared(memory=2, tags="x"), live(memory="9", tags="x"), agreed(memory="9", tags="x")),
        merged(declared(memory=2, tags="x"), live(memory="2", tags="x"), agreed(memory="1", tags="x")),
        merged(declared(memory=2, tags="x"), live(memory="1", tags="x", identity=YOU), None),
        merged(declared(memory=2, tags="x"), None, agreed(memory="1", tags="x")),
        merged(declared(memory=2), live(memory="1", stale=True), agreed(memory="1")),
    ],
    ids=["removed", "other wish", "more", "live moved", "done already", "another one", "gone", "unknown"],
)
def test_a_plan_is_refused_when_something_moved_on(now: Merge | None) -> None:
    with pytest.raises(Conflict) as error:
        still_holds(kept(CHANGED), [now] if now is not None else [], "here")
    assert error.value.details["moved"] == ["vm/101"]


@pytest.mark.capability("9.9")
def test_a_plan_of_another_cluster_is_refused() -> None:
    with pytest.raises(Conflict, match="another cluster"):
        still_holds(kept(CHANGED), [CHANGED], "there")


@pytest.mark.capability("7.4")
@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"version": 2}', '{"version": 1, "objects": 1}', "\xff"])
def test_what_is_no_plan_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"plan\.json"):
        read_plan(path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_plan(tmp_path / "absent.json")
