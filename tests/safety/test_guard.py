"""The guard's order, what it refuses, and what it does when something goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proxmox_mpc.domain.call import Call, Slot, Value
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.plan import Cannot, Give, Keep, Plan, Probe, Send, Take, Target, Undo, WriteOptions
from proxmox_mpc.domain.risk import BackupFact, Effect, Facts
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import (
    AlreadyExists,
    Conflict,
    Frozen,
    Interrupted,
    InvalidValue,
    Locked,
    PmpcError,
    Refused,
    RequestTimeout,
    StateError,
    TaskFailed,
    Unreachable,
    WaitExpired,
)
from proxmox_mpc.safety.history import read_history
from proxmox_mpc.safety.reconcile import reconcile
from tests.safety.fakes import NODE, Bench, FakeCluster, plan, put, start, vm


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_is_meant_is_on_disk_before_it_is_sent(bench: Bench) -> None:
    seen: list[list[str]] = []

    def script(call: Call, cluster: FakeCluster) -> None:
        seen.append(bench.journal.events())

    bench.cluster.script = script
    report = bench.guard().run(plan(start(vm(101))))
    assert seen == [["begun", "intent"]]
    assert bench.journal.events() == ["begun", "intent", "sent", "outcome", "ended"]
    (row,) = report.rows
    assert (row["status"], row["changed"], row["id"], row["operation"]) == ("done", True, 101, 1)
    assert row["upid"] == bench.cluster.tasks[0].text
    assert read_history(bench.journal.entries(1), 1).status == "done"


@pytest.mark.capability("4.1")
def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(bench: Bench) -> None:
    bench.options = WriteOptions(dry_run=True)
    secret = Send(Call("PUT", "/access/password", {"password": Secret("hunter2"), "x": 1}), vm(101), "access", "set it")
    report = bench.guard().run(plan(start(vm(101)), secret))
    assert (bench.cluster.sent, bench.journal.rows) == ([], [])
    assert report.rows[0]["status"] == "planned"
    assert report.rows[0]["calls"] == [
        {"method": "POST", "path": f"/nodes/{NODE}/qemu/101/status/start", "params": {}},
        {"method": "PUT", "path": "/access/password", "params": {"password": "***", "x": 1}},
    ]
    assert report.page is not None and "hunter2" not in report.page


@pytest.mark.parametrize(
    ("effect", "options", "answers", "sent"),
    [
        ("start", WriteOptions(), [], 0),
        ("start", WriteOptions(), ["y"], 1),
        ("start", WriteOptions(), ["n"], 0),
        ("start", WriteOptions(), [""], 0),
        ("start", WriteOptions(yes=True), [], 1),
        ("create", WriteOptions(yes=True), [], 1),
        ("create", WriteOptions(), ["yes"], 1),
        ("rollback", WriteOptions(yes=True), [], 0),
        ("rollback", WriteOptions(yes=True, confirm="db"), [], 0),
        ("rollback", WriteOptions(yes=True, confirm="101"), [], 0),
        ("rollback", WriteOptions(yes=True, confirm="web"), [], 1),
        ("rollback", WriteOptions(confirm="web"), [], 0),
        ("rollback", WriteOptions(), ["web"], 1),
        ("rollback", WriteOptions(), ["y"], 0),
        ("ping", WriteOptions(), [], 1),
    ],
)
def test_what_the_policy_asks_for(
    bench: Bench, effect: Effect, options: WriteOptions, answers: list[str], sent: int
) -> None:
    bench.options, bench.voice.answers = options, answers
    step = replace(start(vm(101)), effect=effect)
    if sent:
        bench.guard().run(plan(step))
    else:
        with pytest.raises(Refused) as caught:
            bench.guard().run(plan(step))
        assert caught.value.exit_status == 9
        assert bench.journal.rows == []
    assert len(bench.cluster.sent) == sent


def test_a_name_that_a_target_lacks_is_its_id_and_several_are_their_number(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, confirm="101")
    bench.guard().run(plan(start(vm(101, None), effect="rollback")))
    two = plan(start(vm(101), effect="rollback"), start(vm(102), effect="rollback"), many=True)
    with pytest.raises(Refused, match="test: critical") as caught:
        bench.guard().run(two)
    assert caught.value.details["confirm"] == "2"
    bench.options = WriteOptions(yes=True, confirm="2")
    assert bench.guard().run(two).status == 0


@pytest.mark.parametrize("policy", ["deny", "run"])
def test_a_policy_may_deny_and_may_let_go(bench: Bench, policy: str) -> None:
    bench.safety = bench.safety._replace(policy={**bench.safety.policy, "medium": policy})
    bench.options = WriteOptions(yes=policy == "deny")
    if policy == "deny":
        with pytest.raises(Refused, match="denies"):
            bench.guard().run(plan(start(vm(101))))
    else:
        bench.guard().run(plan(start(vm(101))))
    assert len(bench.cluster.sent) == (policy == "run")


@pytest.mark.parametrize("named", ["101", "web", "w*", "WEB", "prod", "tag:prod"])
def test_what_is_protected_here_is_critical(bench: Bench, named: str) -> None:
    bench.safety = bench.safety._replace(protected=(named,))
    with pytest.raises(Refused, match="protected by"):
        bench.guard().run(plan(start(vm(101, tags=("prod",)))))
    assert bench.cluster.sent == []


def test_read_only_refuses_every_write(bench: Bench) -> None:
    bench.safety = bench.safety._replace(mode="read-only")
    with pytest.raises(Refused, match="read-only"):
        bench.guard().run(plan(start(vm(101))))
    assert (bench.cluster.sent, bench.journal.rows) == ([], [])


def test_the_protection_of_proxmox_is_never_overridden(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, confirm="web", without_backup=True)
    for effect in ("guest_delete", "disk_delete", "restore_over"):
        with pytest.raises(Refused, match="protected in Proxmox VE") as caught:
            bench.guard().run(plan(replace(start(vm(101)), effect=effect, facts=Facts(protection=True))))
        assert "protection=0" in str(caught.value.hint)
    bench.guard().run(plan(start(vm(101), facts=Facts(protection=True))))
    assert len(bench.cluster.sent) == 1


DAY = 86400.0


@pytest.mark.parametrize(
    ("age", "complete", "says"),
    [
        (1, True, None),
        (6.9, True, None),
        (8, True, "8 days old"),
        (None, True, "no backup"),
        (None, False, "cannot be seen"),
    ],
)
@pytest.mark.capability("4.2")
def test_a_guest_without_a_recent_backup_is_not_destroyed(
    bench: Bench, age: float | None, complete: bool, says: str | None
) -> None:
    newest = None if age is None else bench.time.now() - age * DAY
    facts = Facts(backup=BackupFact(newest, complete, ("storage x does not answer",) if not complete else ()))
    bench.options = WriteOptions(yes=True, confirm="web")
    step = plan(start(vm(101), effect="guest_delete", facts=facts))
    if says is not None:
        with pytest.raises(Refused, match=says):
            bench.guard().run(step)
        assert bench.cluster.sent == []
        bench.options = replace(bench.options, without_backup=True)
    bench.guard().run(step)
    waived = bench.journal.rows[0].body["waived"]
    assert len(bench.cluster.sent) == 1
    assert bool(waived) == (says is not None)


def test_a_locked_guest_is_a_conflict_and_one_of_several_stays_behind(bench: Bench) -> None:
    locked = start(vm(101), facts=Facts(locked="backup"))
    with pytest.raises(Locked, match="backup"):
        bench.guard().run(plan(locked))
    report = bench.guard().run(plan(locked, start(vm(102)), many=True))
    assert [row["status"] for row in report.rows] == ["failed", "done"]
    assert report.status == 8


def test_freezing_stops_bulk_work_before_its_next_send(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, parallel=1)

    def script(call: Call, cluster: FakeCluster) -> None:
        if len(cluster.sent) == 3:
            bench.brake.file.write_text(json.dumps({"caller": "boss@here", "reason": "fire"}))

    bench.cluster.script = script
    report = bench.guard().run(plan(*(start(vm(100 + one)) for one in range(10)), many=True))
    assert len(bench.cluster.sent) == 3
    assert [row["status"] for row in report.rows] == ["done"] * 3 + ["failed"] + ["skipped"] * 6
    with pytest.raises(Frozen, match=r"boss@here.*fire"):
        bench.guard().run(plan(start(vm(101))))


def test_a_task_that_fails_is_a_failure_and_one_that_warns_is_none(bench: Bench) -> None:
    bench.cluster.script = lambda call, cluster: "no space left"
    with pytest.raises(TaskFailed, match="no space left") as caught:
        bench.guard().run(plan(start(vm(101))))
    assert caught.value.details["upid"] == bench.cluster.tasks[0].text
    assert read_history(bench.journal.entries(1), 1).status == "failed"
    bench.cluster.script = lambda call, cluster: "WARNINGS: 2"
    report = bench.guard().run(plan(start(vm(101))))
    assert report.rows[0]["status"] == "done"
    assert [warn.code for warn in report.warnings] == ["task_warnings"]


def test_a_refusal_of_the_server_is_final(bench: Bench) -> None:
    def script(call: Call, cluster: FakeCluster) -> None:
        raise InvalidValue("the server refuses cores: too many")

    bench.cluster.script = script
    with pytest.raises(InvalidValue):
        bench.guard().run(plan(start(vm(101))))
    assert bench.journal.events(1) == ["intent", "refused"]
    assert len(bench.cluster.sent) == 1


@pytest.mark.parametrize("error", [RequestTimeout, Unreachable])
@pytest.mark.capability("4.5")
def test_a_write_that_was_done_while_its_answer_was_lost_is_found_by_its_task(
    bench: Bench, error: type[PmpcError]
) -> None:
    def script(call: Call, cluster: FakeCluster) -> None:
        cluster.execute(call)
        raise error("the connection broke")

    bench.cluster.script = script
    report = bench.guard().run(plan(start(vm(101))))
    assert report.rows[0]["status"] == "done"
    assert report.rows[0]["upid"] == bench.cluster.tasks[0].text
    assert len(bench.cluster.sent) == len(bench.cluster.executed) == 1
    assert "looked up" in bench.journal.events(1)


def test_a_write_that_was_not_done_is_said_to_be_not_done_and_never_sent_again(bench: Bench) -> None:
    def script(call: Call, cluster: FakeCluster) -> None:
        raise Unreachable("the connection broke")

    bench.cluster.script = script
    with pytest.raises(Unreachable, match="was not done"):
        bench.guard().run(plan(start(vm(101))))
    assert len(bench.cluster.sent) == 1
    assert bench.journal.rows[-2].body["status"] == "not done"


def test_after_a_timeout_without_a_trace_the_outcome_is_unknown(bench: Bench) -> None:
    def script(call: Call, cluster: FakeCluster) -> None:
        raise RequestTimeout("no answer")

    bench.cluster.script = script
    with pytest.raises(RequestTimeout, match="unknown"):
        bench.guard().run(plan(start(vm(101))))
    assert bench.journal.rows[-1].body["status"] == "unknown"


@pytest.mark.parametrize("done", [True, False])
def test_a_setting_whose_answer_was_lost_is_looked_up_where_it_stands(bench: Bench, done: bool) -> None:
    step = put(vm(101), {"cores": 1}, cores=2)
    bench.cluster.objects[step.call.path] = {"cores": 1, "memory": "512"}

    def script(call: Call, cluster: FakeCluster) -> None:
        if done:
            cluster.execute(call)
        raise Unreachable("the connection broke")

    bench.cluster.script = script
    if done:
        assert bench.guard().run(plan(step)).rows[0]["status"] == "done"
    else:
        with pytest.raises(Unreachable, match="was not done"):
            bench.guard().run(plan(step))
    assert len(bench.cluster.sent) == 1


def test_what_was_changed_is_read_back_and_journalled_with_what_was_there(bench: Bench) -> None:
    step = put(vm(101), {"cores": 1}, cores=2)
    bench.cluster.objects[step.call.path] = {"cores": 1, "memory": "512"}
    bench.guard().run(plan(step))
    done = read_history(bench.journal.entries(1), 1).steps[1]
    assert (done.intent["before"], done.after) == ({"cores": 1}, {"cores": 2})


def test_a_taken_id_is_looked_up_again_without_it(bench: Bench) -> None:
    slot = Slot("vmid", "next free id")
    target = Target("vm", slot, "new", NODE)
    offered = iter((100, 101, 102))
    refused: list[frozenset[Value]] = []

    def read(source: Source, known: object, taken: frozenset[Value]) -> Value:
        refused.append(taken)
        return next(offered)

    def script(call: Call, cluster: FakeCluster) -> None:
        if call.params["vmid"] != 102:
            raise AlreadyExists("VM already exists")

    bench.cluster.script = script
    create = Send(Call("POST", api_path("nodes", NODE, "qemu"), {"vmid": slot}), target, "create", "create it")
    report = bench.guard().run(Plan("create", (Take(slot, read, "take an id", target), create)))
    assert report.rows[0]["id"] == 102
    assert refused == [frozenset(), frozenset({100}), frozenset({100, 101})]
    assert bench.journal.events().count("refused") == 2


def test_what_exists_already_is_not_tried_again_once_something_was_sent(bench: Bench) -> None:
    slot = Slot("vmid", "id")

    def script(call: Call, cluster: FakeCluster) -> None:
        if call.path == "/second":
            raise AlreadyExists("exists")

    bench.cluster.script = script
    steps = (
        Take(slot, lambda source, known, refused: 100, "take", vm(1)),
        Send(Call("POST", "/first"), vm(1), "create", "first"),
        Send(Call("POST", "/second"), vm(1), "config", "second"),
    )
    with pytest.raises(AlreadyExists):
        bench.guard().run(Plan("create", steps))
    assert [call.path for call in bench.cluster.sent] == ["/first", "/second"]


def test_an_answer_fills_slots_and_a_secret_is_never_journalled(bench: Bench) -> None:
    value = Slot("value", "the secret")
    target = Target("token", "a@pve!ci")

    class Answering(FakeCluster):
        def execute(self, call: Call, end: str = "OK") -> object:  # type: ignore[override]
            return {"value": "hunter2-secret", "full-tokenid": "a@pve!ci"}

    bench.cluster = Answering(bench.time)
    make = Send(
        Call("POST", "/access/users/a@pve/token/ci"), target, "access", "make", gives=(Give(value, "value", True),)
    )
    report = bench.guard().run(Plan("create", (make,)))
    assert report.values[0]["value"] == Secret("hunter2-secret")
    assert "hunter2" not in json.dumps([row.body for row in bench.journal.rows])


def test_later_steps_are_not_sent_after_a_failure_and_it_is_said_what_was_done(bench: Bench) -> None:
    def script(call: Call, cluster: FakeCluster) -> None:
        if call.path.endswith("/start"):
            raise Conflict("it does not want to")

    bench.cluster.script = script
    first = put(vm(101), {"cores": 1}, cores=2)
    bench.cluster.objects[first.call.path] = {"cores": 1}
    with pytest.raises(Conflict) as caught:
        bench.guard().run(plan(first, start(vm(101)), put(vm(101), {}, memory=1)))
    assert caught.value.details["done"] == ["set VM 101 (web)"]
    assert caught.value.details["not_done"] == ["start VM 101 (web)", "set VM 101 (web)"]
    assert "audit undo 1" in str(caught.value.hint)


@pytest.mark.capability("4.4")
def test_rollback_takes_the_finished_steps_back_in_reverse(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, rollback=True)
    first, second = put(vm(101), {"cores": 1}, cores=2), put(vm(101), {"memory": 1}, memory=2)
    bench.cluster.objects[first.call.path] = {"cores": 1, "memory": 1}

    def script(call: Call, cluster: FakeCluster) -> None:
        if call.path.endswith("/start"):
            raise Conflict("it does not want to")

    bench.cluster.script = script
    with pytest.raises(Conflict):
        bench.guard().run(plan(first, second, start(vm(101))))
    assert bench.cluster.objects[first.call.path] == {"cores": 1, "memory": 1}
    assert [dict(call.params) for call in bench.cluster.executed[-2:]] == [{"memory": 1}, {"cores": 1}]
    assert read_history(bench.journal.entries(1), 1).status == "undone"


def test_no_wait_leaves_the_task_to_the_next_run(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, no_wait=True)
    report = bench.guard().run(plan(start(vm(101))))
    assert report.rows[0]["status"] == "running"
    assert bench.journal.orphans() == [1]
    assert list(reconcile(bench.journal, bench.cluster, bench.time.now)) == []
    assert read_history(bench.journal.entries(1), 1).status == "done"


def test_a_probe_waits_until_it_holds_and_gives_up_in_time(bench: Bench) -> None:
    looks: list[float] = []

    def check(source: Source, known: object) -> str | None:
        looks.append(bench.time.now())
        return None if len(looks) > 3 else "still stopped"

    bench.guard().run(Plan("start", (start(vm(101)), Probe("it runs", check, vm(101)))))
    assert len(looks) == 4
    never = Probe("it runs", lambda source, known: "still stopped", vm(101), patience=5)
    with pytest.raises(WaitExpired, match="still stopped"):
        bench.guard().run(Plan("start", (start(vm(101)), never)))


def test_what_is_as_wanted_is_kept_without_a_question(bench: Bench) -> None:
    bench.options = WriteOptions()
    report = bench.guard().run(Plan("start", (Keep(vm(101), "it runs already"),)))
    assert (report.rows[0]["status"], report.rows[0]["changed"], report.status) == ("unchanged", False, 0)
    with pytest.raises(Conflict):
        bench.guard().run(Plan("start", (Cannot(vm(101), Conflict("no")),)))


@pytest.mark.capability("4.6")
def test_one_failure_of_several_is_named_and_the_rest_is_done(bench: Bench) -> None:
    bench.cluster.script = lambda call, cluster: "boom" if "/105/" in call.path else "OK"
    report = bench.guard().run(plan(*(start(vm(100 + one)) for one in range(20)), many=True))
    assert [row["id"] for row in report.rows if row["status"] == "failed"] == [105]
    assert (report.status, len(bench.cluster.sent)) == (8, 20)
    assert report.summary is not None and report.summary.details["failed"] == [105]
    assert read_history(bench.journal.entries(1), 1).failed_ids == ["105"]
    assert len(bench.voice.rows) == 20


def test_max_failures_begins_no_further_target(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, parallel=1, max_failures=1)
    bench.cluster.script = lambda call, cluster: "boom"
    report = bench.guard().run(plan(*(start(vm(100 + one)) for one in range(10)), many=True))
    assert [row["status"] for row in report.rows] == ["failed"] * 2 + ["skipped"] * 8


def test_a_staged_roll_out_stops_at_the_first_stage_that_is_not_well(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, stages=(1, 3, None))
    bench.cluster.script = lambda call, cluster: "boom" if "/102/" in call.path else "OK"
    report = bench.guard().run(plan(*(start(vm(100 + one)) for one in range(9)), many=True))
    assert [row["status"] for row in report.rows] == ["done", "done", "failed", "done"] + ["skipped"] * 5


def test_the_sizes_of_a_roll_out_count_over_all_stages(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, stages=(1, 4, None))
    bench.cluster.script = lambda call, cluster: "boom" if "/103/" in call.path else "OK"
    targets = [vm(100 + one, stage=one // 3) for one in range(9)]
    report = bench.guard().run(plan(*(start(one) for one in targets), many=True))
    # 1 of the first stage, 4 in all after it: 2 of the first and 2 of the second, of which one fails.
    assert [row["status"] for row in report.rows] == ["done"] * 3 + ["failed", "done"] + ["skipped"] * 4


def test_lower_stages_end_before_higher_ones_begin(bench: Bench) -> None:
    targets = [vm(100 + one, stage=2 - one % 3) for one in range(9)]
    bench.guard().run(plan(*(start(one) for one in targets), many=True))
    order = [int(call.path.split("/")[4]) for call in bench.cluster.sent]
    stages = [next(one.stage for one in targets if one.id == vmid) for vmid in order]
    assert stages == sorted(stages)


def test_nothing_is_sent_when_the_journal_cannot_be_written(bench: Bench) -> None:
    for event in ("begun", "intent"):
        bench.no_space(event)
        with pytest.raises(StateError, match="no space"):
            bench.guard().run(plan(start(vm(101))))
        assert bench.cluster.sent == []


def test_a_journal_that_fails_afterwards_hides_nothing_and_stops_the_rest(bench: Bench) -> None:
    bench.no_space("sent", "outcome", "ended")
    with pytest.raises(StateError, match="it was done, but the journal"):
        bench.guard().run(plan(start(vm(101))))
    assert len(bench.cluster.sent) == 1
    bench.options = WriteOptions(yes=True, parallel=1)
    report = bench.guard().run(plan(*(start(vm(100 + one)) for one in range(5)), many=True))
    assert [row["status"] for row in report.rows] == ["done"] + ["skipped"] * 4
    assert report.status == 8


def test_ctrl_c_while_waiting_leaves_the_task_and_says_how_to_go_on(bench: Bench) -> None:
    class Interrupting(FakeCluster):
        def wait(self, upid: object, **options: object) -> object:  # type: ignore[override]
            raise KeyboardInterrupt

    bench.cluster = Interrupting(bench.time)
    with pytest.raises(Interrupted) as caught:
        bench.guard().run(plan(start(vm(101))))
    upid = bench.cluster.tasks[0].text
    assert caught.value.exit_status == 130
    assert f"pmpc task wait {upid}" in str(caught.value.hint)
    assert bench.journal.events() == ["begun", "intent", "sent", "interrupted"]
    (said,) = reconcile(bench.journal, bench.cluster, bench.time.now)
    assert "done" in said.message
    assert read_history(bench.journal.entries(1), 1).status == "done"


def test_an_undo_that_is_nothing_says_so(bench: Bench) -> None:
    bench.options = WriteOptions(yes=True, rollback=True)

    def script(call: Call, cluster: FakeCluster) -> None:
        if call.path == "/b":
            raise Conflict("no")

    bench.cluster.script = script
    first = Send(Call("POST", "/a"), vm(1), "backup", "back up", undo=Undo(why_not="a backup stays"))
    with pytest.raises(Conflict):
        bench.guard().run(plan(first, Send(Call("POST", "/b"), vm(1), "config", "set")))
    assert any("a backup stays" in warn.message for warn in bench.voice.warnings)


@pytest.mark.capability("7.7")
def test_an_operation_waits_briefly_for_another_on_the_same_guest(bench: Bench) -> None:
    looks = iter(["alice@desk", "alice@desk", None])
    bench.journal.busy[101] = lambda: next(looks)
    began = bench.time.now()
    report = bench.guard().run(plan(start(vm(101))))
    assert report.rows[0]["status"] == "done" and bench.time.now() > began


@pytest.mark.capability("7.7")
def test_a_guest_that_somebody_else_changes_is_left_alone(bench: Bench) -> None:
    bench.journal.busy[101] = lambda: "alice@desk"
    with pytest.raises(Locked, match="is being changed by alice@desk"):
        bench.guard().run(plan(start(vm(101))))
    assert bench.cluster.sent == []
    hard = Send(Call("POST", "/nodes/pve1/qemu/101/status/stop"), vm(101), "stop", "stop it hard")
    assert bench.guard().run(plan(hard)).rows[0]["status"] == "done"
