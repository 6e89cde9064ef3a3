"""Retention: what of the history is older than the oldest run to keep goes, and the file shrinks.

A run is kept wholly or not at all. What is recorded now, and whatever a kept run needs to be shown as it was, stays, as
do the rows of older runs that it refers to: they are no longer listed. The journal is never touched.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Text, case, cast, delete, func, insert, select, union, update
from sqlalchemy.sql.elements import ColumnElement

from proxmox_mpc.domain.moments import epoch
from proxmox_mpc.state.documents import parsed
from proxmox_mpc.state.faults import translated
from proxmox_mpc.state.history import first_run, runs
from proxmox_mpc.state.kinds import GROUPS
from proxmox_mpc.state.past import FLOOR, floor_text
from proxmox_mpc.state.store import BUSY_SECONDS, StateStore
from proxmox_mpc.state.tables import METADATA
from proxmox_mpc.state.times import stamp

_V = METADATA.tables["object_version"]
_RUNS = METADATA.tables["run"]
_TASKS = METADATA.tables["task"]
_COVERAGE = METADATA.tables["coverage"]
_META = METADATA.tables["state_meta"]


class Pruned(NamedTuple):
    """What went, or would go: runs of the log, versions of objects, tasks; ``bytes`` is the size of their documents.

    ``first`` is the oldest run that is kept and ``since`` its end; None where nothing was ever recorded.
    """

    first: int | None = None
    since: str | None = None
    runs: int = 0
    versions: int = 0
    tasks: int = 0
    bytes: int = 0

    @property
    def rows(self) -> int:
        """How many rows that is."""
        return self.runs + self.versions + self.tasks


def oldest_to_keep(store: StateStore, before: float | None = None, keep: int | None = None) -> int | None:
    """Return the oldest run to keep: the one that tells the state at ``before`` (epoch), or the last but ``keep``.

    Failed runs tell no state and do not count. None where nothing is recorded; where all is younger, the first run.
    """
    good = [record for record in runs(store) if record.ran.outcome != "failed"]
    if not good:
        return None
    if keep is not None:
        return good[min(keep, len(good)) - 1].id
    moment = stamp(max(0.0, before or 0.0))
    return next((record.id for record in good if record.ran.finished <= moment), good[-1].id)


def prune(store: StateStore, first: int | None, *, dry_run: bool = False) -> Pruned:
    """Remove the history before a run in one transaction, or only count it; what goes is the same in both."""
    if first is None:
        return Pruned()
    old_floor = first_run(store)
    if dry_run:
        with store.reading() as connection:
            return _counted(connection, first, old_floor)
    with store.writing() as connection:
        found = _counted(connection, first, old_floor)
        if found.rows:
            _remove(connection, first)
        return found


def _counted(connection: Connection, first: int, old_floor: int) -> Pruned:
    since = str(connection.scalar(select(_RUNS.c.finished).where(_RUNS.c.id == first)))
    before = _whole_before(connection, first)
    versions, documents = _size(connection, _V.c.doc, _V.c.valid_to < first)
    gone = select(func.count()).select_from(_RUNS).where(_RUNS.c.id < first, _RUNS.c.id >= old_floor)
    old = int(connection.scalar(gone) or 0)
    if not old and not versions:
        return Pruned(first, since)
    tasks, answers = _size(connection, _TASKS.c.data, _old_task(since if before is None else before.started))
    return Pruned(first, since, old, versions, tasks, documents + answers)


def _size(connection: Connection, column: ColumnElement[Any], which: ColumnElement[bool]) -> tuple[int, int]:
    length = func.coalesce(func.sum(func.length(cast(column, Text))), 0)
    count, size = connection.execute(select(func.count(), length).where(which)).one()
    return int(count), int(size)


def _old_task(since: str) -> ColumnElement[bool]:
    """Tasks that ended before a moment; of those whose end was never seen, what began a week before it."""
    moment = int(epoch(since))
    never = case((_TASKS.c.ended.is_(None), _TASKS.c.started + 7 * 86400), else_=_TASKS.c.ended)
    return never < moment


def _remove(connection: Connection, first: int) -> None:
    before = _whole_before(connection, first)
    since = str(connection.scalar(select(_RUNS.c.finished).where(_RUNS.c.id == first)))
    connection.execute(delete(_V).where(_V.c.valid_to < first))
    connection.execute(delete(_TASKS).where(_old_task(since if before is None else before.started)))
    needed = union(select(_V.c.valid_from), select(_V.c.born), select(_COVERAGE.c.run)).subquery()
    kept = first if before is None else before.id
    old = (_RUNS.c.id < first, _RUNS.c.id != kept, _RUNS.c.id.not_in(select(needed.c[0])))
    connection.execute(delete(_RUNS).where(*old))
    connection.execute(update(_RUNS).where(_RUNS.c.id < first).values(warnings=[]))
    connection.execute(delete(_META).where(_META.c.name == FLOOR))
    connection.execute(insert(_META).values(name=FLOOR, value=floor_text(first)))


def _whole_before(connection: Connection, first: int) -> Row[*tuple[Any, ...]] | None:
    """Return the last run before ``first`` that read everything.

    What ``first`` found changed was done since, and what has no objects was read by then.
    """
    query = select(_RUNS.c.id, _RUNS.c.started, _RUNS.c.scope).where(_RUNS.c.id < first, _RUNS.c.outcome == "done")
    for row in connection.execute(query.order_by(_RUNS.c.id.desc())):
        scope = parsed(row.scope)
        groups = scope.get("groups")
        if scope.get("node") is None and isinstance(groups, list) and set(GROUPS) <= {str(group) for group in groups}:
            return row
    return None


def compact(path: Path) -> int:
    """Give the space of removed rows back to the file system, and return how many bytes; raises StateError.

    SQLite writes the whole file anew for that, and needs as much free space as what is left takes.
    """
    before = _on_disk(path)
    with (
        translated(str(path)),
        closing(sqlite3.connect(str(path), timeout=BUSY_SECONDS, isolation_level=None)) as connection,
    ):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - _on_disk(path))


def _on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, Path(f"{path}-wal")) if file.exists())
