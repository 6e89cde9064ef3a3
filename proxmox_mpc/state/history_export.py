"""The history as a stream of changes, in the order of the runs; whatever its length, only a few rows are in memory."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, and_, literal, select
from sqlalchemy.sql.elements import ColumnElement

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.state.documents import KeyChange, difference, parsed
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA

_V = METADATA.tables["object_version"]
_RUNS = METADATA.tables["run"]
_AT_ONCE = 200


class Event(NamedTuple):
    """What one run found about one object; ``after`` is its document, None for one that is gone."""

    run: int
    time: str
    action: str
    kind: str
    key: str
    changes: tuple[KeyChange, ...]
    after: JsonObject | None


def events(store: StateStore, after: int = 0, kinds: Collection[str] = ()) -> Generator[Event, None, None]:
    """Yield every change that runs later than ``after`` found, oldest run first, within a run by kind and key.

    Everything is of one moment, whatever is pulled meanwhile. Where older history was pruned the oldest version that is
    kept of an object counts as added.
    """
    with store.reading() as connection:
        streaming = connection.execution_options(yield_per=_AT_ONCE)
        numbers = select(_RUNS.c.id, _RUNS.c.finished).where(_RUNS.c.id > after).order_by(_RUNS.c.id)
        for run, finished in connection.execute(numbers).all():
            yield from _begun(streaming, run, finished, kinds)
            yield from _ended(streaming, run, finished, kinds)


def _begun(connection: Connection, run: int, finished: str, kinds: Collection[str]) -> Iterator[Event]:
    before = _V.alias("before")
    same = and_(before.c.kind == _V.c.kind, before.c.key == _V.c.key, before.c.valid_to == run)
    query = (
        select(_V.c.kind, _V.c.key, _V.c.born, _V.c.doc, before.c.doc.label("old"))
        .join(before, same, isouter=True)
        .where(_V.c.valid_from == run, *_of(kinds))
        .order_by(_V.c.kind, _V.c.key)
    )
    for kind, key, born, doc, old in connection.execute(query):
        made = parsed(doc)
        if old is not None and born == run:
            yield Event(run, finished, "removed", kind, key, (), None)
        if old is None or born == run:
            yield Event(run, finished, "added", kind, key, (), made)
        else:
            yield Event(run, finished, "changed", kind, key, tuple(difference(parsed(old), made)), made)


def _ended(connection: Connection, run: int, finished: str, kinds: Collection[str]) -> Iterator[Event]:
    after = _V.alias("after")
    successor = select(literal(1)).where(after.c.kind == _V.c.kind, after.c.key == _V.c.key, after.c.valid_from == run)
    query = (
        select(_V.c.kind, _V.c.key)
        .where(_V.c.valid_to == run, ~successor.exists(), *_of(kinds))
        .order_by(_V.c.kind, _V.c.key)
    )
    for kind, key in connection.execute(query):
        yield Event(run, finished, "removed", kind, key, (), None)


def _of(kinds: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (_V.c.kind.in_(kinds),) if kinds else ()
