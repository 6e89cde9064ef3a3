"""Plans that take operations back, from what was journalled."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxmox_mpc.domain.call import Call
from proxmox_mpc.errors import Conflict
from proxmox_mpc.safety.history import History, read_history
from proxmox_mpc.services.undoing import plan_undo
from tests.safety.fakes import Bench, plan, put, start, vm


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def told(bench: Bench, operation: int) -> History:
    return read_history(bench.journal.entries(operation), operation)


def two_steps(bench: Bench) -> History:
    """Set cores twice and memory once, in one operation."""
    first, second = put(vm(101), {"cores": 1}, cores=2), put(vm(101), {"cores": 2, "memory": 1}, cores=3, memory=2)
    bench.cluster.objects[first.call.path] = {"cores": 1, "memory": 1, "description": "as it was"}
    bench.cluster.objects["/cluster/resources"] = {}
    bench.guard().run(plan(first, second))
    return told(bench, 1)


def without_resources(bench: Bench) -> None:
    bench.cluster.read = lambda path, params=None: (  # type: ignore[method-assign]
        [] if path == "/cluster/resources" else dict(bench.cluster.objects[path])
    )


def test_the_last_step_is_taken_back_first_and_its_keys_are_its_own(bench: Bench) -> None:
    history = two_steps(bench)
    without_resources(bench)
    made = plan_undo(bench.cluster, history)
    assert [dict(send.call.params) for send in made.sends()] == [{"cores": 2, "memory": 1}, {"cores": 1}]


def test_what_somebody_changed_since_is_left_alone_and_what_else_he_changed_does_not_matter(bench: Bench) -> None:
    history = two_steps(bench)
    without_resources(bench)
    path = next(iter(history.steps.values())).intent["watch"]
    bench.cluster.objects[str(path)]["description"] = "another"
    assert len(list(plan_undo(bench.cluster, history).sends())) == 2
    bench.cluster.objects[str(path)]["memory"] = 99
    with pytest.raises(Conflict, match="memory was changed since"):
        plan_undo(bench.cluster, history)


def test_what_has_not_ended_or_was_not_done_cannot_be_taken_back(bench: Bench) -> None:
    def script(call: Call, cluster: object) -> str:
        raise Conflict("no")

    bench.cluster.script = script
    with pytest.raises(Conflict):
        bench.guard().run(plan(start(vm(101))))
    with pytest.raises(Conflict, match="nothing was done"):
        plan_undo(bench.cluster, told(bench, 1))
    open_ended = read_history(bench.journal.entries(1)[:-1], 1)
    with pytest.raises(Conflict, match="not ended"):
        plan_undo(bench.cluster, open_ended)
