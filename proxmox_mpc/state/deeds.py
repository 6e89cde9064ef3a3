"""What was done between two pulls, as far as recorded tasks and the journal tell: the raw material of authorship."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import or_, select

from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.state.batch import RunRecord
from proxmox_mpc.state.documents import parsed
from proxmox_mpc.state.history import runs
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA
from proxmox_mpc.state.tables_journal import JournalRow

_TASKS = METADATA.tables["task"]
_J = METADATA.tables[str(JournalRow.__tablename__)]
LONGEST = 86400
"""Seconds that a task may have run before it ended in the window; the index is on its start."""


def run_before(store: StateStore, run: int) -> RunRecord | None:
    """Return the last whole pull before a run that could read everything about guests; None where none is kept.

    What a partial one, or one of some objects only, did not see may be older than it. Pruning leaves the one before the
    first run that is kept.
    """
    before = run
    while found := runs(store, 50, before, pruned=True):
        for record in found:
            groups = record.ran.scope.get("groups")
            whole = isinstance(groups, list) and "guest" in groups and record.ran.scope.get("node") is None
            if record.ran.outcome == "done" and whole:
                return record
        before = found[-1].id
    return None


def tasks_between(store: StateStore, since: float, until: float, vmid: str | None = None) -> list[JsonObject]:
    """Return the recorded tasks that may have changed something between two moments (epoch seconds), oldest first."""
    query = (
        select(_TASKS.c.data)
        .where(
            _TASKS.c.started >= int(since) - LONGEST,
            _TASKS.c.started <= int(until),
            or_(_TASKS.c.ended.is_(None), _TASKS.c.ended >= int(since)),
        )
        .order_by(_TASKS.c.started, _TASKS.c.key)
    )
    if vmid is not None:
        query = query.where(_TASKS.c.object == vmid)
    with store.reading() as connection:
        return [parsed(data) for (data,) in connection.execute(query)]


def operations_between(store: StateStore, since: str, until: str) -> Iterator[tuple[int, list[Entry]]]:
    """Yield number and rows of every operation of the journal that sent something between two moments (ISO 8601)."""
    sent = select(_J.c.operation).where(_J.c.event == "intent", _J.c.at >= since, _J.c.at <= until)
    query = select(_J).where(_J.c.operation.in_(sent)).order_by(_J.c.operation, _J.c.seq)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    for number, group in groupby(rows, key=lambda row: int(row.operation)):
        yield (
            number,
            [Entry(row.seq, row.at, row.operation, row.step, row.event, _body(row.body), row.hash) for row in group],
        )


def _body(text: str) -> JsonObject:
    try:
        return parsed(json.loads(text))
    except ValueError:  # edited by hand: `audit verify` says so
        return {}
