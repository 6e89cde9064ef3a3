"""Whatever fails, whenever a process is killed: nothing is sent twice, and the record says what became of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.plan import WriteOptions
from proxmox_mpc.domain.source import api_path
from proxmox_mpc.errors import Conflict, PmpcError, RequestTimeout, StateError, Unreachable
from proxmox_mpc.safety.history import History, read_history
from proxmox_mpc.safety.reconcile import reconcile
from tests.safety.fakes import NODE, Bench, FakeCluster, plan, put, start, vm

HOWS = ("ok", "warns", "task fails", "refused", "lost before", "lost after", "timeout before", "timeout after")
KILLS = (None, "intent", "sent", "outcome", "ended", "in send before", "in send after")


class Killed(BaseException):
    """The process is gone: nothing of it runs on."""


class GuardMachine(RuleBasedStateMachine):
    """Operations one after another on one cluster, each of which may go wrong in its own way."""

    operations = Bundle("operations")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.directory.name))
        self.bench.options = WriteOptions(yes=True, parallel=1)
        self.counter = 100
        # For each guest that something was sent to: how often the cluster did it.
        self.truth: dict[int, int] = {}

    def teardown(self) -> None:
        self.directory.cleanup()

    @rule(hows=st.lists(st.sampled_from(HOWS), min_size=1, max_size=3), kill=st.sampled_from(KILLS), set_=st.booleans())
    def carry_out(self, hows: list[str], kill: str | None, set_: bool) -> None:
        """Run a plan of some targets; each goes as told, and the process may die at a point of the last one."""
        bench = self.bench
        steps, ways = [], {}
        for how in hows:
            self.counter += 1
            target = vm(self.counter)
            ways[self.counter] = how
            if set_:
                path = api_path("nodes", NODE, "qemu", target.id if isinstance(target.id, int) else 0, "config")
                bench.cluster.objects[path] = {"cores": 1}
                steps.append(put(target, {"cores": 1}, cores=2))
            else:
                steps.append(start(target))
        last = self.counter

        def script(call: Call, cluster: FakeCluster) -> str:
            vmid = int(call.path.split("/")[4])
            how = ways[vmid]
            dies = kill if vmid == last else None
            if dies == "in send before":
                raise Killed
            if how == "refused":
                raise Conflict("no")
            if how == "lost before":
                raise Unreachable("the connection broke")
            if how == "timeout before":
                raise RequestTimeout("no answer")
            self.truth[vmid] = self.truth.get(vmid, 0) + 1
            if how == "lost after" or how == "timeout after" or dies == "in send after":
                cluster.execute(call)
                raise (
                    Killed
                    if dies == "in send after"
                    else Unreachable("broke")
                    if how == "lost after"
                    else RequestTimeout("-")
                )
            return "it broke" if how == "task fails" else "WARNINGS: 1" if how == "warns" else "OK"

        def fails(event: str) -> None:
            if kill == event and bench.cluster.sent and _vmid(bench.cluster.sent[-1]) in (last, last - 1):
                raise Killed

        bench.cluster.script, bench.journal.fails = script, fails
        try:
            bench.guard().run(plan(*steps, many=True))
        except PmpcError:
            pass
        except Killed:
            # The kernel gives back what a process held.
            bench.journal.held.clear()
        finally:
            bench.journal.fails = lambda event: None

    @rule()
    def full_disk(self) -> None:
        """A journal that cannot be written keeps everything from being sent."""
        before = len(self.bench.cluster.sent)

        def fails(event: str) -> None:
            raise StateError("no space left")

        self.bench.journal.fails = fails
        try:
            self.counter += 1
            self.bench.guard().run(plan(start(vm(self.counter))))
        except StateError:
            pass
        finally:
            self.bench.journal.fails = lambda event: None
        assert len(self.bench.cluster.sent) == before

    @rule()
    def next_run(self) -> None:
        """The next process looks up what the ones before it left."""
        bench = self.bench
        bench.time.moment += 120
        list(reconcile(bench.journal, bench.cluster, bench.time.now))
        assert bench.journal.orphans() == []
        for told in self._histories():
            for step in told.steps.values():
                vmid = int(str(step.target["id"]))
                task = next((one for one in bench.cluster.tasks if one.id == str(vmid)), None)
                done = bool(self.truth.get(vmid)) and (task is None or bench.cluster.ends[task.text] != "it broke")
                assert step.state in ("done", "failed", "refused", "not done", "unknown")
                if step.state == "done":
                    assert done, (vmid, step)
                if step.state in ("refused", "not done", "failed"):
                    assert not done, (vmid, step)

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        paths = [(call.method, call.path) for call in self.bench.cluster.sent]
        assert len(paths) == len(set(paths))
        assert all(count == 1 for count in self.truth.values())

    @invariant()
    def nothing_is_sent_without_an_intent(self) -> None:
        intents = {str(row.body["target"]["id"]) for row in self.bench.journal.rows if row.event == "intent"}  # type: ignore[index, call-overload]
        assert {str(_vmid(call)) for call in self.bench.cluster.sent} <= intents

    def _histories(self) -> list[History]:
        rows = [row.seq for row in self.bench.journal.rows if row.event == "begun"]
        return [read_history(self.bench.journal.entries(seq), seq) for seq in rows]


def _vmid(call: Call) -> int:
    return int(call.path.split("/")[4])


TestGuardMachine = GuardMachine.TestCase
TestGuardMachine.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
