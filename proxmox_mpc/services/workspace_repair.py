"""A damaged database replaced by what can be read of it, and then brought up to date from the server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError, StateDamaged, StateError
from proxmox_mpc.safety.verify import gaps_of
from proxmox_mpc.services.workspace_verify import read_head
from proxmox_mpc.state import copying
from proxmox_mpc.state.journal import Head
from proxmox_mpc.state.times import stamp
from proxmox_mpc.workspace.files import private_dir, write_private
from proxmox_mpc.workspace.swap import exclusive, replace, scratch

REPAIRED = item(
    Field("action", "string", "repair"),
    Field("kind", "string", "database"),
    Field("path", "string", "the database"),
    Field("changed", "boolean", "whether it was damaged and has been replaced"),
    Field("problem", "string?", "what was wrong with it"),
    Field("kept_aside", "string?", "where the damaged files are"),
    Field(
        "tables",
        "rows",
        "what became of the rows of each table",
        fields=(
            Field("table", "string", "the table"),
            Field("kept", "integer", "rows carried over"),
            Field("lost", "integer?", "rows lost; null: nobody can say how many there were"),
        ),
    ),
    Field(
        "journal_lost",
        "rows",
        "rows of the journal that are lost, from number to number",
        fields=(Field("first", "integer", "first number"), Field("last", "integer", "last number")),
    ),
    Field("pulled", "integer?", "the run that read the cluster anew; null: none did"),
    doc="The database was repaired.",
)
_HEAD = "audit.head"


def repair(state: Path, now: float) -> tuple[JsonObject, tuple[Warn, ...]]:
    """Replace a damaged database by what can be salvaged; one that is sound stays as it is.

    Returns the row of REPAIRED (nothing pulled yet) and warnings. Raises StateError, StateTooNew, Conflict; whatever it
    raises, the damaged file is as it was.
    """
    home = state.parent
    with exclusive(home), copying.alone(state):
        aside = _free(home / "backups" / f"damaged-{stamp(now).replace(':', '')}")
        with scratch(home) as work:
            copy = work / "damaged" / state.name
            _copied(state, copy)
            problem = _problem(copy, state)
            if problem is None:
                return _row(state, None), ()
            staged = work / home.name / state.name
            staged.parent.mkdir(mode=0o700)
            head, doubt = _head(home)
            row = _row(state, problem)
            from proxmox_mpc.state.salvage import salvage

            found = salvage(copy, staged, head, now, str(aside))
            write_private(staged.parent / _HEAD, f'{{"count": {found.head.seq}, "hash": "{found.head.hash}"}}\n')
            parts = [f"{home.name}/{name}" for name in (state.name, f"{state.name}-wal", f"{state.name}-shm", _HEAD)]
            for leftover in ("-wal", "-shm"):
                Path(f"{staged}{leftover}").unlink(missing_ok=True)
            private_dir(home / "backups")
            replace(home, work, parts, aside)
    row["kept_aside"] = str(aside)
    row["tables"] = [
        {"table": one.table, "kept": one.kept, "lost": one.lost} for one in found.tables if one.kept or one.lost != 0
    ]
    row["journal_lost"] = [{"first": first, "last": last} for first, last in found.journal_lost]
    return row, (*doubt, *_losses(found.complete, row, home))


def _problem(copy: Path, state: Path) -> str | None:
    """Return what is wrong with the database; raises what a repair cannot mend."""
    if not copy.stat().st_size:
        return f"the database {state} is empty: nothing is left in the file"
    try:
        found = copying.examine(copy, str(state))
        rows = list(copying.journal(copy)) if found.journal else []
        head = read_head(state.with_name(_HEAD))
    except StateDamaged as error:
        return error.message
    last = rows[-1][0].seq if rows else 0
    if head is not None and head[0] > last and gaps_of(rows).get(last + 1) != head[0]:
        return f"the newest rows of the journal are gone: audit.head knows {head[0]}, the database ends at {last}"
    return None


def _copied(state: Path, to: Path) -> None:
    if not state.exists():
        raise StateError(f"there is no database {state}", hint="pmpc sync pull makes one")
    to.parent.mkdir(mode=0o700)
    for ending in ("", "-wal"):
        source = Path(f"{state}{ending}")
        try:
            if source.exists():
                shutil.copyfile(source, f"{to}{ending}")
        except OSError as error:
            raise StateError(
                f"the database {source} cannot be copied: {error.strerror}; nothing was changed",
                hint="check the mode of the file, the disk and its free space",
            ) from error


def _head(home: Path) -> tuple[Head | None, tuple[Warn, ...]]:
    try:
        found = read_head(home / _HEAD)
    except PmpcError as error:
        return None, (Warn("audit_head", f"{error.message}: whether the journal's end is lost cannot be told"),)
    return (None if found is None else Head(*found)), ()


def _losses(complete: bool, row: JsonObject, home: Path) -> tuple[Warn, ...]:
    if complete:
        return ()
    tables = [one for one in _rows(row["tables"]) if one["lost"] != 0]
    told = ", ".join(f"{one['table']} {'unknown' if one['lost'] is None else one['lost']}" for one in tables)
    backups = sorted((home / "backups").glob("*.tar.gz*"), key=lambda path: path.stat().st_mtime)
    hint = f"a backup may have them: pmpc workspace restore {backups[-1]}" if backups else None
    return (Warn("rows_lost", f"not everything could be read; rows lost: {told}", hint=hint),)


def _row(state: Path, problem: str | None) -> JsonObject:
    tables: list[Json] = []
    lost: list[Json] = []
    return {
        "action": "repair",
        "kind": "database",
        "path": str(state),
        "changed": problem is not None,
        "problem": problem,
        "kept_aside": None,
        "tables": tables,
        "journal_lost": lost,
        "pulled": None,
    }


def _rows(value: Json) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _free(path: Path) -> Path:
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
