"""Who changed what a pull found changed, and by which task, as far as the task log and our own journal tell.

The rule, for a change that a run found about a guest: what may have made it was done between the start of the last
whole pull before and the end of this run, on this guest, and ended well. Of that count

1. the last operation of pmpc that set this very key;
2. else the last task of a type that makes such a change: a start makes a status ``running``, a migration another node;
3. for the configuration, only where all such tasks are of one user: PVE's tasks do not tell which keys they set.

Where nothing of the kind is recorded nothing is told: a configuration that is set without a task leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject, number, text
from proxmox_mpc.domain.moments import epoch
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.safety.history import Step, read_history
from proxmox_mpc.state.batch import ObjectChange, RunRecord

if TYPE_CHECKING:
    from proxmox_mpc.state.store import StateStore

AUTHOR_FIELDS = (
    Field("user", "string?", "who changed it, where that is known: the task's user, or who ran pmpc", level="filled"),
    Field("task", "string?", "the task that changed it (UPID), where that is known", level="wide"),
    Field("operation", "integer?", "the operation of pmpc that changed it (audit show)", level="wide"),
)
_GUEST_KINDS = ("guest", "config", "pending", "snapshot")
_CONFIG = ("config", "move", "resize", "move_volume", "template", "rollback", "restore")
_STATUS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "running": ("start", "resume", "reboot", "rollback", "migrate", "create", "restore"),
        "stopped": ("stop", "shutdown", "suspend", "rollback", "reboot"),
        "paused": ("suspend", "pause"),
    }
)
_MADE: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("guest", "added"): ("create", "clone", "restore"),
        ("guest", "removed"): ("destroy", "restore"),
        ("snapshot", "added"): ("snapshot",),
        ("snapshot", "changed"): ("snapshot", "delsnapshot", "rollback"),
        ("snapshot", "removed"): ("delsnapshot", "destroy", "restore"),
        ("pending", "added"): ("config",),
        ("pending", "changed"): ("config",),
        ("pending", "removed"): ("config", "start", "stop", "shutdown", "reboot", "destroy"),
    }
)


class Author(NamedTuple):
    """Who changed something, the task's UPID, and the operation of our journal; each None where it is not known."""

    user: str | None = None
    task: str | None = None
    operation: int | None = None

    def row(self) -> JsonObject:
        """Return the values of AUTHOR_FIELDS."""
        return {"user": self.user, "task": self.task, "operation": self.operation}


NOBODY = Author()


class Deed(NamedTuple):
    """One thing that was done to an object: when (epoch), by whom, of which type of task, and which keys it set."""

    at: float
    object: str
    type: str
    author: Author
    keys: frozenset[str] = frozenset()


class Authors:
    """Tells who changed what, for changes that one window of time holds."""

    def __init__(self, deeds: Iterable[Deed]) -> None:
        self._deeds: dict[str, list[Deed]] = {}
        for deed in sorted(deeds, key=lambda deed: deed.at):
            self._deeds.setdefault(deed.object, []).append(deed)

    def of(self, change: ObjectChange, key: str | None = None, new: Json = None) -> Author:
        """Return who made a change: of the object as a whole, or of one key that has the value ``new`` now."""
        if change.kind not in _GUEST_KINDS:
            return NOBODY
        done = self._deeds.get(change.key.partition("/")[0], [])
        if key is not None:
            ours = [deed for deed in done if key.partition(".")[0] in deed.keys]
            if ours:
                return ours[-1].author
        types = _types(change, key, new)
        fitting = [deed for deed in done if deed.type in types]
        if not fitting:
            return NOBODY
        told_by_value = change.kind == "snapshot" or key in (None, "status", "node")
        if not told_by_value and len({deed.author.user for deed in fitting}) > 1:
            return NOBODY
        return fitting[-1].author


def _types(change: ObjectChange, key: str | None, new: Json) -> tuple[str, ...]:
    """Return the types of tasks (without qm, vz, ha) that make such a change."""
    kind = "guest" if change.kind == "config" and change.action != "changed" else change.kind
    if (kind, change.action) in _MADE:
        return _MADE[kind, change.action]
    if kind == "guest" and key == "node":
        return ("migrate",)
    if kind == "guest" and key == "status":
        return _STATUS.get(str(new), ())
    if key == "hastate":
        return ("start", "stop", "shutdown", "migrate")
    if key in ("parent", "snaptime"):
        return ("snapshot", "delsnapshot", "rollback")
    return ("template",) if key == "template" else () if key in ("lock", "pool") else _CONFIG


def authors_of(store: StateStore, before: RunRecord | None, run: RunRecord, vmid: str | None = None) -> Authors:
    """Return who did what between two runs; nothing is told of the first one, to which all is new."""
    from proxmox_mpc.state.deeds import operations_between, tasks_between

    if before is None:
        return Authors(())
    since, until = before.ran.started, run.ran.finished
    ours = [
        deed for number_, entries in operations_between(store, since, until) for deed in _of_journal(number_, entries)
    ]
    known = {deed.author.task: deed.author for deed in ours if deed.author.task is not None}
    tasks = [deed for row in tasks_between(store, epoch(since), epoch(until), vmid) if (deed := _of_task(row, known))]
    return Authors([*tasks, *(deed for deed in ours if deed.keys)])


def _of_task(row: JsonObject, known: Mapping[str, Author]) -> Deed | None:
    """Return what a task did, None for one that failed or works on nothing; ``known`` are the tasks of the journal."""
    upid, status = Upid.of(text(row, "upid")), text(row, "status")
    if upid is None or not upid.id or not (status in (None, "OK") or status.startswith("WARNINGS")):
        return None
    token = text(row, "tokenid")
    user = text(row, "user") or upid.user
    author = known.get(upid.text) or Author(f"{user}!{token}" if token and "!" not in user else user, upid.text)
    return Deed(number(row, "starttime") or upid.started, upid.id, _plain(upid.type), author)


def _plain(type_: str) -> str:
    """Return what a type of task says without the kind of guest: qmstart, vzstart and hastart are all ``start``."""
    word = type_[2:] if type_[:2] in ("qm", "vz", "ha") else type_
    return {"igrate": "migrate"}.get(word, word)


def _of_journal(operation: int, entries: Sequence[Entry]) -> Iterable[Deed]:
    if not entries or entries[0].event != "begun":
        return  # its beginning was pruned
    told = read_history(entries, operation)
    caller = text(told.begun, "caller")
    for step in told.steps.values():
        if step.state in ("done", "sent", "running") and (target := text(step.target, "id")):
            upid = Upid.of(step.upid)
            author = Author(upid.user if upid else caller, step.upid, operation)
            yield Deed(epoch(step.at), target, _plain(upid.type) if upid else "", author, _asked(step))


def _asked(step: Step) -> frozenset[str]:
    asked = step.intent.get("asked")
    return frozenset(asked) if isinstance(asked, dict) else frozenset()
