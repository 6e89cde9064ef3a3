"""The recorded state and its history as commands show them: runs, what they changed, how old the state is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.moments import Now, epoch
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.errors import NotFound, NotRecorded
from proxmox_mpc.services.authorship import AUTHOR_FIELDS, NOBODY, Authors, authors_of
from proxmox_mpc.services.history_fold import folded
from proxmox_mpc.state import light
from proxmox_mpc.state.batch import ObjectChange, RunRecord
from proxmox_mpc.state.kinds import GROUPS

if TYPE_CHECKING:
    from proxmox_mpc.state.server import Server
    from proxmox_mpc.state.store import StateStore

OUTCOMES = ("done", "partial", "failed")
ACTIONS = ("added", "changed", "removed")

RUN_FIELDS = (
    Field("run", "integer", "the run's number"),
    Field("started", "time", "when it began", level="wide"),
    Field("finished", "time", "when it ended"),
    Field(
        "outcome",
        "string",
        "done; partial: something could not be read; failed: nothing was recorded",
        choices=OUTCOMES,
    ),
    Field("added", "integer", "objects that were new"),
    Field("changed", "integer", "objects that had changed; a guest and its configuration are two"),
    Field("removed", "integer", "objects that were gone"),
    Field("stale", "integer", "objects that could not be confirmed and stay as last seen"),
    Field("requests", "integer", "how many answers were asked for", level="wide"),
    Field("kinds", "list", "the groups of objects that were read; all of them when it is a whole pull", level="wide"),
    Field("node", "string?", "the one node that was read", level="wide"),
    Field("caller", "string", "who ran it"),
    Field("error", "string?", "why it failed"),
)
RUN_ROWS = rows(*RUN_FIELDS, doc="Pulls into the database, newest first.")

KEY_FIELDS = (
    Field("key", "string", "the key; one inside another is written with a dot"),
    Field("old", "any?", "its value before; null: it was not set"),
    Field("new", "any?", "its value now; null: it is not set"),
    *AUTHOR_FIELDS,
)
CHANGE_FIELDS = (
    Field("action", "string", "added, changed or removed", choices=ACTIONS),
    Field("kind", "string", "the kind of object: guest (where it is, its state), config (a guest's configuration), …"),
    Field("id", "string", "the object's id"),
    Field("name", "string?", "the name of the guest that it is, or belongs to"),
    Field("keys", "rows", "what changed, key by key", fields=KEY_FIELDS),
    *AUTHOR_FIELDS,
)
WARNING_FIELDS = (
    Field("code", "string", "a stable name"),
    Field("message", "string", "what could not be read, or is not believed"),
)
RUN_PAGE = item(
    *RUN_FIELDS,
    Field("first", "boolean", "whether it was the first pull, to which everything is new"),
    Field("warnings", "rows", "what the run said", fields=WARNING_FIELDS),
    Field("changes", "rows", "what changed since the run before", fields=CHANGE_FIELDS),
    doc="One pull and what it found changed.",
)

HISTORY_ROWS = rows(
    Field("run", "integer", "the run that found it"),
    Field("time", "time", "when that run ended"),
    Field("action", "string", "added, changed or removed", choices=ACTIONS),
    Field("kind", "string", "guest, config, pending or snapshot"),
    Field("id", "string", "the object's id: the vmid, for a snapshot vmid/name", level="wide"),
    Field("key", "string?", "the key that changed"),
    Field("old", "any?", "its value before"),
    Field("new", "any?", "its value after"),
    *AUTHOR_FIELDS,
    doc="What pulls found changed about a guest, newest first; one row a key.",
)

COVERAGE_FIELDS = (
    Field("kind", "string", "the group of objects", choices=GROUPS),
    Field("node", "string?", "the node, where only one was read"),
    Field("run", "integer", "the last run that read it"),
    Field("time", "time", "when"),
    Field("age", "integer", "how long ago", unit="seconds"),
)
STATUS_PAGE = item(
    Field("database", "string", "the database file"),
    Field("exists", "boolean", "whether there is one"),
    Field("size", "integer", "its size", unit="bytes"),
    Field("schema", "string?", "the revision of its schema"),
    Field("last_pull", "time?", "when the last pull ended that read something"),
    Field("age", "integer?", "how long ago that was", unit="seconds"),
    Field("outcome", "string?", "how it ended", choices=("done", "partial")),
    Field("failure", "string?", "why a later pull failed"),
    Field("guests", "integer", "recorded guests"),
    Field("stale", "object", "objects that the last pulls could not confirm, by table"),
    Field("checked", "object?", "the last integrity check: at, cause, result"),
    Field("kinds", "rows", "what has been read, and when", fields=COVERAGE_FIELDS),
    doc="How old and how sound the recorded state is.",
)


def run_row(record: RunRecord) -> JsonObject:
    """Return a run as a row of RUN_ROWS."""
    ran = record.ran
    return {
        "run": record.id,
        "started": ran.started,
        "finished": ran.finished,
        "outcome": ran.outcome,
        "added": record.added,
        "changed": record.changed,
        "removed": record.removed,
        "stale": record.stale,
        "requests": ran.requests,
        "kinds": ran.scope.get("groups"),
        "node": ran.scope.get("node"),
        "caller": ran.caller,
        "error": ran.error,
    }


def change_row(change: ObjectChange, authors: Authors) -> JsonObject:
    """Return a change as a row of CHANGE_FIELDS."""
    keys: list[Json] = [
        {"key": one.key, "old": one.old, "new": one.new, **authors.of(change, one.key, one.new).row()}
        for one in change.keys
    ]
    about: JsonObject = {"action": change.action, "kind": change.kind, "id": change.key, "name": change.name}
    whole = NOBODY if change.keys else authors.of(change)
    return {**about, "keys": keys, **whole.row()}


def run_page(store: StateStore, record: RunRecord, changes: Sequence[ObjectChange], first: bool) -> JsonObject:
    """Return a run with its changes, for RUN_PAGE."""
    from proxmox_mpc.state.deeds import run_before

    before = None if first or not changes else run_before(store, record.id)
    authors = authors_of(store, before, record)
    warnings: list[Json] = [
        {"code": warning.get("code"), "message": warning.get("message")} for warning in record.ran.warnings
    ]
    return {
        **run_row(record),
        "first": first,
        "warnings": warnings,
        "changes": [change_row(change, authors) for change in folded(changes)],
    }


def list_runs(store: StateStore, limit: int) -> list[JsonObject]:
    """Return the log of pulls, newest first."""
    from proxmox_mpc.state.history import runs

    return [run_row(record) for record in runs(store, limit)]


def show_run(store: StateStore, number: int | None) -> JsonObject:
    """Return a run, without a number the last one; raises NotFound, NotRecorded where nothing has been pulled."""
    from proxmox_mpc.state.history import changes, find_run, first_run, runs

    if number is None:
        last = runs(store, 1)
        if not last:
            raise NotRecorded("nothing has been pulled yet")
        number = last[0].id
    record = find_run(store, number)
    if record is None and number < first_run(store):
        raise NotRecorded(f"run {number} was pruned", hint="pmpc sync log lists the runs that are kept")
    if record is None:
        raise NotFound(f"there is no run {number}", hint="pmpc sync log lists the runs")
    return run_page(store, record, changes(store, number), number == 1)


def guest_changes(store: StateStore, vmid: int) -> list[JsonObject]:
    """Return what pulls found changed about a guest, one row a key; raises NotRecorded for one never seen."""
    from proxmox_mpc.state.deeds import run_before
    from proxmox_mpc.state.history import guest_history

    found: list[JsonObject] = []
    for run, told in groupby(guest_history(store, vmid), key=lambda one: one[0].id):
        pairs = [*told]
        record = pairs[0][0]
        authors = authors_of(store, run_before(store, run), record, str(vmid))
        for change in folded([change for _, change in pairs]):
            about: JsonObject = {"run": run, "time": record.ran.finished, "action": change.action}
            about |= {"kind": change.kind, "id": change.key}
            if not change.keys:
                found.append({**about, "key": None, "old": None, "new": None, **authors.of(change).row()})
            for one in change.keys:
                row: JsonObject = {**about, "key": one.key, "old": one.old, "new": one.new}
                found.append(row | authors.of(change, one.key, one.new).row())
    if not found:
        raise NotRecorded(f"guest {vmid} has not been recorded by any pull")
    return found


def state_status(place: Path | Server, now: Now) -> JsonObject:
    """Return age and health of the database; raises StateDamaged and StateTooNew where it cannot be read."""
    found = light.health(place, now)
    if not found.exists:
        return _status(found, [], now)
    with light.reading(place, now) as reader:
        reader.prove_sound()
        covered = reader.rows('SELECT "group", node, run, at FROM coverage ORDER BY "group", node')
    kinds: list[JsonObject] = [
        {"kind": str(group), "node": str(node) or None, "run": int(str(run)), "time": str(at)}
        for group, node, run, at in covered
    ]
    return _status(found, kinds, now)


def _status(health: light.Health, kinds: list[JsonObject], now: Now) -> JsonObject:
    stale: JsonObject = {**(health.stale or {})}
    rows: list[Json] = [
        {**row, "age": _age(str(row["time"]), now)} for row in sorted(kinds, key=lambda row: _place(str(row["kind"])))
    ]
    return {
        "database": health.path,
        "exists": health.exists,
        "size": health.size,
        "schema": health.revision,
        "last_pull": health.last_pull,
        "age": None if health.last_pull is None else _age(health.last_pull, now),
        "outcome": health.last_outcome,
        "failure": health.last_failure,
        "guests": health.guests,
        "stale": stale,
        "checked": health.checked,
        "kinds": rows,
    }


def _place(group: str) -> int:
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


def _age(moment: str, now: Now) -> int:
    return max(0, int(now() - epoch(moment)))
