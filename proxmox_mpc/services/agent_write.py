"""What the guest agent does inside a virtual machine: run a program, write and read files, freeze file systems."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_object, boolean, integer, text
from proxmox_mpc.domain.plan import Give, Plan, Probe, ProbeCheck, Send, Target, Undo
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import Conflict, PmpcError, UsageError
from proxmox_mpc.services.guest_facts import Now, now_of
from proxmox_mpc.services.guest_network import silent_agent

LONGEST_INPUT = 65536
"""Characters that a program may be given on its stdin: agent/exec, input-data."""
LONGEST_FILE = 61440 // 4 * 3
"""Bytes that a file may hold: agent/file-write takes 61440 characters, which are base64 here."""
PING = item(
    Field("vmid", "integer", "the VM's id"),
    Field("name", "string?", "the VM's name"),
    Field("node", "string", "the node it is on"),
    Field("agent", "string", "answers: where it does not, that is an error", choices=("answers",)),
    doc="A guest agent that answers.",
)
FROZEN = item(
    Field("vmid", "integer", "the VM's id"),
    Field("name", "string?", "the VM's name"),
    Field("node", "string", "the node it is on"),
    Field("filesystems", "string", "thawed or frozen"),
    doc="Whether a guest's file systems are frozen.",
)
FILE = item(
    Field("vmid", "integer", "the VM's id"),
    Field("name", "string?", "the VM's name"),
    Field("path", "string", "the file in the guest"),
    Field("content", "string", "what it holds"),
    Field("truncated", "boolean", "whether it is longer than what was read"),
    doc="A file in a guest.",
)
EXEC_FIELDS = (
    Field("pid", "integer?", "its process id in the guest"),
    Field("exitcode", "integer?", "what it ended with"),
    Field("signal", "integer?", "the signal (Windows: exception) that ended it"),
    Field("out", "string?", "what it wrote to stdout"),
    Field("err", "string?", "what it wrote to stderr"),
    Field("truncated", "boolean?", "whether the agent left a part of what it wrote out"),
)
_PID = Slot("pid", "the process id in the guest")
_STATE = Slot("filesystems", "thawed or frozen")


@dataclass(frozen=True, slots=True)
class Run:
    """A program that is to be run: the plan, and how it ended once the plan was carried out."""

    plan: Plan
    ended: JsonObject


def ping(source: Source, ref: GuestRef) -> Plan:
    """Return the plan that asks whether the agent is there."""
    return Plan("agent ping", (_send(_running(source, ref), "ping", "ping", f"ping the agent of {ref.label}"),))


def freeze_status(source: Source, ref: GuestRef) -> Plan:
    """Return the plan that asks whether the file systems are frozen; the answer is in the slot ``filesystems``."""
    says = f"ask whether the file systems of {ref.label} are frozen"
    gives = (Give(_STATE, "result"),)
    return Plan("agent fsfreeze status", (_send(_running(source, ref), "fsfreeze-status", "ping", says, gives=gives),))


def freeze(source: Source, ref: GuestRef) -> Plan:
    """Return the plan that freezes the file systems: whatever writes in the guest then waits."""
    now = _running(source, ref)
    thawing = Call("POST", ref.path("agent", "fsfreeze-thaw"))
    undo = Undo((Send(thawing, Target.of(ref), "resume", f"thaw the file systems of {ref.label}"),))
    return Plan(
        "agent fsfreeze freeze",
        (_send(now, "fsfreeze-freeze", "suspend", f"freeze the file systems of {ref.label}", undo=undo),),
        notes=(f"whatever writes in {ref.label} waits until: pmpc vm agent fsfreeze thaw {ref.vmid}",),
    )


def thaw(source: Source, ref: GuestRef) -> Plan:
    """Return the plan that thaws the file systems."""
    now = _running(source, ref)
    return Plan(
        "agent fsfreeze thaw", (_send(now, "fsfreeze-thaw", "resume", f"thaw the file systems of {ref.label}"),)
    )


def execute(
    source: Source, ref: GuestRef, argv: Sequence[str], *, given: str | None = None, patience: float = 60.0
) -> Run:
    """Return the plan that runs a program, without a shell, and waits ``patience`` seconds for its end.

    ``given`` is its stdin. Raises UsageError and Conflict.
    """
    if given is not None and len(given) > LONGEST_INPUT:
        raise UsageError(f"--input: {len(given)} characters; the agent takes {LONGEST_INPUT}")
    form: dict[str, FormValue] = {"command": [*argv]}
    if given is not None:
        # What a program is given may be a password; it is neither shown nor journalled.
        form["input-data"] = Secret(given)
    now = _running(source, ref)
    undo = Undo(why_not="what a program has done in a guest is not known")
    says = f"run {argv[0]} in {ref.label}"
    ended: JsonObject = {}
    probe = Probe(f"{argv[0]} has ended", _ends(ref, ended), Target.of(ref), patience)
    send = _send(now, "exec", "agent_exec", says, form, gives=(Give(_PID, "pid"),), undo=undo)
    return Run(Plan("agent exec", (send, probe)), ended)


def write_file(source: Source, ref: GuestRef, path: str, content: bytes) -> Plan:
    """Return the plan that writes a file in a guest; raises UsageError for more than the agent takes."""
    if not path:
        raise UsageError("which file? The path is empty")
    if len(content) > LONGEST_FILE:
        raise UsageError(
            f"{len(content)} bytes are too much: the agent takes {LONGEST_FILE} at a time",
            hint="copy it by ssh, or have the guest fetch it itself: pmpc vm agent exec",
        )
    now = _running(source, ref)
    # Encoded here, since PVE itself can encode no text beyond latin-1.
    form: dict[str, FormValue] = {"file": path, "content": Secret(b64encode(content).decode()), "encode": False}
    digest = hashlib.sha256(content).hexdigest()
    says = f"write {path} in {ref.label}: {len(content)} bytes, sha256 {digest}"
    undo = Undo(why_not="what the file held before is not kept")
    return Plan("agent file-write", (_send(now, "file-write", "agent_write", says, form, undo=undo),))


def read_file(source: Source, ref: GuestRef, path: str) -> JsonObject:
    """Return a file of a guest; PVE reads up to 16 MiB. Raises Conflict when the VM or its agent does not run."""
    _running(source, ref)
    try:
        answer = as_object(source.read(ref.path("agent", "file-read"), {"file": path}), "the agent's answer")
    except Conflict as error:
        raise silent_agent(ref, error) from error
    return {
        "vmid": ref.vmid,
        "name": ref.name,
        "path": path,
        "content": as_text(text(answer, "content") or ""),
        "truncated": boolean(answer, "truncated"),
    }


def as_text(came: str) -> str:
    """Return the text that the guest wrote: PVE hands its UTF-8 on as if each byte were a character."""
    try:
        return came.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return came


def _running(source: Source, ref: GuestRef) -> Now:
    """Return the state of a VM that runs; raises UsageError for a container, and Conflict."""
    if ref.kind == "ct":
        raise UsageError(
            f"{ref.label} is a container and has no guest agent", hint=f"on its node: pct exec {ref.vmid} -- COMMAND"
        )
    (now,) = now_of(source, [ref])
    if isinstance(now, PmpcError):
        raise now
    if not now.running:
        raise Conflict(f"{ref.label} is not running", hint=f"pmpc vm start {ref.vmid}")
    return now


def _send(
    now: Now,
    command: str,
    effect: Effect,
    says: str,
    form: dict[str, FormValue] | None = None,
    *,
    gives: tuple[Give, ...] = (),
    undo: Undo | None = None,
) -> Send:
    call = Call("POST", now.ref.path("agent", command), form or {})
    # A lock of PVE's holds the configuration, not what runs inside.
    facts = Now(now.ref, {key: value for key, value in now.row.items() if key != "lock"}).facts()
    nothing = Undo(why_not="there is nothing to take back")
    return Send(call, Target.of(now.ref), effect, says, facts, gives=gives, undo=undo or nothing)


def _ends(ref: GuestRef, ended: JsonObject) -> ProbeCheck:
    """Return a check that a program has ended; how it did is put into ``ended``."""

    def check(source: Source, known: Known) -> str | None:
        pid = known[_PID.name]
        assert isinstance(pid, int)
        answer = as_object(source.read(ref.path("agent", "exec-status"), {"pid": pid}), "the agent's answer")
        ended["pid"] = pid
        if not boolean(answer, "exited"):
            return f"process {pid} in {ref.label} still runs"
        out, err = text(answer, "out-data"), text(answer, "err-data")
        ended.update(
            {
                "exitcode": integer(answer, "exitcode"),
                "signal": integer(answer, "signal"),
                "out": None if out is None else as_text(out),
                "err": None if err is None else as_text(err),
                "truncated": boolean(answer, "out-truncated") or boolean(answer, "err-truncated"),
            }
        )
        return None

    return check
