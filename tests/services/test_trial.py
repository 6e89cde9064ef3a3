"""A plan played on a seeded world: what the guard says of each target, and what tasks warn of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proxmox_mpc.declared.manifest import Manifest, Resolved
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.merge import KeyMerge, Verdict
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Send, Target
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.errors import Interrupted, NotFound, Refused
from proxmox_mpc.safety.freeze import Brake
from proxmox_mpc.services.sync_compare import Merge, State
from proxmox_mpc.services.sync_kinds import LiveObject
from proxmox_mpc.services.sync_push import Wanted
from proxmox_mpc.services.sync_trial import Played, Stage, play, trial_rows, trial_warnings
from proxmox_mpc.simulator import open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.world import World
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.workspace.places import Safety
from tests.services.seeding_lab import api_of

LEVELS = ("low", "medium", "high", "critical")
ASKS = Safety("normal", (), True, dict.fromkeys(LEVELS, "confirm"))


class Theatre:
    """A stage on the tiny world."""

    def __init__(self, home: Path, faults: list[dict[str, object]] | None = None) -> None:
        clock = ManualClock()
        self.world: World = open_world("tiny", clock)
        script = Faults.read(faults) if faults is not None else None
        self.store = StateStore.open(home / "state.db")
        self.home = home
        self.brake = Brake(home / "real-brake")
        api = api_of(self.world, clock, script)
        self.stage = Stage(api, self.store, home, clock.now, lambda seconds, _until: clock.sleep(seconds))


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Theatre]:
    made = Theatre(tmp_path)
    yield made
    made.store.close()


def start(vmid: int = 101, kind: str = "lxc") -> Send:
    """Return a step that starts the container."""
    target = Target("ct", vmid, "dns", "pve1")
    call = Call("POST", f"/nodes/pve1/{kind}/{vmid}/status/start")
    return Send(call, target, "start", f"start CT {vmid} (dns)")


@pytest.mark.capability("2.7", "9.9")
def test_a_plan_is_carried_out_without_anybody_being_asked(theatre: Theatre) -> None:
    played = play(Plan("push", (start(),), many=True), theatre.stage, ASKS, theatre.brake)
    assert (played.failed, played.warnings) == (0, ())
    assert played.statuses == [{"status": "done", "error": None, "warnings": []}]
    assert theatre.world.guests[101].running


@pytest.mark.parametrize("policy", ["plan", "name", "deny"])
def test_policy_is_answered_and_a_denial_is_said(policy: str, theatre: Theatre) -> None:
    safety = ASKS._replace(policy=dict.fromkeys(LEVELS, policy))
    played = play(Plan("push", (start(),), many=True), theatre.stage, safety, theatre.brake)
    assert played.failed == 0
    assert [warn.code for warn in played.warnings] == (["push_refused"] if policy == "deny" else [])


def test_what_is_kept_and_what_cannot_be_planned_have_rows_too(theatre: Theatre) -> None:
    steps = (
        Keep(Target("vm", 100, "web", "pve1"), "VM 100 (web) is as declared"),
        start(),
        Cannot(Target("vm", 150), NotFound("there is no node 'pve9'")),
    )
    played = play(Plan("push", steps, many=True), theatre.stage, ASKS, theatre.brake)
    assert [row["status"] for row in played.statuses] == ["unchanged", "done", "failed"]
    assert (played.failed, played.statuses[2]["error"]) == (1, "there is no node 'pve9'")


def test_one_target_that_fails_is_a_row_and_no_exception(theatre: Theatre) -> None:
    played = play(Plan("push", (start(kind="qemu"),), many=True), theatre.stage, ASKS, theatre.brake)
    assert (played.failed, len(played.statuses)) == (1, 1)
    assert "101" in str(played.statuses[0]["error"])
    only = Plan("push", (Cannot(Target("vm", 150), NotFound("there is no node 'pve9'")),), many=True)
    assert play(only, theatre.stage, ASKS, theatre.brake).statuses[0]["error"] == "there is no node 'pve9'"


@pytest.mark.capability("2.7")
@pytest.mark.parametrize("fault", ["task-warns", "task-fails"])
def test_the_lines_of_a_task_that_warn_or_fail_are_kept(fault: str, tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, [{"kind": fault, "type": "vzstart", "text": "the veth is odd"}])
    played = play(Plan("push", (start(),), many=True), theatre.stage, ASKS, theatre.brake)
    (row,) = played.statuses
    assert row["status"] == ("done" if fault == "task-warns" else "failed")
    assert "the veth is odd" in f"{row['warnings']}"
    theatre.store.close()


@pytest.mark.capability("9.9")
def test_what_no_confirmation_allows_ends_the_trial_as_it_ends_the_push(theatre: Theatre) -> None:
    step = replace(start(), effect="guest_delete", facts=Facts(protection=True))
    with pytest.raises(Refused, match="protected"):
        play(Plan("push", (step,), many=True), theatre.stage, ASKS, theatre.brake)


def test_an_interruption_ends_the_trial(theatre: Theatre) -> None:
    def leave(_seconds: float, _until: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        play(Plan("push", (start(),), many=True), theatre.stage._replace(pause=leave), ASKS, theatre.brake)


def _merge(state: State, keys: tuple[KeyMerge, ...] = (), live: bool = True, declared: bool = True) -> Merge:
    there = LiveObject("vm", "101", "web", {})
    manifest = Resolved("vm", "101", Manifest("vm", "101", "vm/101.yml"), {}, (), frozenset())
    return Merge("vm", "101", "web", state, keys, there if live else None, manifest if declared else None, None)


def _differs(before: Merge, after: Merge | None) -> object:
    played = play_of("done")
    there = {} if after is None else {after.ident_pair: after}
    (row,) = trial_rows([{"kind": "vm", "id": "101"}], played, [before], Wanted(prune=True), there)
    return row["differs"]


def play_of(status: str) -> Played:
    return Played([{"status": status, "error": None, "warnings": []}], (), 0)


def key(name: str, verdict: Verdict) -> KeyMerge:
    return KeyMerge(name, None, "1", "2", verdict, based=False)


@pytest.mark.capability("2.7")
def test_what_is_not_as_declared_afterwards_is_told_key_by_key() -> None:
    pushed = _merge("both", (key("cores", "push"), key("memory", "pull")))
    assert _differs(pushed, _merge("both", (key("cores", "agreed"),))) == []
    assert _differs(pushed, _merge("both", (key("cores", "push"), key("memory", "conflict")))) == [
        "cores: 1, declared 2"
    ]
    assert _differs(_merge("new", live=False), _merge("new", live=False)) == ["it is not there"]
    assert _differs(_merge("new", live=False), _merge("both", (key("name", "conflict"),))) == ["name: 1, declared 2"]
    assert _differs(_merge("dropped", declared=False), _merge("dropped", declared=False)) == ["it is still there"]
    assert _differs(_merge("dropped", declared=False), _merge("over", live=False, declared=False)) == []
    assert _differs(_merge("dropped", declared=False), None) == []


def test_one_warning_says_what_a_trial_cannot_know() -> None:
    row: JsonObject = {"kind": "vm", "id": "101", "status": "done", "differs": ["cores: 1, declared 2"]}
    found = [*trial_warnings([row], ("2 snapshots hold the configuration of now",))]
    assert [warn.code for warn in found] == ["trial", "trial_differs"]
    assert "hardware" in found[0].message and "2 snapshots" in found[0].message
    assert "vm 101" in found[1].message
