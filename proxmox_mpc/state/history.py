"""What is recorded and what has changed: current documents, runs, the changes of a run, an object's versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, case, literal, null, or_, select
from sqlalchemy.sql.elements import ColumnElement

from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.state.batch import ObjectChange, Ran, RunRecord, Version
from proxmox_mpc.state.documents import difference, parsed
from proxmox_mpc.state.kinds import KINDS
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA

_V = METADATA.tables["object_version"]
_RUNS = METADATA.tables["run"]
_GUESTS = METADATA.tables["guest"]
_CONFIGS = METADATA.tables["guest_config"]
_STEP = 500
"""Keys asked for in one query; SQLite allows 32,766 values in one, older builds 999."""

GUEST_KINDS = ("guest", "config", "pending", "snapshot")


@dataclass(frozen=True, slots=True)
class ConfigMark:
    """What a pull needs to know of a recorded configuration: PVE's digest of it and whose it is."""

    digest: str | None
    identity: str | None


def current_digests(store: StateStore, kind: str) -> dict[str, str]:
    """Return the digest of every object of a kind that is recorded now, by key; "" for a kind without history."""
    known = KINDS[kind]
    query = select(_V.c.key, _V.c.digest).where(_V.c.kind == kind, _V.c.valid_to.is_(None))
    if not known.history:
        query = select(METADATA.tables[str(known.table)].c.key, literal(""))
    with store.reading() as connection:
        return dict(connection.execute(query).all())


def documents(store: StateStore, kind: str, keys: Iterable[str], run: int | None = None) -> dict[str, JsonObject]:
    """Return documents by key: the current ones, or as they were after ``run``."""
    wanted = sorted(set(keys))
    found: dict[str, JsonObject] = {}
    with store.reading() as connection:
        for start in range(0, len(wanted), _STEP):
            chunk = wanted[start : start + _STEP]
            query = select(_V.c.key, _V.c.doc).where(_V.c.kind == kind, _V.c.key.in_(chunk), _valid(run))
            found.update((key, parsed(doc)) for key, doc in connection.execute(query))
    return found


def inventory(store: StateStore, kind: str, run: int | None = None) -> dict[str, JsonObject]:
    """Return every document of a kind: the current ones, or as they were after ``run``."""
    with store.reading() as connection:
        rows = connection.execute(select(_V.c.key, _V.c.doc).where(_V.c.kind == kind, _valid(run)).order_by(_V.c.key))
        return {key: parsed(doc) for key, doc in rows}


def last_answers(store: StateStore, kind: str, keys: Iterable[str]) -> dict[str, JsonObject]:
    """Return the answers last seen of a kind with moving values, by key."""
    table = METADATA.tables[str(KINDS[kind].table)]
    wanted = sorted(set(keys))
    found: dict[str, JsonObject] = {}
    with store.reading() as connection:
        for start in range(0, len(wanted), _STEP):
            chosen = table.c.key.in_(wanted[start : start + _STEP])
            found.update(
                (key, parsed(data)) for key, data in connection.execute(select(table.c.key, table.c.data).where(chosen))
            )
    return found


def config_marks(store: StateStore) -> dict[str, ConfigMark]:
    """Return digest and identity of every recorded guest configuration, by vmid as text."""
    with store.reading() as connection:
        rows = connection.execute(select(_CONFIGS.c.key, _CONFIGS.c.digest, _CONFIGS.c.identity))
        return {key: ConfigMark(digest, identity) for key, digest, identity in rows}


def runs(store: StateStore, limit: int | None = None) -> list[RunRecord]:
    """Return the log of pulls, newest first."""
    with store.reading() as connection:
        rows = connection.execute(select(_RUNS).order_by(_RUNS.c.id.desc()).limit(limit)).mappings()
        return [_run_record(row) for row in rows]


def find_run(store: StateStore, run: int) -> RunRecord | None:
    """Return one run, None where there is none of that number."""
    with store.reading() as connection:
        row = connection.execute(select(_RUNS).where(_RUNS.c.id == run)).mappings().first()
        return None if row is None else _run_record(row)


def changes(store: StateStore, run: int) -> list[ObjectChange]:
    """Return what a run found changed, guests first, each object key by key."""
    with store.reading() as connection:
        names = dict(connection.execute(select(_GUESTS.c.key, _GUESTS.c.name)).all())
        ended = [*_ended(connection, run, names)]
        names |= {change.key: change.name for change in ended if change.kind == "guest"}
        named = [replace(change, name=_guest_name(change.kind, change.key, names)) for change in ended]
        found = [*_begun(connection, run, names), *named]
    order = list(KINDS)
    return sorted(
        found, key=lambda change: (order.index(change.kind), _natural(change.key), change.action != "removed")
    )


def versions(store: StateStore, kind: str, key: str) -> list[Version]:
    """Return an object's history, newest first."""
    begun, ended = _RUNS.alias("begun"), _RUNS.alias("ended")
    query = (
        select(_V.c.valid_from, begun.c.finished, _V.c.valid_to, ended.c.finished.label("until"), _V.c.born, _V.c.doc)
        .join(begun, begun.c.id == _V.c.valid_from)
        .join(ended, ended.c.id == _V.c.valid_to, isouter=True)
        .where(_V.c.kind == kind, _V.c.key == key)
        .order_by(_V.c.valid_from.desc())
    )
    with store.reading() as connection:
        return [
            Version(kind, key, run, since, ended_by, until, born, parsed(doc))
            for run, since, ended_by, until, born, doc in connection.execute(query)
        ]


def guest_history(store: StateStore, vmid: int) -> list[tuple[RunRecord, ObjectChange]]:
    """Return every recorded change of a guest, its configuration, pending changes and snapshots, newest first."""
    key = str(vmid)
    mine = and_(
        _V.c.kind.in_(GUEST_KINDS),
        or_(_V.c.key == key, _V.c.key.like(f"{key}/%")),
    )
    with store.reading() as connection:
        touched = (
            select(_V.c.valid_from).where(mine).union(select(_V.c.valid_to).where(mine, _V.c.valid_to.is_not(None)))
        )
        rows = connection.execute(select(_RUNS).where(_RUNS.c.id.in_(touched)).order_by(_RUNS.c.id.desc())).mappings()
        records = [_run_record(row) for row in rows]
        names = dict(connection.execute(select(_GUESTS.c.key, _GUESTS.c.name)).all())
        order = list(KINDS)
        return [
            (record, change)
            for record in records
            for change in sorted(
                [*_begun(connection, record.id, names, mine), *_ended(connection, record.id, names, mine)],
                key=lambda change: (order.index(change.kind), change.key, change.action != "removed"),
            )
        ]


def _valid(run: int | None) -> ColumnElement[bool]:
    if run is None:
        return _V.c.valid_to.is_(None)
    return and_(_V.c.valid_from <= run, or_(_V.c.valid_to.is_(None), _V.c.valid_to > run))


def _begun(
    connection: Connection, run: int, names: dict[str, str | None], only: ColumnElement[bool] | None = None
) -> Iterator[ObjectChange]:
    """Yield what was added, changed, or replaced (removed and added) in a run."""
    before = _V.alias("before")
    is_new = and_(_V.c.born == run, before.c.key.is_(None))
    query = (
        select(
            _V.c.kind,
            _V.c.key,
            _V.c.born,
            before.c.key,
            before.c.doc,
            # The documents of a first pull are many and not needed.
            case((is_new, null()), else_=_V.c.doc).label("after"),
        )
        .join(
            before, and_(before.c.kind == _V.c.kind, before.c.key == _V.c.key, before.c.valid_to == run), isouter=True
        )
        .where(_V.c.valid_from == run, *([] if only is None else [only]))
    )
    for kind, key, born, known, old, new in connection.execute(query):
        name = _guest_name(kind, key, names)
        if known is None:
            yield ObjectChange(kind, key, "added", name)
        elif born == run:
            yield ObjectChange(kind, key, "removed", text(parsed(old), "name") if kind == "guest" else name)
            yield ObjectChange(kind, key, "added", name)
        else:
            yield ObjectChange(kind, key, "changed", name, tuple(difference(parsed(old), parsed(new))))


def _ended(
    connection: Connection, run: int, names: dict[str, str | None], only: ColumnElement[bool] | None = None
) -> Iterator[ObjectChange]:
    """Yield what was removed in a run."""
    after = _V.alias("after")
    successor = select(literal(1)).where(after.c.kind == _V.c.kind, after.c.key == _V.c.key, after.c.valid_from == run)
    query = select(_V.c.kind, _V.c.key, _V.c.doc).where(
        _V.c.valid_to == run, ~successor.exists(), *([] if only is None else [only])
    )
    for kind, key, doc in connection.execute(query):
        name = text(parsed(doc), "name") if kind == "guest" else _guest_name(kind, key, names)
        yield ObjectChange(kind, key, "removed", name)


def _guest_name(kind: str, key: str, names: dict[str, str | None]) -> str | None:
    return names.get(key.partition("/")[0]) if kind in GUEST_KINDS else None


def _natural(key: str) -> tuple[tuple[int, str], ...]:
    """Sort 9 before 10 in keys such as vmids."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in key.split("/"))


def _run_record(row: RowMapping) -> RunRecord:
    warnings: Any = row["warnings"]
    ran = Ran(
        started=row["started"],
        finished=row["finished"],
        caller=row["caller"],
        scope=parsed(row["scope"]),
        outcome=row["outcome"],
        requests=row["requests"],
        warnings=tuple(parsed(warning) for warning in warnings or ()),
        error=row["error"],
    )
    return RunRecord(row["id"], ran, row["added"], row["changed"], row["removed"], row["stale"])
