"""A change written into manifests instead of sent: the same plan, made on what is declared, and then read as edits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from proxmox_mpc.declared.edit import new_text
from proxmox_mpc.declared.manifest import Ident, Resolved
from proxmox_mpc.declared.names import path_of
from proxmox_mpc.declared.schema import write_schemas
from proxmox_mpc.declared.writing import carried, save
from proxmox_mpc.domain.call import FormValue, Value
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, JsonObject, Param, as_rows, integer, split_list, text
from proxmox_mpc.domain.plan import Cannot, Lane, Plan, Send, Take
from proxmox_mpc.domain.source import Answer, Query, Source
from proxmox_mpc.errors import AlreadyExists, Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services.sync_session import Session

_CONFIG = re.compile(r"/nodes/[^/]+/(qemu|lxc)/(\d+)/config")
_CREATE = re.compile(r"/nodes/([^/]+)/(qemu|lxc)")
_START = re.compile(r"/nodes/[^/]+/(?:qemu|lxc)/(?:\d+|\{[^}]+\})/status/start")
_KINDS = {"qemu": "vm", "lxc": "ct"}
_TYPES = {kind: sort for sort, kind in _KINDS.items()}
_BESIDE = frozenset({"vmid", "digest", "delete", "node", "start", "unique", "force"})
_LAST_ID = 999_999_999


class DeclaredSource:
    """The live cluster, in which guests are as their manifests say: plans made on it change the manifests."""

    live = True

    def __init__(self, source: Source, session: Session) -> None:
        self._source = source
        self._declared = session.declared()

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        """Return what the cluster answers, or what is declared."""
        if found := _CONFIG.fullmatch(path):
            return self._config((_KINDS[found[1]], found[2]))
        if path == "/cluster/nextid":
            return self._next_id(params or {})
        answer = self._source.read(path, params)
        return [*as_rows(answer, path), *self._new_guests(answer)] if path == "/cluster/resources" else answer

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        """Return the same with what else an answer carries."""
        if _CONFIG.fullmatch(path) or path in ("/cluster/nextid", "/cluster/resources"):
            return Answer(self.read(path, params))
        return self._source.answer(path, params)

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return many answers; those of the cluster are asked for together."""
        own = [bool(_CONFIG.fullmatch(query.path)) for query in queries]
        there = iter(self._source.read_many([query for query, mine in zip(queries, own, strict=True) if not mine]))
        return [self._try(query) if mine else next(there) for query, mine in zip(queries, own, strict=True)]

    def _try(self, query: Query) -> Json | PmpcError:
        try:
            return self.read(query.path, query.params)
        except PmpcError as error:
            return error

    def _config(self, ident: Ident) -> JsonObject:
        declared = self._declared.get(ident)
        if declared is None:
            raise NotFound(
                f"{ident[0].upper()} {ident[1]} has no manifest", hint=f"write one first: pmpc sync declare {ident[1]}"
            )
        return {key: value for key, value in declared.keys.items() if key not in ("node", "pool", "status")}

    def _next_id(self, params: Mapping[str, Param]) -> Json:
        asked = integer({"vmid": str(params.get("vmid", ""))}, "vmid")
        if asked is not None:
            if self._is_declared(asked):
                raise Conflict(f"{asked} is declared already")
            return self._source.read("/cluster/nextid", params)
        number = integer({"id": self._source.read("/cluster/nextid")}, "id") or 100
        while self._is_declared(number) and number < _LAST_ID:
            number += 1
        return str(number)

    def _is_declared(self, vmid: int) -> bool:
        return any((kind, str(vmid)) in self._declared for kind in _TYPES)

    def _new_guests(self, answer: Json) -> list[Json]:
        known = {integer(row, "vmid") for row in as_rows(answer, "/cluster/resources")}
        return [
            {
                "type": _TYPES[one.kind],
                "vmid": int(one.ident),
                "node": one.keys.get("node") or "",
                "name": one.keys.get("name") or one.keys.get("hostname"),
                "tags": one.keys.get("tags"),
                "pool": one.keys.get("pool"),
                "status": "stopped",
                "id": f"{_TYPES[one.kind]}/{one.ident}",
            }
            for one in self._declared.values()
            if one.kind in _TYPES and int(one.ident) not in known
        ]


class Edit(NamedTuple):
    """What becomes of one guest's manifest: ``wanted`` by key, None for one that goes; ``new`` where there is none."""

    kind: str
    ident: str
    name: str | None
    node: str | None
    new: bool
    wanted: Mapping[str, str | None]
    track: tuple[str, ...] = ()


def edits_of(plan: Plan, source: Source) -> list[Edit]:
    """Return the edits that a plan amounts to; raises UsageError for a step that no manifest can say."""
    found = [_edit_of(lane, source) for lane in plan.lanes() if lane.sends or _error(lane) is not None]
    taken: set[str] = set()
    for one in found:
        if one.new and one.ident in taken:
            raise AlreadyExists(f"{one.ident} would be declared twice")
        taken.add(one.ident)
    return found


def _error(lane: Lane) -> PmpcError | None:
    return next((step.error for step in lane.steps if isinstance(step, Cannot)), None)


def _edit_of(lane: Lane, source: Source) -> Edit:
    error = _error(lane)
    if error is not None:
        raise error
    known: dict[str, Value] = {}
    for step in lane.steps:
        if isinstance(step, Take):
            known[step.slot.name] = step.read(source, known, frozenset())
    ident, node, new = str(lane.target.id), None, False
    wanted: dict[str, str | None] = {}
    track: tuple[str, ...] = ()
    for send in lane.sends:
        call = send.call.filled(known)
        if made := _CREATE.fullmatch(call.path):
            ident, node, new = str(call.form["vmid"]), made[1], True
            wanted |= {"node": node, **_texts(call.form)}
        elif _CONFIG.fullmatch(call.path):
            wanted |= {**_texts(call.form), **dict.fromkeys(split_list(_plain(call.form.get("delete"))))}
        elif _START.fullmatch(call.path):
            wanted["status"], track = "running", ("status",)
        else:
            raise _unsayable(send)
    name = lane.target.name if isinstance(lane.target.name, str) else None
    return Edit(lane.target.kind, ident, name, node, new, wanted, track)


def _texts(form: Mapping[str, FormValue]) -> dict[str, str]:
    secret = [key for key, value in form.items() if isinstance(value, Secret)]
    if secret:
        raise UsageError(
            f"{', '.join(secret)}: a manifest holds no secret",
            hint="leave it out, and set it once the guest is there: pmpc vm set ID --password-from …",
        )
    return {key: _plain(value) for key, value in form.items() if key not in _BESIDE and value is not None}


def _plain(value: FormValue) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)


def _unsayable(send: Send) -> UsageError:
    return UsageError(
        f"--declare: no manifest can say: {send.says}", hint="leave that option out, or do it without --declare"
    )


def apply_edits(session: Session, edits: Sequence[Edit], *, dry_run: bool) -> list[JsonObject]:
    """Write the manifests, and return a row of what writes print for each."""
    declared = session.declared()
    if edits and not dry_run:
        write_schemas(session.infra)
    return [_applied(session, one, declared.get((one.kind, one.ident)), dry_run) for one in edits]


def _applied(session: Session, one: Edit, resolved: Resolved | None, dry_run: bool) -> JsonObject:
    if one.new and resolved is not None:
        raise AlreadyExists(f"{one.kind.upper()} {one.ident} is declared already in {resolved.manifest.path}")
    sets = {key: value for key, value in one.wanted.items() if value is not None}
    if resolved is None:
        path = path_of(one.kind, one.ident, one.name)
        made, was = new_text(one.kind, one.ident, sets, one.name, one.track), None
    else:
        path, was = resolved.manifest.path, resolved.manifest.text
        made = carried(resolved, sets, one.wanted.keys() - sets.keys())
    changed = made != was
    if changed and not dry_run:
        save(session.infra, path, made, was)
    return {
        "action": "declare",
        "kind": one.kind,
        "id": int(one.ident),
        "name": one.name,
        "node": one.node or (text({"node": resolved.keys.get("node")}, "node") if resolved is not None else None),
        "status": "unchanged" if not changed else "planned" if dry_run else "done",
        "changed": changed and not dry_run,
        "upid": None,
        "duration": None,
        "error": None,
        "operation": None,
        "calls": None,
        "file": path,
    }
