"""Plans for the guest agent: the exact calls, what is hidden, and what is refused before anything is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Probe
from proxmox_mpc.errors import Conflict, UsageError
from proxmox_mpc.services.agent_write import LONGEST_FILE, as_text, execute, freeze, read_file, write_file
from tests.services.answers import Answers

VM = GuestRef(101, "qemu", "pve1", "web", "running")
CT = GuestRef(201, "lxc", "pve1", "proxy", "running")
AGENT = "/nodes/pve1/qemu/101/agent"
RUNNING: JsonObject = {"status": "running", "lock": "backup"}


def source(**more: JsonObject) -> Answers:
    answers = {f"{AGENT}/{name.replace('_', '-')}": answer for name, answer in more.items()}
    return Answers({"/nodes/pve1/qemu/101/status/current": RUNNING, **answers})


@pytest.mark.capability("4.3")
def test_a_program_is_run_as_it_stands_and_waited_for() -> None:
    run = execute(source(), VM, ["sh", "-c", "a; b"], given="pass word")
    (send,) = run.plan.sends()
    assert send.call.shown() == {
        "method": "POST",
        "path": f"{AGENT}/exec",
        "params": {"command": ["sh", "-c", "a; b"], "input-data": "***"},
    }
    assert (send.effect, send.facts.locked, bool(send.undo.why_not)) == ("agent_exec", None, True)
    probe = run.plan.steps[-1]
    assert isinstance(probe, Probe)
    running = probe.check(source(exec_status={"exited": 0}), {"pid": 7})
    assert running == "process 7 in VM 101 (web) still runs"
    ended: JsonObject = {"exited": 1, "exitcode": 3, "out-data": "h\u00c3\u00b6", "err-truncated": 1}
    assert probe.check(source(exec_status=ended), {"pid": 7}) is None
    assert run.ended == {"pid": 7, "exitcode": 3, "signal": None, "out": "hö", "err": None, "truncated": True}


@pytest.mark.capability("4.3", "7.4")
def test_a_file_goes_as_base64_and_is_never_shown() -> None:
    (send,) = write_file(source(), VM, "/etc/motd", b"gr\xc3\xbc\xc3\x9fe").sends()
    assert send.call.shown()["params"] == {"file": "/etc/motd", "content": "***", "encode": False}
    assert "7 bytes, sha256 " in send.says
    with pytest.raises(UsageError, match="are too much"):
        write_file(source(), VM, "/etc/motd", b"x" * (LONGEST_FILE + 1))
    with pytest.raises(UsageError, match="--input"):
        execute(source(), VM, ["cat"], given="x" * 70_000)


@pytest.mark.capability("4.3")
def test_a_freeze_says_how_it_is_taken_back() -> None:
    plan = freeze(source(), VM)
    (send,) = plan.sends()
    (back,) = send.undo.sends
    assert back.call.path == f"{AGENT}/fsfreeze-thaw"
    assert "thaw 101" in plan.notes[0]


@pytest.mark.capability("4.3")
def test_what_cannot_answer_is_not_asked() -> None:
    off = Answers({"/nodes/pve1/qemu/101/status/current": {"status": "stopped"}})
    with pytest.raises(Conflict, match="is not running"):
        execute(off, VM, ["ls"])
    with pytest.raises(UsageError, match="no guest agent") as caught:
        freeze(source(), CT)
    assert "pct exec" in (caught.value.hint or "")
    with pytest.raises(Conflict) as silent:
        read_file(_silent(), VM, "/etc/motd")
    assert "qemu-guest-agent" in (silent.value.hint or "")


def _silent() -> Answers:
    answers = source()
    answers.table[f"{AGENT}/file-read"] = Conflict("QEMU guest agent is not running")
    return answers


@pytest.mark.capability("7.4")
@given(st.text())
def test_what_a_guest_writes_comes_out_as_it_was_written(text: str) -> None:
    assert as_text(text.encode().decode("latin-1")) == text
