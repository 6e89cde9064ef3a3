"""What sync commands print: differences, one row for each object or key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.merge import KeyMerge
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.services.authorship import AUTHOR_FIELDS, NOBODY
from proxmox_mpc.services.sync_compare import Merge

CHANGED = ("live", "declared", "both")
ACTIONS = ("pull", "push", "conflict", "create", "delete", "unknown", "added", "changed", "removed")
DIFF_FIELDS = (
    Field("kind", "string", "vm, ct, pool, …"),
    Field("id", "string", "the object's id: for a guest its vmid"),
    Field("name", "string?", "its name"),
    Field("key", "string?", "the key that differs; null: the object as a whole"),
    Field("changed", "string?", "who changed it since both agreed; null: it cannot be told", choices=CHANGED),
    Field(
        "action",
        "string",
        "what sync would do: pull takes it into the file, push, create and delete change the cluster, conflict and "
        "unknown are left alone; with --since: added, changed, removed",
        choices=ACTIONS,
    ),
    Field("base", "any?", "the value on which both sides last agreed; with --since the value then"),
    Field("live", "any?", "the value on the cluster"),
    Field("declared", "any?", "the value in the manifest"),
    Field("file", "string?", "the manifest, below infra/", level="wide"),
    Field("note", "string?", "what there is to say about it"),
    *AUTHOR_FIELDS,
)
DIFF_ROWS = rows(*DIFF_FIELDS, doc="What differs between the manifests and the cluster, and who changed it.")

FILE_FIELDS = (
    Field("action", "string", "what became of the file", choices=("written", "changed", "unchanged", "removed")),
    Field("kind", "string", "vm, ct, pool, …"),
    Field("id", "string", "the object's id"),
    Field("name", "string?", "its name"),
    Field("file", "string", "the manifest, below infra/"),
    Field("keys", "list", "the keys that were written or taken out"),
)

_WHO = {"pull": "live", "push": "declared", "conflict": "both"}
_NOTES = {
    "gone": ("live", "conflict", "it is no longer on the cluster; push creates it again, sync forget drops it"),
    "other": (None, "conflict", "another guest has this id now: nothing is done to it"),
    "unknown": (None, "unknown", "the last pull could not confirm it"),
    "new": ("declared", "create", None),
}


def diff_rows(merges: Iterable[Merge]) -> list[JsonObject]:
    """Return the rows of DIFF_ROWS for everything that differs."""
    return [row for one in merges if one.differs for row in _rows(one)]


def _rows(one: Merge) -> Iterator[JsonObject]:
    if one.state == "both":
        yield from (key_row(one, key) for key in one.of("pull", "push", "conflict"))
    elif one.state == "dropped":
        note = "its manifest was removed: push --prune deletes it, sync declare writes it again, sync forget drops it"
        action, who = "delete", "declared"
        if one.conflicts:
            names = ", ".join(key.key for key in one.of("pull", "conflict"))
            action, who, note = "conflict", "both", f"its manifest was removed, and since then it was changed: {names}"
        yield _row(one, who, action, note)
    else:
        who_else, action, text = _NOTES[one.state]
        yield _row(one, who_else, action, text)


def key_row(one: Merge, key: KeyMerge) -> JsonObject:
    """Return the row of one key."""
    note = None if key.based else "the two sides never agreed on it"
    return {
        **_row(one, _WHO[key.verdict] if key.based else None, key.verdict, note),
        "key": key.key,
        "base": key.base,
        "live": key.live,
        "declared": key.declared,
    }


def _row(one: Merge, who: str | None, action: str, note: str | None) -> JsonObject:
    return {
        "kind": one.kind,
        "id": one.ident,
        "name": one.name,
        "key": None,
        "changed": who,
        "action": action,
        "base": None,
        "live": None,
        "declared": None,
        "file": str(one.declared.manifest.path) if one.declared is not None else None,
        "note": note,
        **NOBODY.row(),
    }


def since_rows(found: Iterable[JsonObject]) -> list[JsonObject]:
    """Return rows of ``since.SINCE_ROWS`` in the shape of DIFF_ROWS."""
    return [
        {
            "kind": row["kind"],
            "id": row["id"],
            "name": row["name"],
            "key": row["key"],
            "changed": "live",
            "action": row["action"],
            "base": row["old"],
            "live": row["new"],
            "declared": None,
            "file": None,
            "note": None,
            **{field.key: row[field.key] for field in AUTHOR_FIELDS},
        }
        for row in found
    ]
