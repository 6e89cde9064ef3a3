"""What changed in the recorded state since a moment: the net change, key by key."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.moments import Moment
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.services.authorship import AUTHOR_FIELDS, authors_of
from proxmox_mpc.services.history_fold import folded
from proxmox_mpc.state.batch import RunRecord

if TYPE_CHECKING:
    from proxmox_mpc.state.store import StateStore

ACTIONS = ("added", "changed", "removed")
SINCE_ROWS = rows(
    Field("action", "string", "added, changed or removed", choices=ACTIONS),
    Field("kind", "string", "the kind of object: guest (where it is, its state), config (a guest's configuration), …"),
    Field("id", "string", "the object's id"),
    Field("name", "string?", "the name of the guest that it is, or belongs to"),
    Field("key", "string?", "the key that changed; null for an object that came or went"),
    Field("old", "any?", "its value then; null: it was not set"),
    Field("new", "any?", "its value now; null: it is not set"),
    *AUTHOR_FIELDS,
    Field("run", "integer", "the last run that found the object changed", level="wide"),
    doc="What is recorded otherwise now than then, one row a key; what changed and changed back is not among it.",
)


class Since(NamedTuple):
    """The rows of SINCE_ROWS, and the run after which they count."""

    rows: list[JsonObject]
    then: RunRecord


def since(store: StateStore, moment: Moment, kinds: Collection[str] = (), ids: Collection[str] = ()) -> Since:
    """Return the net change since a moment, of some kinds and ids (vmids as text) or of all.

    Raises NotFound for a run that never was, NotRecorded for a moment before the first run.
    """
    from proxmox_mpc.state.history import find_run, run_at, runs
    from proxmox_mpc.state.history_since import changes_since

    then = run_at(store, moment)
    found = changes_since(store, then.id, kinds, ids)
    last = {one.run for one in found}
    newest = find_run(store, max(last)) if last else (runs(store, 1) or [then])[0]
    authors = authors_of(store, then, newest or then)
    by_object = {(one.change.kind, one.change.key): one.run for one in found}
    told: list[JsonObject] = []
    for change in folded([one.change for one in found]):
        about: JsonObject = {"action": change.action, "kind": change.kind, "id": change.key, "name": change.name}
        run = by_object[change.kind, change.key]
        if not change.keys:
            whole: JsonObject = {"key": None, "old": None, "new": None}
            told.append({**about, **whole, **authors.of(change).row(), "run": run})
        for one in change.keys:
            values: JsonObject = {"key": one.key, "old": one.old, "new": one.new}
            told.append({**about, **values, **authors.of(change, one.key, one.new).row(), "run": run})
    return Since(told, then)
