"""How a pull is stored: one transaction, bulk statements, no history for what did not change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from proxmox_mpc.state.batch import Batch, Findings, Item, Ran
from proxmox_mpc.state.documents import JsonText, canonical
from proxmox_mpc.state.kinds import GROUPS, KINDS, Kind
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA

_VERSIONS = METADATA.tables["object_version"]
_RUNS = METADATA.tables["run"]
_COVERAGE = METADATA.tables["coverage"]
_PARTS = {"config": (("disk", "guest"), ("nic", "guest")), "pool": (("pool_member", "pool"),)}
"""Tables whose rows belong to an object of a kind, and the column that names it."""


@dataclass(slots=True)
class _Counts:
    added: int = 0
    changed: int = 0
    removed: int = 0
    stale: int = 0


def record(store: StateStore, batch: Batch) -> int:
    """Store one pull and return its run id; a crash at any moment leaves the database as before or after."""
    with store.writing() as connection:
        run = _begin_run(connection, batch.ran)
        counts = _Counts()
        for findings in sorted(batch.findings, key=_position):
            _store_kind(connection, run, _last_seen(connection, findings, batch.ran.finished), findings, counts)
        _store_answers(connection, run, batch)
        totals = {name: getattr(counts, name) for name in _Counts.__slots__}
        connection.execute(update(_RUNS).where(_RUNS.c.id == run).values(**totals))
        return run


def record_failure(store: StateStore, ran: Ran) -> int:
    """Store a run that could not be done, so that the log shows it; nothing else is touched."""
    with store.writing() as connection:
        return _begin_run(connection, ran)


def _last_seen(connection: Connection, findings: Findings, now: str) -> str:
    """Return since when what is not confirmed now is stale: the last time that its group was read."""
    query = select(func.max(_COVERAGE.c.at)).where(_COVERAGE.c.group == KINDS[findings.kind].group)
    return connection.execute(query).scalar() or now


def _position(findings: Findings) -> int:
    """Guests come before what refers to them."""
    return list(KINDS).index(findings.kind)


def _begin_run(connection: Connection, ran: Ran) -> int:
    values = {
        "started": ran.started,
        "finished": ran.finished,
        "scope": ran.scope,
        "outcome": ran.outcome,
        "caller": ran.caller,
        "requests": ran.requests,
        "added": 0,
        "changed": 0,
        "removed": 0,
        "stale": 0,
        "warnings": list(ran.warnings),
        "error": ran.error,
    }
    key = connection.execute(insert(_RUNS).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _store_kind(connection: Connection, run: int, seen: str, findings: Findings, counts: _Counts) -> None:
    kind = KINDS[findings.kind]
    changed: list[Item] = findings.seen
    if kind.history:
        changed = _store_versions(connection, run, kind, findings, counts)
    if kind.table is not None:
        _store_rows(connection, METADATA.tables[kind.table], kind, seen, findings, changed)
        counts.stale += len(findings.stale) if kind.name != "config" else 0


def _store_versions(connection: Connection, run: int, kind: Kind, findings: Findings, counts: _Counts) -> list[Item]:
    """Close what ended, begin what is new; returns the items that differ from what was recorded."""
    current_rows = select(_VERSIONS.c.key, _VERSIONS.c.digest, _VERSIONS.c.born).where(
        _VERSIONS.c.kind == kind.name, _VERSIONS.c.valid_to.is_(None)
    )
    current = {key: (digest, born) for key, digest, born in connection.execute(current_rows)}
    changed = [item for item in findings.seen if item.replaced or current.get(item.key, ("",))[0] != item.digest]
    gone = findings.gone & current.keys()
    ended = [item.key for item in changed if item.key in current]
    if ended or gone:
        connection.execute(
            update(_VERSIONS)
            .where(_VERSIONS.c.kind == kind.name, _VERSIONS.c.key == bindparam("ended"), _VERSIONS.c.valid_to.is_(None))
            .values(valid_to=run),
            [{"ended": key} for key in (*ended, *sorted(gone))],
        )
    if changed:
        connection.execute(
            insert(_VERSIONS),
            [
                {
                    "kind": kind.name,
                    "key": item.key,
                    "valid_from": run,
                    "valid_to": None,
                    "born": run if item.replaced or item.key not in current else current[item.key][1],
                    "digest": item.digest,
                    "doc": item.doc,
                }
                for item in changed
            ],
        )
    replaced = sum(1 for item in changed if item.replaced and item.key in current)
    counts.added += len(changed) - len(ended) + replaced
    counts.changed += len(ended) - replaced
    counts.removed += len(gone) + replaced
    return changed


def _store_rows(
    connection: Connection, table: Table, kind: Kind, at: str, findings: Findings, changed: list[Item]
) -> None:
    """Bring a kind's table up to date: moving values always, the rest only where something differs."""
    stale_rows = select(table.c.key, table.c.stale_since).where(table.c.stale_since.is_not(None))
    stale = dict(connection.execute(stale_rows).all())
    if findings.gone:
        _delete(connection, table, "key", sorted(findings.gone))
    # PVE's digest of a configuration may differ where the document does not.
    written = findings.seen if kind.moving or kind.name == "config" else changed
    if written:
        _upsert(connection, table, [_row(item, at, findings, stale, kind.moving) for item in written])
        for part, owner in _PARTS.get(kind.name, ()):
            _replace_parts(connection, METADATA.tables[part], owner, changed)
    newly = findings.stale - stale.keys() - {item.key for item in written}
    _set_stale(connection, table, newly, at)
    back = stale.keys() & (findings.confirmed | {item.key for item in findings.seen}) - findings.stale
    _set_stale(connection, table, back - {item.key for item in written}, None)


def _row(item: Item, at: str, findings: Findings, stale: dict[str, str], moving: bool) -> dict[str, Any]:
    since = stale.get(item.key, at) if item.key in findings.stale else None
    row: dict[str, Any] = {"key": item.key, "stale_since": since, **item.columns}
    if moving:
        row["data"] = item.data
    return row


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)


def _replace_parts(connection: Connection, table: Table, owner: str, items: list[Item]) -> None:
    _delete(connection, table, owner, [item.key for item in items])
    rows = [row for item in items for row in item.parts.get(table.name, ())]
    if rows:
        connection.execute(insert(table), rows)


def _delete(connection: Connection, table: Table, column: str, keys: list[str]) -> None:
    if keys:
        connection.execute(delete(table).where(table.c[column] == bindparam("gone")), [{"gone": key} for key in keys])


def _set_stale(connection: Connection, table: Table, keys: Iterable[str], since: str | None) -> None:
    rows = [{"marked": key, "since": since} for key in sorted(keys)]
    if rows:
        statement = update(table).where(table.c.key == bindparam("marked")).values(stale_since=bindparam("since"))
        connection.execute(statement, rows)


def _store_answers(connection: Connection, run: int, batch: Batch) -> None:
    at = batch.ran.finished
    if batch.answers:
        rows = [{"path": path, "at": at, "data": _text(data)} for path, data in batch.answers.items()]
        _upsert(connection, METADATA.tables["answer"], rows)
    if batch.coverage:
        known = [(group, node) for group, node in batch.coverage if group in GROUPS]
        covered = [{"group": group, "node": node, "run": run, "at": at} for group, node in known]
        _upsert(connection, _COVERAGE, covered)


def _text(data: Any) -> JsonText:
    return canonical(data)
