"""Every writing verb × what can go wrong: exit status, what the journal says of it, nothing sent twice, and the undo.

By default a sample of the cells runs, always the same; ``--whole`` runs them all.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from proxmox_mpc.simulator.http import Request
from proxmox_mpc.simulator.model import Acl
from tests.cli.test_every_write import WRITES
from tests.cli.write_samples import SAMPLES, Sample
from tests.conftest import Outcome, Pmpc
from tests.contract.requests import takes
from tests.matrix.bench import Bench, differences, open_bench, planned_calls

ONE_OF = 8
"""One cell of so many is in the sample that runs by default."""
TEXT = "no space left on device"
IN_GUEST = "only the guest could tell, and asking it is an action in the guest"
LATER = "it is queued, and begun later; what is queued cannot be read"
LOST_OPEN: dict[str, str] = {
    "node reboot": "it answers until it goes down, at some time",
    "node shutdown": "it answers until it goes down, at some time",
    "node wake": "whether a packet was sent shows nowhere, and a node may take minutes to boot",
    "api set": "what a raw call changes is not known",
    "api delete": "what a raw call changes is not known",
    "vm agent exec": IN_GUEST,
    "vm agent file-write": IN_GUEST,
    "vm agent fsfreeze freeze": IN_GUEST,
    "vm agent fsfreeze thaw": IN_GUEST,
    "vm cloudinit set": "the drive is made anew, and says the same where it was up to date",
    "vm cloudinit regenerate": "the drive is made anew, and says the same where it was up to date",
    "ha resource migrate": LATER,
    "ha resource relocate": LATER,
    "replication run": LATER,
}
"""Verbs of which it stays open what became of one whose answer was lost, and why; that they say so is the point."""
UNDO_LEAVES: dict[str, tuple[str, ...]] = {
    "ct migrate": ("/guests/201/",),
    "storage delete": ("/storages/usb-old/",),
    "ha resource delete": ("/ha/resources/vm:105/failback", "/ha/state/vm:105/uid"),
    "replication delete": ("/volumes/pve2/tank:subvol-200-disk-0",),
}
"""What an undo leaves different: what a restart applied, defaults that are now written down, numbers that the server
gives anew, copies."""


SEVERAL = frozenset({"node drain", "node undrain"})
"""Verbs with many targets, whose rows tell how it went; tests of their own look at that."""


def cells(name: str, *, task: bool = False, guest: bool = False) -> list[Any]:
    """Return the verbs that have such a cell, those outside the default sample marked; sorted, so that it is stable."""
    return [*_cells(name, task=task, guest=guest)]


def _cells(name: str, *, task: bool, guest: bool) -> Iterator[Any]:
    for one in WRITES:
        sample = one.values[0]
        assert isinstance(sample, Sample)
        if (
            sample.ends
            or sample.verb in SEVERAL
            or (task and sample.task is None)
            or (guest and not _changes_a_guest(sample))
        ):
            continue
        sampled = zlib.crc32(f"{name}/{sample.verb}".encode()) % ONE_OF == 0
        yield pytest.param(sample, id=sample.verb, marks=() if sampled else (pytest.mark.whole,))


def _changes_a_guest(sample: Sample) -> bool:
    noun, *rest = sample.verb.split()
    return (noun in ("vm", "ct", "guest") and rest[-1] != "create" and rest[0] not in ("template", "agent")) or (
        noun,
        rest,
    ) == ("vm", ["template"])


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on a homelab of its own."""
    return open_bench(lab, monkeypatch)


def ready(bench: Bench, sample: Sample) -> list[dict[str, Any]]:
    """Prepare a sample and return the calls that it is going to send."""
    bench.prepare(sample)
    planned = bench.do(sample, "--dry-run", *sample.extra)
    assert planned.status == 0, planned
    return planned_calls(planned)


def said(bench: Bench) -> dict[str, Any]:
    """Return what the journal says of the newest operation; its chain must be whole, each request sent once."""
    assert bench.ok("audit", "verify")["ok"] is True
    told = bench.operation()
    assert len(told["steps"]) == len(bench.sent), "every request has its intent"
    forward = [one for one, step in zip(bench.sent, told["steps"], strict=True) if step["undoes"] is None]
    keys = [(one.method, one.quoted, json.dumps(one.form, sort_keys=True)) for one in forward]
    assert len(keys) == len(set(keys)), "sent twice"
    return told


def failed(outcome: Outcome, status: int, code: str) -> dict[str, Any]:
    assert (outcome.status, outcome.stdout) == (status, ""), outcome
    assert outcome.error["code"] == code, outcome
    return outcome.error


@pytest.mark.capability("4.5", "9.3")
@pytest.mark.parametrize("sample", cells("task fails", task=True))
def test_its_task_fails(sample: Sample, bench: Bench) -> None:
    ready(bench, sample)
    bench.faults({"kind": "task-fails", "type": sample.task, "text": TEXT})
    error = failed(bench.sure(sample), 8, "task_failed")
    assert TEXT in error["message"]
    assert error["details"]["upid"].split(":")[5] == sample.task
    told = said(bench)
    assert told["status"] in ("failed", "part")
    (bad,) = [step for step in told["steps"] if step["state"] != "done"]
    assert (bad["state"], TEXT in json.dumps(bad["error"])) == ("failed", True)


@pytest.mark.capability("4.5")
@pytest.mark.parametrize("sample", cells("task warns", task=True))
def test_its_task_warns(sample: Sample, bench: Bench) -> None:
    ready(bench, sample)
    bench.faults({"kind": "task-warns", "type": sample.task, "text": TEXT})
    outcome = bench.sure(sample)
    assert outcome.status == 0, outcome
    (warning,) = [event["warning"] for event in outcome.events if event["warning"]["code"] == "task_warnings"]
    assert warning["details"]["exitstatus"] == "WARNINGS: 1"
    assert said(bench)["status"] == "done"


@pytest.mark.capability("9.3", "9.9")
@pytest.mark.parametrize("sample", cells("answer lost"))
def test_the_last_answer_is_lost_after_the_write_was_done(sample: Sample, bench: Bench) -> None:
    shown = ready(bench, sample)
    bench.wire = lambda number: "lost" if number == len(shown) else ""
    outcome = bench.sure(sample)
    bench.wire = None
    told = said(bench)
    assert bench.answers[-1].status == 200
    assert len(bench.sent) == len(shown)
    if sample.verb == "access token create":
        failed(outcome, 8, "unexpected_answer")  # its secret is lost for good
        assert told["steps"][-1]["state"] == "done"
    elif sample.verb in LOST_OPEN:
        failed(outcome, 7, "timeout")
        assert (told["status"], told["steps"][-1]["state"]) == ("unknown", "unknown")
    else:
        assert outcome.status == 0, outcome
        assert [step["state"] for step in told["steps"]] == ["done"] * len(shown)


@pytest.mark.capability("9.3", "9.9")
@pytest.mark.parametrize("sample", cells("connection lost"))
def test_the_connection_is_lost_before_the_last_write_arrives(sample: Sample, bench: Bench) -> None:
    shown = ready(bench, sample)
    before = bench.state()
    bench.wire = lambda number: "drop" if number == len(shown) else ""
    outcome = bench.sure(sample)
    bench.wire = None
    assert (outcome.status, outcome.stdout) == (7, ""), outcome
    told = said(bench)
    state = told["steps"][len(shown) - 1]["state"]
    assert state == ("unknown" if sample.verb in LOST_OPEN else "not done"), outcome
    assert state.replace("not done", "was not done") in outcome.error["message"]
    if len(shown) == 1:
        assert bench.state() == before


@pytest.mark.capability("9.3", "9.7")
@pytest.mark.parametrize("sample", cells("interrupted", task=True))
def test_it_is_interrupted_while_it_waits(sample: Sample, bench: Bench) -> None:
    shown = ready(bench, sample)

    def interrupt() -> None:
        if len(bench.sent) == len(shown):
            bench.on_pause = None
            raise KeyboardInterrupt

    bench.on_pause = interrupt
    outcome = bench.sure(sample)
    error = failed(outcome, 130, "interrupted")
    (upid,) = error["details"]["upids"]
    assert f"pmpc task wait {upid}" in error["hint"]
    bench.settle()
    assert bench.ok("task", "wait", upid)["status"] in ("ok", "OK", "stopped")
    number = said(bench)["operation"]
    assert bench("guest", "tag", "add", "109", "later", "--yes").status == 0
    told = bench.ok("audit", "show", number)
    assert [step["state"] for step in told["steps"]] == ["done"] * len(shown)
    assert told["ended"] is not None


@pytest.mark.capability("9.3")
@pytest.mark.parametrize("sample", cells("locked", guest=True))
def test_the_guest_is_locked(sample: Sample, bench: Bench) -> None:
    ready(bench, sample)
    for guest in bench.world.guests.values():
        guest.config["lock"] = "migrate"
    before = bench.state()
    error = failed(bench.sure(sample), 6, "locked")
    assert "migrate" in error["message"]
    assert bench.sent == []
    assert bench.state() == before


@pytest.mark.capability("4.3")
@pytest.mark.parametrize("sample", cells("digest"))
def test_somebody_else_changes_it_between_read_and_write(sample: Sample, bench: Bench) -> None:
    shown = ready(bench, sample)
    guarded = [call for call in shown if "digest" in call["params"]]
    first = shown[0]
    if first["method"] == "PUT":
        assert first in guarded or not takes("PUT", first["path"], "digest"), "it could be guarded"
    before = bench.state()
    bench.before_write = _another_digest
    outcome = bench.sure(sample)
    bench.before_write = None
    if not guarded:
        assert outcome.status == 0, outcome
        return
    if "/qemu/" in first["path"] and first["path"].endswith("/resize"):
        # Proxmox VE looks at it in the task.
        assert "checksum mismatch" in failed(outcome, 6, "changed_meanwhile")["message"]
        return
    failed(outcome, 6, "conflict")
    assert "refused" in [step["state"] for step in said(bench)["steps"]]
    if first in guarded:
        assert bench.state() == before


def _another_digest(request: Request) -> Request:
    """Return the request as it would be, had it been planned on another state than the server's."""

    def other(text: str) -> str:
        parts = text.split("&")
        return "&".join(f"digest={'0' * 40}" if part.startswith("digest=") else part for part in parts)

    if request.headers.get("content-type", "").startswith("multipart/"):
        return request
    return replace(request, query=other(request.query), body=other(request.body.decode()).encode())


@pytest.mark.capability("9.3")
@pytest.mark.parametrize("sample", cells("no privilege"))
def test_the_token_may_look_but_not_touch(sample: Sample, bench: Bench) -> None:
    bench.prepare(sample)
    bench.world.users["root@pam"].tokens["pmpc"].privsep = True
    bench.world.acl.append(Acl("/", "token", "root@pam!pmpc", "PVEAuditor", True))
    before = bench.state()
    outcome = bench.sure(sample)
    assert (outcome.status, outcome.stdout) in ((4, ""), (5, ""), (9, "")), outcome
    assert outcome.error["hint"]
    assert bench.state() == before
    assert bench.sent == [] or outcome.status == 4, "what it cannot see it does not find; without sight of backups: 9"
    if bench.sent:
        told = said(bench)
        assert told["status"] == "failed"
        assert [step["state"] for step in told["steps"]] == ["refused"]


@pytest.mark.capability("9.8")
@pytest.mark.parametrize("sample", cells("undo"))
def test_it_is_taken_back_or_says_why_not(sample: Sample, bench: Bench) -> None:
    ready(bench, sample)
    before = bench.state()
    assert bench.sure(sample).status == 0
    number = bench.operation()["operation"]
    bench.settle()
    words = ("audit", "undo", number, "--yes", "--without-backup")
    outcome = bench(*words)
    if outcome.status == 9:
        outcome = bench(*words, "--confirm", outcome.error["details"]["confirm"])
    if outcome.status == 6:
        assert "cannot be taken back" in outcome.error["message"]
        assert all(": " in reason for reason in outcome.error["details"]["why_not"])
        return
    assert outcome.status == 0, outcome
    if not any(event["warning"]["code"] == "not_undone" for event in outcome.events):
        known = UNDO_LEAVES.get(sample.verb)
        left = [one for one in differences(before, bench.state()) if known is None or not one.startswith(known)]
        assert left == [], "\n".join(left)


def test_what_is_listed_here_exists() -> None:
    assert {*LOST_OPEN, *UNDO_LEAVES} <= SAMPLES.keys()
