"""What can still be read of a damaged database, carried over into a new one; the journal first.

The damaged file is only read. Tables are followed row by row; where a page is damaged, reading goes on behind it. Rows
that say what they cannot have said (no JSON, another digest) count as lost. What hangs together is mended so that
nothing claims to be complete: the lists of what pulls have covered start anew where any of it is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Table

from proxmox_mpc.domain.journal import START, Entry, canonical, chained
from proxmox_mpc.domain.json import Json, JsonObject, as_rows
from proxmox_mpc.errors import StateDamaged
from proxmox_mpc.state import pages
from proxmox_mpc.state.documents import digest, parsed
from proxmox_mpc.state.faults import translated
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.journal import Head
from proxmox_mpc.state.kinds import KINDS, cells
from proxmox_mpc.state.past import FLOOR, floor_of
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA, Document
from proxmox_mpc.state.tables_journal import JournalRow
from proxmox_mpc.state.times import stamp

_JOURNAL = str(JournalRow.__tablename__)
_FIRST = (_JOURNAL, "state_meta", "run", "object_version", "coverage", "answer")
_PARTS = {"config": ("disk", "nic"), "pool": ("pool_member",)}


class TableReport(NamedTuple):
    """What became of a table's rows; ``lost`` is None where nobody can say how many there were."""

    table: str
    kept: int
    lost: int | None


class Salvaged(NamedTuple):
    """What was carried over; ``journal_lost`` are the first and last numbers of rows of the journal that are gone."""

    tables: list[TableReport]
    journal_lost: list[tuple[int, int]]
    head: Head

    @property
    def complete(self) -> bool:
        """Whether nothing at all is missing."""
        return not self.journal_lost and all(one.lost == 0 for one in self.tables)


def salvage(damaged: Path, into: Path, head: Head | None, now: float, kept_as: str) -> Salvaged:
    """Make the database ``into`` from what ``damaged`` (with its log) still tells; ``head`` is audit.head's.

    ``kept_as`` is where the damaged file will be found; the journal says so. Raises StateError.
    """
    # Before SQLite looks at the file, and maybe clears its log away.
    raw = pages.scan(damaged)
    StateStore.open(into, now=lambda: now).close()
    with translated(str(into)), closing(sqlite3.connect(into, isolation_level=None)) as target:
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("PRAGMA journal_mode = DELETE")
        target.execute("BEGIN IMMEDIATE")
        reports = {}
        with closing(_Source(damaged)) as source:
            for table in _tables():
                reports[table.name] = _carry(source, target, table)
        gone = _mend_journal(sorted(raw.journal), target, reports, head)
        _mend_history(raw, target, reports)
        _mend_runs(target, now)
        _mend_references(target, reports)
        _mend_coverage(target, reports)
        newest = _record(target, gone, head, now, kept_as)
        target.execute("COMMIT")
        problems = target.execute("PRAGMA integrity_check(1)").fetchone()
        if problems != ("ok",):
            raise StateDamaged(f"what was carried over is not sound: {problems}; nothing was changed")
    return Salvaged([reports[table.name] for table in _tables()], gone, newest)


def _tables() -> list[Table]:
    first = [METADATA.tables[name] for name in _FIRST]
    return [*first, *(table for table in METADATA.sorted_tables if table.name not in _FIRST)]


class _Source:
    """Reads a damaged database as far as it can be read; ``open`` is False where SQLite knows nothing of it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.text_factory = bytes
        with suppress(sqlite3.Error):
            # Lets a file be read that is shorter than it says, and a schema with errors.
            self._connection.execute("PRAGMA writable_schema = ON")
        self.open = self._ask("SELECT count(*) FROM sqlite_master") is not None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def columns(self, table: str) -> list[str]:
        """Return the columns that a table has there; none where it cannot be told or there is no such table."""
        try:
            found = self._connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        except sqlite3.Error:
            return []
        return [row[1].decode() if isinstance(row[1], bytes) else str(row[1]) for row in found]

    def count(self, table: str) -> int | None:
        """Return how many rows there were, as the table or one of its indexes tells; None where none does."""
        try:
            found = self._connection.execute(f'PRAGMA index_list("{table}")').fetchall()
        except sqlite3.Error:
            found = []
        names = [str(row[1], "utf-8", "replace") for row in found if not row[4]]  # a partial index counts a part
        for way in ("NOT INDEXED", *(f'INDEXED BY "{name}"' for name in names)):
            counted = self._ask(f'SELECT count(*) FROM "{table}" {way}')  # noqa: S608
            if counted is not None:
                return counted
        return None

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[object, ...] | None]:
        """Yield the values of each row that can be read, and None for each place where some cannot."""
        listed = ", ".join(f'"{column}"' for column in columns)
        query = f'SELECT rowid, {listed} FROM "{table}" NOT INDEXED WHERE rowid > ? ORDER BY rowid'  # noqa: S608
        position = 0
        while True:
            try:
                for row in self._connection.execute(query, (position,)):
                    if row[0] <= position:
                        raise sqlite3.DatabaseError("a page that belongs elsewhere")
                    position = row[0]
                    yield row[1:]
                return
            except sqlite3.Error:
                # The driver looks one row ahead: what it could not hand out any more is read by itself.
                alone = self._one(f"{query} LIMIT 1", position)
                if alone and alone[0] > position:
                    position = alone[0]
                    yield alone[1:]
                    continue
                yield None
                following = self._behind(f"{query} LIMIT 1", position)
                if following is None:
                    return
                position = following

    def _behind(self, query: str, position: int) -> int | None:
        """Return the nearest place behind the damage from which something can be read; None where there is none."""
        bad, step = position, 1
        while step < 1 << 62 and self._one(query, position + step) is None:
            bad, step = position + step, step * 2
        good = position + step
        while good - bad > 1:
            middle = (good + bad) // 2
            bad, good = (middle, good) if self._one(query, middle) is None else (bad, middle)
        return good if self._one(query, good) else None

    def _one(self, query: str, position: int) -> tuple[Any, ...] | None:
        """Return the row that follows, empty where there is none; None where that cannot be read."""
        try:
            found: tuple[Any, ...] | None = self._connection.execute(query, (position,)).fetchone()
        except (sqlite3.Error, OverflowError):
            return None
        return found or ()

    def _ask(self, query: str) -> int | None:
        try:
            return int(self._connection.execute(query).fetchone()[0])
        except sqlite3.Error:
            return None


def _carry(source: _Source, target: sqlite3.Connection, table: Table) -> TableReport:
    there = source.columns(table.name)
    columns = [column.name for column in table.columns if column.name in there]
    if not columns:
        # An older schema may lack the table; a damaged one says nothing.
        return TableReport(table.name, 0, 0 if source.open and source.columns("alembic_version") else None)
    documents = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, Document)]
    listed, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    insert = f'INSERT OR IGNORE INTO "{table.name}" ({listed}) VALUES ({marks})'  # noqa: S608
    kept = broken = 0
    for row in source.rows(table.name, columns):
        values = None if row is None else _sound(row, columns, documents)
        if values is None or target.execute(insert, values).rowcount == 0:
            broken += 1
        else:
            kept += 1
    counted = source.count(table.name)
    lost = 0 if not broken else None if counted is None else max(counted - kept, 1)
    return TableReport(table.name, kept, lost)


def _sound(row: tuple[object, ...], columns: Sequence[str], documents: Sequence[int]) -> list[object] | None:
    """Return the values of a row, or None where they cannot be what was written."""
    try:
        values = [value.decode("utf-8") if isinstance(value, bytes) else value for value in row]
        for place in documents:
            if values[place] is not None:
                json.loads(str(values[place]))
    except ValueError:
        return None
    if "doc" in columns and "digest" in columns:
        said = str(values[columns.index("digest")])
        if said and said != digest(str(values[columns.index("doc")])):
            return None
    return values


def _mend_journal(
    raw: list[pages.Row], target: sqlite3.Connection, reports: dict[str, TableReport], head: Head | None
) -> list[tuple[int, int]]:
    """Add the rows that only the pages themselves still tell; return the gaps that stay."""
    insert = "INSERT OR IGNORE INTO journal (seq, at, operation, step, event, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
    added = 0
    if reports[_JOURNAL].lost != 0:
        said = [(row[5],) for row in raw if row[4] == "checkpoint"]
        pruned = max(_pruned(target), _through(said))
        for row in raw:
            if row[0] > pruned:
                added += max(0, target.execute(insert, row).rowcount)
    numbers = [int(row[0]) for row in target.execute("SELECT seq FROM journal ORDER BY seq")]
    before, gone, known = _pruned(target), [], _recorded(target)
    for number in numbers:
        if number > before + 1 and before + 1 not in known:
            gone.append((before + 1, number - 1))
        before = max(before, number)
    if head is not None and head.seq > before:
        gone.append((before + 1, head.seq))
    kept = reports[_JOURNAL].kept + added
    missing = sum(last - first + 1 for first, last in gone)
    unsure = reports[_JOURNAL].lost is None and head is None
    reports[_JOURNAL] = TableReport(_JOURNAL, kept, None if unsure else missing)
    return gone


def _mend_history(raw: pages.Found, target: sqlite3.Connection, reports: dict[str, TableReport]) -> None:
    """Add the runs and versions that only the pages themselves still tell, but for those that were pruned."""
    value = target.execute("SELECT value FROM state_meta WHERE name = ?", (FLOOR,)).fetchone()
    floor = floor_of(value and value[0])
    runs = [row for row in raw.runs if isinstance(row[0], int) and row[0] >= floor]
    versions = [row for row in _closed(raw.versions) if row[3] is None or row[3] > floor]
    for table, rows in (("run", runs), ("object_version", versions)):
        one = reports[table]
        if one.lost == 0:
            continue
        columns = ", ".join(column.name for column in METADATA.tables[table].columns)
        added = 0
        for row in rows:
            marks = ", ".join("?" * len(row))
            insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
            added += max(0, target.execute(insert, row).rowcount)
        reports[table] = TableReport(table, one.kept + added, None if one.lost is None else max(0, one.lost - added))


def _closed(found: list[pages.Version]) -> list[pages.Version]:
    """Return each version once, with its end where any copy of it, or the version after it, tells one."""
    known: dict[tuple[str, str, int], pages.Version] = {}
    for row in found:
        before = known.get(row[:3])
        if before is None or before[3] is None:
            known[row[:3]] = row
    ordered = sorted(known.values(), key=lambda row: row[:3])
    closed = []
    for place, row in enumerate(ordered):
        following = ordered[place + 1 : place + 2]
        ends = row[3] is None and following and following[0][:2] == row[:2]
        closed.append((*row[:3], following[0][2], *row[4:]) if ends else row)
    return closed


def _pruned(target: sqlite3.Connection) -> int:
    return _through(target.execute("SELECT body FROM journal WHERE event = 'checkpoint'").fetchall())


def _through(bodies: Sequence[tuple[str]]) -> int:
    found = [parsed(body).get("through") for (body,) in bodies]
    return max((number for number in found if isinstance(number, int)), default=0)


def _recorded(target: sqlite3.Connection) -> set[object]:
    """Return where the gaps begin that an earlier repair has recorded."""
    bodies = target.execute("SELECT body FROM journal WHERE event = 'repaired'").fetchall()
    return {gap.get("first") for (body,) in bodies for gap in as_rows(parsed(body).get("lost") or [])}


def _mend_runs(target: sqlite3.Connection, now: float) -> None:
    """Put a run in the place of each that is named and lost: its number counts, its times are those of a neighbour."""
    missing = target.execute(
        "SELECT DISTINCT id FROM (SELECT valid_from AS id FROM object_version UNION SELECT valid_to FROM object_version"
        " UNION SELECT born FROM object_version UNION SELECT run FROM coverage)"
        " WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM run) ORDER BY id"
    ).fetchall()
    for (number,) in missing:
        near = (
            target.execute("SELECT finished FROM run WHERE id < ? ORDER BY id DESC LIMIT 1", (number,)).fetchone()
            or target.execute("SELECT finished FROM run WHERE id > ? ORDER BY id LIMIT 1", (number,)).fetchone()
        )
        moment = near[0] if near else stamp(now)
        target.execute(
            "INSERT INTO run (id, started, finished, scope, outcome, caller, requests, added, changed, removed, stale,"
            " warnings, error) VALUES (?, ?, ?, ?, 'partial', ?, 0, 0, 0, 0, 0, '[]', ?)",
            (
                number,
                moment,
                moment,
                '{"groups":[],"node":null}',
                caller(),
                "its own row was lost; the time is a neighbour's",
            ),
        )


def _mend_references(target: sqlite3.Connection, reports: dict[str, TableReport]) -> None:
    """Fill the tables from the documents where a row is missing, and remove what refers to nothing."""
    for kind in KINDS.values():
        if kind.table is None or not kind.history or kind.name == "config":
            continue
        missing = target.execute(
            "SELECT key, doc FROM object_version WHERE kind = ? AND valid_to IS NULL"  # noqa: S608
            f" AND key NOT IN (SELECT key FROM {kind.table})",
            (kind.name,),
        ).fetchall()
        since = target.execute("SELECT max(finished) FROM run").fetchone()[0]
        for key, doc in missing:
            row = {"key": key, "stale_since": since, **cells(kind, parsed(doc))}
            row |= {"data": doc} if kind.moving else {}
            if kind.name == "snapshot":
                row["guest"] = key.partition("/")[0]
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
            target.execute(
                f"INSERT OR IGNORE INTO {kind.table} ({names}) VALUES ({marks})",  # noqa: S608
                [*row.values()],
            )
    for _ in range(2):
        for table, rowid, *_rest in target.execute("PRAGMA foreign_key_check").fetchall():
            target.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))  # noqa: S608
            one = reports[table]
            reports[table] = TableReport(table, one.kept - 1, None if one.lost is None else one.lost + 1)


def _mend_coverage(target: sqlite3.Connection, reports: dict[str, TableReport]) -> None:
    """Let nothing pass for complete that is not: lists wait for a pull, the past says that it is partial."""
    # PVE's digest would let a pull believe that it knows a configuration whose document is lost.
    target.execute("UPDATE guest_config SET digest = NULL")
    for kind, parts in _PARTS.items():
        if any(reports[part].lost != 0 for part in parts):
            target.execute("UPDATE object_version SET digest = '' WHERE kind = ? AND valid_to IS NULL", (kind,))
    if any(one.lost != 0 for name, one in reports.items() if name not in (_JOURNAL, "state_meta", "answer", "task")):
        target.execute("DELETE FROM coverage")
    if reports["object_version"].lost != 0:
        target.execute("UPDATE run SET outcome = 'partial' WHERE outcome = 'done'")


def _record(
    target: sqlite3.Connection, gone: list[tuple[int, int]], head: Head | None, now: float, kept_as: str
) -> Head:
    """Append the row that says what was lost; its number follows the last that there ever was."""
    found = target.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    last = Head(0, START) if found is None else Head(int(found[0]), str(found[1]))
    if head is not None and head.seq > last.seq:
        last = head
    lost: list[Json] = [{"first": first, "last": end} for first, end in gone]
    body: JsonObject = {"lost": lost, "kept_as": kept_as, "caller": caller()}
    stored = canonical(body)
    entry = Entry(last.seq + 1, stamp(now), 0, 0, "repaired", body)
    made = Head(entry.seq, chained(last.hash, entry, stored))
    target.execute(
        "INSERT INTO journal (seq, at, operation, step, event, body, hash) VALUES (?, ?, 0, 0, 'repaired', ?, ?)",
        (entry.seq, entry.at, stored, made.hash),
    )
    return made
