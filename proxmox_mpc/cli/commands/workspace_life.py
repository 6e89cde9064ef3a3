"""workspace: backup backups restore verify upgrade repair."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands.workspace import in_use, located, registry_of
from proxmox_mpc.cli.confirm import confirm
from proxmox_mpc.cli.context import Context, door_token
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import Json, JsonObject, text
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import ConfigError, NotFound, PmpcError, UsageError, WorkspaceError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.workspace_backup import (
    LISTED,
    MADE,
    Wanted,
    back_up,
    list_backups,
    newest_before_upgrade,
    passphrase_for,
)
from proxmox_mpc.services.workspace_check import Findings
from proxmox_mpc.services.workspace_repair import REPAIRED
from proxmox_mpc.services.workspace_repair import repair as mend
from proxmox_mpc.services.workspace_restore import RESTORED
from proxmox_mpc.services.workspace_restore import restore as put_back
from proxmox_mpc.services.workspace_upgrade import UPGRADED
from proxmox_mpc.services.workspace_upgrade import upgrade as bring_up
from proxmox_mpc.services.workspace_verify import VERIFIED, check_parts, verify_backup
from proxmox_mpc.workspace import userdirs
from proxmox_mpc.workspace.contents import CONFIG_FILE
from proxmox_mpc.workspace.find import find_root
from proxmox_mpc.workspace.layout import DIRECTORY, Workspace
from proxmox_mpc.workspace.registry import check_name
from proxmox_mpc.workspace.secrets import SecretContext, passphrase

if TYPE_CHECKING:
    from proxmox_mpc.workspace.archive import Manifest
    from proxmox_mpc.workspace.sealed import SealedWriter

Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]


@local(MADE)
def backup(
    ctx: typer.Context,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE|DIR", help="where to; else .proxmox/backups")] = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="under a passphrase, and then with the files that hold secrets")
    ] = False,
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", min=1, help="remove all but the newest N of these backups")
    ] = None,
) -> Result:
    """Back up the workspace into one file; safe while it is in use.

    The passphrase comes from PMPC_PASSPHRASE, the file that PMPC_PASSPHRASE_FILE names, or a question. What is left out
    is said: without --encrypt no file that may hold a secret in clear is taken.
    """
    context = context_of(ctx)
    place, config = in_use(context)
    target = None if to is None else context.cwd / to.expanduser()
    if keep is not None and target is not None and not target.is_dir():
        raise UsageError("--keep removes older backups in a directory, and --to names a file")
    seal = _sealing(context, place) if encrypt else None
    wanted = Wanted(target, seal, keep, url=context.settings.state.url)
    reading = back_up(place, config, wanted, context.now())
    return Result.of(reading, reading.value)


@local(LISTED)
def backups(ctx: typer.Context) -> Result:
    """List the backups in .proxmox/backups, newest first."""
    return Result([*list_backups(located(context_of(ctx)).backups)])


@local(RESTORED)
def restore(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="a backup, or the name of one in .proxmox/backups")],
    directory: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="where to; else the workspace in use", show_default=False)
    ] = None,
    yes: Yes = False,
) -> Result:
    """Put a backup back, here or at another place.

    All of it is checked before anything is changed. What is replaced is kept, and where is said.
    """
    context = context_of(ctx)
    root = _target(context, directory)
    source = _backup_file(context, root, file)
    there = any(os.path.lexists(root / part) for part in (CONFIG_FILE, "infra", "templates"))

    def agreed(manifest: Manifest) -> None:
        if there:
            name, made = manifest.about.get("name"), manifest.about.get("made")
            confirm(context, f"replace the workspace {root} by {name} as of {made}", yes=yes)

    reading = put_back(source, root, _passphrase(context, source), agreed, context.now())
    registry = registry_of(context)
    name = text(reading.value, "name")
    if name and registry.name_of(root) is None:
        registry.add(check_name(name), root)
    return Result.of(reading, reading.value)


@local(VERIFIED)
def verify(
    ctx: typer.Context,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="a backup; else the workspace itself", show_default=False)
    ] = None,
) -> Result:
    """Check a backup, or the workspace itself, from end to end; nothing is sent.

    Ends with status 8 when a check fails. workspace check looks at the server too.
    """
    context = context_of(ctx)
    if file is not None:
        root = _found(context)
        source = _backup_file(context, root, file)
        findings = verify_backup(source, _passphrase(context, source))
    else:
        place = located(context)
        findings = Findings()
        findings.say("files", "ok", f"{place.directory} is open to nobody else")
        check_parts(findings, place.root, _on_server(context, place))
    return Result(list[Json](findings.rows), error=findings.failure)


@local(UPGRADED)
def upgrade(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done")] = False,
    revert: Annotated[bool, typer.Option("--revert", help="restore the backup that the last upgrade has made")] = False,
    yes: Yes = False,
) -> Result:
    """Bring layout, configuration and database to what this pmpc writes.

    A backup is made first; --revert restores it, so that the older pmpc can be used again.
    """
    context = context_of(ctx)
    place, config = in_use(context)
    if not revert:
        reading = bring_up(place, config, context.settings.state.url, dry_run=dry_run, now=context.now())
        return Result.of(reading, reading.value)
    source = newest_before_upgrade(place.backups)
    if source is None:
        raise NotFound("no upgrade has made a backup here", hint="pmpc workspace backups")
    row: JsonObject = {
        "action": "revert",
        "kind": "workspace",
        "name": text(config, "name"),
        "path": str(place.root),
        "changed": True,
        "done": not dry_run,
        "steps": [{"part": "workspace", "before": None, "after": None, "says": f"restore {source}"}],
        "backup": str(source),
        "kept_aside": None,
    }
    if dry_run:
        return Result(row)

    def agreed(manifest: Manifest) -> None:
        confirm(context, f"go back to the workspace as of {manifest.about.get('made')}", yes=yes)

    restored = put_back(source, place.root, _passphrase(context, source), agreed, context.now())
    return Result.of(restored, row | {"kept_aside": restored.value["kept_aside"]})


@local(REPAIRED)
def repair(
    ctx: typer.Context,
    no_pull: Annotated[bool, typer.Option("--no-pull", help="do not read the cluster anew afterwards")] = False,
) -> Result:
    """Replace a damaged database by what can still be read of it, and read the cluster anew.

    What was lost is said, table by table; the journal says it too. The damaged files are kept. A database that is sound
    stays as it is.
    """
    context = context_of(ctx)
    location = context.settings.state
    if location.url is not None:
        raise ConfigError(
            "state.url: a database on a server is repaired by its own tools", hint="pg_dump, pg_restore, pg_amcheck"
        )
    row, warnings = mend(location.path, context.now())
    if no_pull or not row["changed"]:
        return Result(row, warnings)
    return _pulled(context, row, warnings)


def _pulled(context: Context, row: JsonObject, warnings: tuple[Warn, ...]) -> Result:
    from proxmox_mpc.output.progress import Progress
    from proxmox_mpc.services.pull import pull

    try:
        with Progress(context.streams) as progress:
            report = pull(context.live, context.store, now=context.now, progress=progress)
    except PmpcError as error:
        warn = Warn("not_pulled", f"the cluster could not be read anew: {error.message}", hint="pmpc sync pull")
        return Result(row, (*warnings, warn), partial=True)
    return Result(row | {"pulled": report.run.id}, (*warnings, *report.warnings), report.partial)


def _sealing(context: Context, place: Workspace) -> Callable[[IO[bytes]], SealedWriter]:
    from proxmox_mpc.workspace.sealed import ENTROPY, SealedWriter
    from proxmox_mpc.workspace.secret_entry import new_passphrase

    given = new_passphrase("backup", _reading(context, place.root))

    def seal(stream: IO[bytes]) -> SealedWriter:
        return SealedWriter(stream, given, os.urandom(ENTROPY))

    return seal


def _passphrase(context: Context, file: Path) -> Callable[[], str]:
    return passphrase_for(file, lambda: passphrase("Passphrase of the backup: ", _reading(context, context.cwd)))


def _reading(context: Context, base: Path) -> SecretContext:
    return SecretContext(
        environ=context.environ,
        base=base,
        home=context.home,
        uid=os.getuid(),
        ask=context.streams.ask_secret if context.interactive else None,
        trusted=lambda: False,
        simulated=door_token,
    )


def _found(context: Context) -> Path | None:
    """Return the workspace in use, which need not be whole."""
    home = userdirs.state_home(context.environ, context.home)
    found = find_root(
        context.options.workspace, context.environ, context.cwd, context.home, home, chosen=context.interactive
    )
    return None if found is None else found[0].resolve()


def _target(context: Context, directory: str | None) -> Path:
    if directory is not None:
        if not directory:
            raise UsageError("DIR is empty", hint="name a directory, or leave DIR out for the workspace in use")
        return (context.cwd / directory).resolve()
    found = _found(context)
    if found is None:
        raise WorkspaceError("no workspace is in use here", hint="name the directory: pmpc workspace restore FILE DIR")
    return found


def _backup_file(context: Context, root: Path | None, name: str) -> Path:
    path = context.cwd / Path(name).expanduser()
    kept = None if root is None else root / DIRECTORY / "backups" / name
    if not path.exists() and kept is not None and os.sep not in name and kept.exists():
        return kept
    return path


def _on_server(context: Context, place: Workspace) -> bool:
    from proxmox_mpc.workspace.config import load

    try:
        config = load(place.config_file, place.cache / "config.json")
    except ConfigError:
        return False  # the check of the configuration says what is wrong with it
    state = config.get("state")
    return isinstance(state, dict) and bool(state.get("url"))
