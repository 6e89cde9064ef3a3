"""Manifests as sync writes them: declared from live, brought up to date by a pull, forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.declared.base import BaseEntry
from proxmox_mpc.declared.edit import new_text
from proxmox_mpc.declared.format import formatted
from proxmox_mpc.declared.manifest import Ident, Resolved
from proxmox_mpc.declared.names import path_of
from proxmox_mpc.declared.schema import write_schemas
from proxmox_mpc.declared.writing import carried, drop, save
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.merge import KeyMerge
from proxmox_mpc.domain.shape import rows
from proxmox_mpc.errors import Conflict
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_kinds import LiveObject
from proxmox_mpc.services.sync_rows import FILE_FIELDS
from proxmox_mpc.services.sync_session import Session

Action: TypeAlias = Literal["written", "changed", "unchanged", "removed"]
FILE_ROWS = rows(*FILE_FIELDS, doc="Manifests and what was done to them.")


class FileChange(NamedTuple):
    """What was done to one manifest."""

    action: Action
    kind: str
    ident: str
    name: str | None
    path: str
    keys: tuple[str, ...] = ()

    def row(self) -> JsonObject:
        """Return it as a row of FILE_ROWS."""
        return {
            "action": self.action,
            "kind": self.kind,
            "id": self.ident,
            "name": self.name,
            "file": self.path,
            "keys": [*self.keys],
        }


def take_pulled(session: Session, merges: Iterable[Merge]) -> list[FileChange]:
    """Write what only live has changed into the manifests; comments and order of a file stay."""
    done: list[FileChange] = []
    for one in merges:
        pulled = one.of("pull") if one.state == "both" else []
        if pulled and one.declared is not None:
            done.append(_edit(session, one.declared, {key.key: key.live for key in pulled}, one.name))
    return done


def _edit(session: Session, declared: Resolved, wanted: Mapping[str, str | None], name: str | None) -> FileChange:
    manifest = declared.manifest
    sets = {key: value for key, value in wanted.items() if value is not None}
    text = carried(declared, sets, wanted.keys() - sets.keys())
    changed = save(session.infra, manifest.path, text, manifest.text)
    action: Action = "changed" if changed else "unchanged"
    keys = tuple(wanted) if changed else ()
    return FileChange(action, manifest.kind, manifest.ident, name, manifest.path, keys)


def declare(
    session: Session, lives: Mapping[Ident, LiveObject], chosen: Iterable[Ident], *, force: bool, agreed: bool = True
) -> list[FileChange]:
    """Write the manifests of the chosen objects as they are on the cluster, and what was agreed with them.

    ``agreed`` False leaves the base alone: then what is written is a wish, as with a state of the past. Raises
    Conflict where a manifest has changes that were not pushed, unless ``force``; then nothing was written.
    """
    wanted = [lives[ident] for ident in chosen]
    merges = {one.ident_pair: one for one in session.look()}
    if not force:
        _refuse_unpushed(merges.get((one.kind, one.ident)) for one in wanted)
    write_schemas(session.infra)
    done: list[FileChange] = []
    for live in wanted:
        there = merges.get((live.kind, live.ident))
        resolved = there.declared if there is not None else None
        done.append(_declare(session, live, resolved))
    if agreed:
        entries = {
            (one.kind, one.ident): BaseEntry(one.identity, _untracked(session, one, merges.get((one.kind, one.ident))))
            for one in wanted
        }
        session.base.write_all(entries)
    return done


def _declare(session: Session, live: LiveObject, resolved: Resolved | None) -> FileChange:
    keys = {key: value for key, value in live.keys.items() if key != "status"}
    if resolved is None:
        path = path_of(live.kind, live.ident, live.name)
        save(session.infra, path, new_text(live.kind, live.ident, keys, live.name), None)
        return FileChange("written", live.kind, live.ident, live.name, path, tuple(keys))
    kind = session.kinds[live.kind]
    there = resolved.keys
    if "status" in resolved.track:
        keys["status"] = live.keys.get("status", "stopped")
    wanted: dict[str, str | None] = {
        key: value for key, value in keys.items() if not kind.same(key, there.get(key), value)
    }
    wanted |= {
        key: None
        for key in there
        if key not in keys and kind.compared(key, resolved.track) and not kind.same(key, there[key], None)
    }
    if not wanted:
        return FileChange("unchanged", live.kind, live.ident, live.name, resolved.manifest.path)
    return _edit(session, resolved, wanted, live.name)


def _untracked(session: Session, live: LiveObject, there: Merge | None) -> dict[str, str | None]:
    track = there.declared.track if there is not None and there.declared is not None else ()
    return {key: value for key, value in live.keys.items() if session.kinds[live.kind].compared(key, track)}


def _refuse_unpushed(merges: Iterable[Merge | None]) -> None:
    open_keys: list[tuple[Merge, list[KeyMerge]]] = [
        (one, one.of("push", "conflict")) for one in merges if one is not None and one.state == "both"
    ]
    held = [(one, keys) for one, keys in open_keys if keys]
    if held:
        one, keys = held[0]
        more = f", and {len(held) - 1} more manifests" if len(held) > 1 else ""
        raise Conflict(
            f"{one.label}: its manifest has changes that were not pushed ({', '.join(k.key for k in keys)}){more}",
            hint="pmpc sync diff shows them; --force writes over them",
            details={"objects": [f"{m.kind}/{m.ident}" for m, _ in held]},
        )


def reformat(session: Session, chosen: Iterable[Resolved], *, write: bool) -> list[FileChange]:
    """Bring manifests into canonical form, and return those that are not; without ``write`` nothing is written."""
    done: list[FileChange] = []
    for one in chosen:
        manifest = one.manifest
        text = formatted(manifest.text, manifest.path)
        if text != manifest.text:
            if write:
                save(session.infra, manifest.path, text, manifest.text)
            name = one.keys.get("name") or one.keys.get("hostname")
            done.append(FileChange("changed", one.kind, one.ident, name, manifest.path))
    return done


def forget(session: Session, chosen: Iterable[Merge]) -> list[FileChange]:
    """Remove manifests and what was agreed with them; the cluster is not touched."""
    done: list[FileChange] = []
    for one in chosen:
        path = ""
        # The file first: without it an agreed object is only reported, while without a base it would be a conflict.
        if one.declared is not None:
            path = one.declared.manifest.path
            drop(session.infra, path, one.declared.manifest.text)
        session.base.remove(one.kind, one.ident)
        done.append(FileChange("removed", one.kind, one.ident, one.name, path))
    return done
