"""A workspace brought to what this pmpc writes: layout, configuration, database; a backup first, and the way back."""

from __future__ import annotations

from typing import NamedTuple

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Reading
from proxmox_mpc.services.workspace_backup import Wanted, make
from proxmox_mpc.state import copying, migrate
from proxmox_mpc.workspace.files import private_dir
from proxmox_mpc.workspace.layout import DIRECTORY, PRIVATE_PARTS, Workspace
from proxmox_mpc.workspace.schema import VERSION
from proxmox_mpc.workspace.swap import exclusive

UPGRADED = item(
    Field("action", "string", "upgrade"),
    Field("kind", "string", "workspace"),
    Field("name", "string?", "the workspace's name"),
    Field("path", "string", "its directory"),
    Field("changed", "boolean", "whether anything was, or with --dry-run would be, changed"),
    Field("done", "boolean", "whether it was done"),
    Field(
        "steps",
        "rows",
        "what is brought up to date",
        fields=(
            Field("part", "string", "layout, config or database"),
            Field("before", "string?", "its version"),
            Field("after", "string?", "its version then"),
            Field("says", "string", "what is done"),
        ),
    ),
    Field("backup", "string?", "the backup that --revert restores"),
    Field("kept_aside", "string?", "where --revert has put what was there"),
    doc="The workspace was brought up to date.",
)


class Step(NamedTuple):
    """One part that is not as this pmpc writes it, or that is (``before`` and ``after`` are equal)."""

    part: str
    before: str | None
    after: str | None
    says: str

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after


def plan(workspace: Workspace, config: JsonObject, url: str | None) -> list[Step]:
    """Return what an upgrade would do, without changing anything; raises StateTooNew, StateDamaged, StateError."""
    missing = _missing(workspace)
    version = str(config.get("version", VERSION))
    return [
        Step("layout", f"without {', '.join(missing)}", "complete", f"make {', '.join(missing)}")
        if missing
        else Step("layout", "complete", "complete", "nothing to do"),
        # config.yml has had one form so far; reading it refuses any other.
        Step("config", version, str(VERSION), "nothing to do"),
        _database(workspace, url),
    ]


def upgrade(
    workspace: Workspace, config: JsonObject, url: str | None, *, dry_run: bool, now: float
) -> Reading[JsonObject]:
    """Bring the workspace up to date and return the row of UPGRADED; raises PmpcError.

    The database is migrated in one transaction: a process that is killed leaves it as it was.
    """
    steps = plan(workspace, config, url)
    needed = [step for step in steps if step.needed]
    backup: Json = None
    if needed and not dry_run:
        with exclusive(workspace.directory):
            steps = plan(workspace, config, url)
            wanted = Wanted(workspace.backups, why="before-upgrade", url=url)
            backup = make(workspace, config, wanted, now).value["file"]
            _carry_out(workspace, steps, now)
    rows: list[Json] = [
        {"part": step.part, "before": step.before, "after": step.after, "says": step.says} for step in steps
    ]
    row: JsonObject = {
        "action": "upgrade",
        "kind": "workspace",
        "name": config.get("name"),
        "path": str(workspace.root),
        "changed": bool(needed),
        "done": bool(needed) and not dry_run,
        "steps": rows,
        "backup": backup,
        "kept_aside": None,
    }
    return Reading(row)


def _carry_out(workspace: Workspace, steps: list[Step], now: float) -> None:
    for step in steps:
        if step.part == "layout" and step.needed:
            for name in PRIVATE_PARTS:
                private_dir(workspace.directory / name)
            workspace.infra.mkdir(exist_ok=True)
        if step.part == "database" and step.needed:
            from proxmox_mpc.state.store import StateStore

            StateStore.open(workspace.state_db, now=lambda: now).close()
            copying.examine(workspace.state_db)


def _missing(workspace: Workspace) -> list[str]:
    parts = [name for name in PRIVATE_PARTS if not (workspace.directory / name).is_dir()]
    return [*(f"{DIRECTORY}/{name}" for name in parts), *([] if workspace.infra.is_dir() else ["infra"])]


def _database(workspace: Workspace, url: str | None) -> Step:
    if url is not None:
        return Step("database", None, None, "on a server (state.url): whoever opens it first brings it up to date")
    if not workspace.state_db.exists():
        return Step("database", None, None, "there is none yet")
    revision = copying.examine(workspace.state_db).revision
    if not migrate.needed(revision, str(workspace.state_db)):
        return Step("database", revision, migrate.HEAD, "nothing to do")
    waiting = [one for one in migrate.known_revisions() if revision is None or one > revision]
    return Step("database", revision, migrate.HEAD, f"migrate the schema: {', '.join(waiting)}")
