"""What is recorded and what has changed: current documents, runs, the changes of a run, an object's versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, and_, case, literal, null, or_, select
from sqlalchemy.sql.elements import ColumnElement

from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.moments import Moment
from proxmox_mpc.state.batch import ObjectChange, Ran, RunRecord, Version
from proxmox_mpc.state.documents import difference, parsed
from proxmox_mpc.state.kinds import KINDS
from proxmox_mpc.state.past import FLOOR, floor_of, no_run, too_early
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA
from proxmox_mpc.state.times import stamp

_V = METADATA.tables["object_version"]
_RUNS = METADATA.tables["run"]
_GUESTS = METADATA.tables["guest"]
_CONFIGS = METADATA.tables["guest_config"]
_META = METADATA.tables["state_meta"]
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


def first_run(store: StateStore) -> int:
    """Return the first run of which all is kept; 0 where nothing was pruned."""
    with store.reading() as connection:
        return _first_run(connection)


def _first_run(connection: Connection) -> int:
    return floor_of(connection.scalar(select(_META.c.value).where(_META.c.name == FLOOR)))


def runs(
    store: StateStore, limit: int | None = None, before: int | None = None, *, pruned: bool = False
) -> list[RunRecord]:
    """Return the log of pulls, newest first; ``before`` only those of a lower number.

    With ``pruned`` also what pruning left of older runs: they happened, but not all that they found is known.
    """
    with store.reading() as connection:
        floor = 0 if pruned else _first_run(connection)
        query = select(_RUNS).where(_RUNS.c.id >= floor).order_by(_RUNS.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_RUNS.c.id < before)
        return [_run_record(row) for row in connection.execute(query).mappings()]


def find_run(store: StateStore, run: int) -> RunRecord | None:
    """Return one run, None where there is none of that number, or it was pruned."""
    with store.reading() as connection:
        kept = select(_RUNS).where(_RUNS.c.id == run, _RUNS.c.id >= _first_run(connection))
        row = connection.execute(kept).mappings().first()
        return None if row is None else _run_record(row)


def run_at(store: StateStore, moment: Moment) -> RunRecord:
    """Return the last run up to a moment that recorded something, or the one that it names.

    Raises NotFound for a run that never was, NotRecorded for a moment before the first one.
    """
    good = select(_RUNS).where(_RUNS.c.outcome != "failed")
    with store.reading() as connection:
        floor = _first_run(connection)
        if moment.run is not None:
            row = connection.execute(select(_RUNS).where(_RUNS.c.id == moment.run)).mappings().first()
            if row is None and moment.run >= floor:
                raise no_run(moment.run)
        else:
            until = good.where(_RUNS.c.finished <= stamp(moment.at or 0.0)).order_by(_RUNS.c.id.desc())
            row = connection.execute(until.limit(1)).mappings().first()
        first = connection.execute(good.where(_RUNS.c.id >= floor).order_by(_RUNS.c.id).limit(1)).mappings().first()
        if row is None or first is None or row["id"] < first["id"]:
            raise too_early(moment, None if first is None else (first["id"], first["finished"]), floor > 0)
        return _run_record(row)


def changes(store: StateStore, run: int) -> list[ObjectChange]:
    """Return what a run found changed, guests first, each object key by key."""
    with store.reading() as connection:
        names = dict(connection.execute(select(_GUESTS.c.key, _GUESTS.c.name)).all())
        ended = [*_ended(connection, run, names)]
        names |= {change.key: change.name for change in ended if change.kind == "guest"}
        named = [replace(change, name=_guest_name(change.kind, change.key, names)) for change in ended]
        found = [*_begun(connection, run, names), *named]
    order = list(KINDS)
    return sorted(found, key=lambda change: (order.index(change.kind), natural(change.key), change.action != "removed"))


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
    columns = (_V.c.kind, _V.c.key, _V.c.valid_from, _V.c.valid_to, _V.c.born, _V.c.doc)
    whole = select(*columns).where(_V.c.kind.in_(GUEST_KINDS[:3]), _V.c.key == key)
    # A range, so that the primary key finds them; "0" is the character after "/".
    parts = select(*columns).where(_V.c.kind == "snapshot", _V.c.key >= f"{key}/", _V.c.key < f"{key}0")
    with store.reading() as connection:
        rows = [*connection.execute(whole), *connection.execute(parts)]
        rows.sort(key=lambda row: (row.kind, row.key, row.valid_from))
        floor = _first_run(connection)
        name = connection.scalar(select(_GUESTS.c.name).where(_GUESTS.c.key == key))
        found = [
            one
            for (kind, of), versions_of in groupby(rows, key=lambda row: (row.kind, row.key))
            for one in _told(kind, of, name, [*versions_of])
            if one[0] >= floor
        ]
        numbers = sorted({run for run, _ in found})
        records: dict[int, RunRecord] = {}
        for start in range(0, len(numbers), _STEP):
            query = select(_RUNS).where(_RUNS.c.id.in_(numbers[start : start + _STEP]))
            records |= {row["id"]: _run_record(row) for row in connection.execute(query).mappings()}
    order = list(KINDS)
    found.sort(key=lambda one: (-one[0], order.index(one[1].kind), one[1].key, one[1].action != "removed"))
    return [(records[run], change) for run, change in found]


def _told(kind: str, key: str, name: str | None, rows: Sequence[Row[Any]]) -> Iterator[tuple[int, ObjectChange]]:
    """Yield what the versions of one object tell, oldest first: the run, and what it found."""
    before: Row[Any] | None = None
    for row in rows:
        if before is None or before.valid_to != row.valid_from:
            yield row.valid_from, ObjectChange(kind, key, "added", name)
        elif row.born == row.valid_from:
            gone = text(parsed(before.doc), "name") if kind == "guest" else name
            yield row.valid_from, ObjectChange(kind, key, "removed", gone)
            yield row.valid_from, ObjectChange(kind, key, "added", name)
        else:
            keys = tuple(difference(parsed(before.doc), parsed(row.doc)))
            yield row.valid_from, ObjectChange(kind, key, "changed", name, keys)
        following = next((one for one in rows if one.valid_from == row.valid_to), None)
        if row.valid_to is not None and following is None:
            yield row.valid_to, ObjectChange(kind, key, "removed", name)
        before = row


def _valid(run: int | None) -> ColumnElement[bool]:
    if run is None:
        return _V.c.valid_to.is_(None)
    return and_(_V.c.valid_from <= run, or_(_V.c.valid_to.is_(None), _V.c.valid_to > run))


def _begun(connection: Connection, run: int, names: dict[str, str | None]) -> Iterator[ObjectChange]:
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
        .where(_V.c.valid_from == run)
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


def _ended(connection: Connection, run: int, names: dict[str, str | None]) -> Iterator[ObjectChange]:
    """Yield what was removed in a run."""
    after = _V.alias("after")
    successor = select(literal(1)).where(after.c.kind == _V.c.kind, after.c.key == _V.c.key, after.c.valid_from == run)
    query = select(_V.c.kind, _V.c.key, _V.c.doc).where(_V.c.valid_to == run, ~successor.exists())
    for kind, key, doc in connection.execute(query):
        name = text(parsed(doc), "name") if kind == "guest" else _guest_name(kind, key, names)
        yield ObjectChange(kind, key, "removed", name)


def _guest_name(kind: str, key: str, names: dict[str, str | None]) -> str | None:
    return names.get(key.partition("/")[0]) if kind in GUEST_KINDS else None


def natural(key: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts 9 before 10 in keys such as vmids."""
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
