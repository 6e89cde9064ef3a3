"""workspace: list show use check trust rename remove."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import Json, JsonObject, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import NotFound, Refused, WorkspaceError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.workspace_check import CHECKS, Findings, check_server
from proxmox_mpc.workspace import userdirs
from proxmox_mpc.workspace.config import load
from proxmox_mpc.workspace.config_edit import set_key
from proxmox_mpc.workspace.create import discard
from proxmox_mpc.workspace.find import find_root
from proxmox_mpc.workspace.layout import Workspace, is_workspace, open_workspace
from proxmox_mpc.workspace.registry import Registry
from proxmox_mpc.workspace.secret_sources import from_data
from proxmox_mpc.workspace.settings import Settings
from proxmox_mpc.workspace.trust import Trust, commands

LIST = rows(
    Field("name", "string", "the name that -w takes"),
    Field("path", "string", "its directory"),
    Field("current", "boolean", "chosen by workspace use"),
    Field("present", "boolean", "whether its directory is still there"),
)
SHOW = item(
    Field("name", "string?", "its name"),
    Field("path", "string?", "its directory; null when the environment alone is in use"),
    Field("found_by", "string?", "what named it: option, PMPC_WORKSPACE, directory or workspace use"),
    Field("connection_from", "string", "where URL, credentials and TLS come from: config.yml or environment"),
    Field("endpoints", "list", "where the API is"),
    Field("credentials", "string?", "the token or user"),
    Field("secret_from", "string?", "where its secret comes from"),
    Field("tls", "string", "which certificates are accepted"),
    Field("cluster", "string?", "the name of the cluster it belongs to"),
    Field("nodes", "list", "the nodes that the cluster was known to have"),
    Field("state", "string", "its database, a file or a URL"),
    Field("safety_mode", "string", "normal or read-only"),
    Field("trusted", "boolean", "whether the commands in its configuration may run"),
)
DONE = item(
    Field("action", "string", "what was done"),
    Field("kind", "string", "workspace"),
    Field("name", "string?", "its name"),
    Field("path", "string", "its directory"),
    Field("changed", "boolean", "whether anything changed"),
)
TRUSTED = item(
    *DONE.fields,
    Field(
        "commands", "rows", "what may run", fields=(Field("key", "string", "where"), Field("command", "string", "what"))
    ),
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="a registered name: workspace list")]


@local(LIST)
def list_(ctx: typer.Context) -> Result:
    """List the registered workspaces."""
    entries = registry_of(context_of(ctx)).entries()
    found: list[Json] = [
        {"name": entry.name, "path": str(entry.path), "current": entry.current, "present": not entry.stale}
        for entry in entries
    ]
    stale = [entry.name for entry in entries if entry.stale]
    hint = f"pmpc workspace remove {stale[0]}" if stale else None
    warnings = (Warn("stale", f"not there any more: {', '.join(stale)}", hint=hint),) if stale else ()
    return Result(found, warnings)


@local(SHOW)
def show(ctx: typer.Context) -> Result:
    """Show the workspace in use, and what it connects to.

    Nothing is sent, and no secret is read.
    """
    context = context_of(ctx)
    settings = context.settings
    state = settings.state
    endpoints, tls = settings.value("cluster.endpoints"), settings.value("cluster.tls")
    found = endpoints if isinstance(endpoints, list) else []
    identity = settings.identity or {}
    data: JsonObject = {
        "name": settings.text("name"),
        "path": str(settings.workspace.root) if settings.workspace else None,
        "found_by": settings.found_by or None,
        "connection_from": settings.connection_origin,
        "endpoints": found,
        "credentials": settings.text("cluster.token_id") or settings.text("cluster.username"),
        "secret_from": _source(settings),
        "tls": _tls(tls if isinstance(tls, dict) else {}, found),
        "cluster": identity.get("name"),
        "nodes": identity.get("nodes") or [],
        "state": state.url or str(state.path),
        "safety_mode": settings.safety.mode,
        "trusted": settings.context.trusted(),
    }
    return Result(data)


@local(DONE)
def use(
    ctx: typer.Context,
    workspace: Annotated[str, typer.Argument(metavar="NAME|DIR", help="a registered name, or a directory")],
) -> Result:
    """Choose the workspace for commands that stand in none.

    It never counts with --no-input: a script names its workspace.
    """
    context = context_of(ctx)
    registry = registry_of(context)
    path = context.cwd / workspace
    known = registry.path_of(workspace)
    if known is None:
        if not is_workspace(path):
            raise NotFound(f"there is no workspace {workspace}", hint="pmpc workspace list")
        place, _ = open_workspace(path, os.getuid())
        known = place.root
        workspace = registry.name_of(known) or registry.add(_title(place), known)
    before = registry.current()
    registry.use(workspace)
    return Result(done("use", workspace, known, before != known))


@local(CHECKS)
def check(ctx: typer.Context) -> Result:
    """Check files, database, server, credentials, identity and privileges.

    Ends with status 8 when one of them fails.
    """
    context = context_of(ctx)
    findings = Findings()
    settings = context.settings
    if settings.workspace is not None:
        doubts = [warn for warn in settings.warnings if warn.code == "config_readable"]
        if doubts:
            findings.say("files", "warning", doubts[0].message, doubts[0].hint)
        else:
            findings.say("files", "ok", f"{settings.workspace.directory} is open to nobody else")

    def sound() -> str:
        context.store.check(context.now())
        return f"{context.store.where} is sound"

    def connected() -> None:
        check_server(findings, context.api, settings.connection, settings.identity)

    findings.run("database", sound)
    findings.run("server", connected)
    return Result(list[Json](findings.rows), error=findings.failure)


@local(TRUSTED)
def trust(
    ctx: typer.Context,
    revoke: Annotated[bool, typer.Option("--revoke", help="trust it no more")] = False,
) -> Result:
    """Let the workspace run the commands that its configuration names.

    Look at them first: workspace show, or .proxmox/config.yml. The trust holds for this directory and for what is
    configured now; whoever changes a command, an endpoint or a certificate has to trust again.
    """
    context = context_of(ctx)
    place, data = in_use(context)
    known = Trust(userdirs.state_home(context.environ, context.home))
    named: list[Json] = [{"key": key, "command": command} for key, command in commands(data).items()]
    before = known.granted(place.root, data)
    if revoke:
        known.revoke(place.root)
    else:
        known.grant(place.root, data)
    row = done("revoke" if revoke else "trust", text(data, "name"), place.root, before is revoke)
    return Result({**row, "commands": named})


@local(DONE)
def rename(
    ctx: typer.Context,
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="the new name")],
) -> Result:
    """Give a workspace another name.

    It is changed in its configuration too.
    """
    context = context_of(ctx)
    registry = registry_of(context)
    path = registry.path_of(name)
    registry.rename(name, new)
    assert path is not None
    if is_workspace(path):
        place, _ = open_workspace(path, os.getuid())
        set_key(place.config_file, ("name",), new)
    return Result(done("rename", new, path, name != new))


@local(DONE)
def remove(
    ctx: typer.Context,
    name: Name,
    delete_files: Annotated[
        bool, typer.Option("--delete-files", help="delete its .proxmox as well: configuration, history, backups")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> Result:
    """Forget a workspace; its files stay unless told otherwise.

    --delete-files deletes .proxmox: configuration, database, history, backups. What lies beside it (infra, terraform,
    ansible) is never deleted.
    """
    context = context_of(ctx)
    registry = registry_of(context)
    path = registry.path_of(name)
    if path is None:
        raise NotFound(f"no workspace is registered as {name}", hint="pmpc workspace list")
    if delete_files and is_workspace(path):
        place, _ = open_workspace(path, os.getuid())
        if not yes:
            _confirm(context, name, place)
        discard(place)
    registry.remove(name)
    Trust(userdirs.state_home(context.environ, context.home)).revoke(path)
    return Result(done("delete" if delete_files else "remove", name, path, True))


def registry_of(context: Context) -> Registry:
    """Return the user's registry."""
    return Registry(userdirs.state_home(context.environ, context.home))


def located(context: Context) -> Workspace:
    """Return the workspace in use without reading its configuration, which may be what is to be mended."""
    home = userdirs.state_home(context.environ, context.home)
    found = find_root(
        context.options.workspace, context.environ, context.cwd, context.home, home, chosen=context.interactive
    )
    if found is None:
        raise WorkspaceError("no workspace is in use here", hint="pmpc workspace init DIR, or name one: -w DIR")
    place, warnings = open_workspace(found[0], os.getuid())
    for warn in warnings:
        context.warn(warn)
    return place


def in_use(context: Context) -> tuple[Workspace, JsonObject]:
    """Return the workspace in use and its own configuration."""
    place = located(context)
    return place, load(place.config_file, place.cache / "config.json")


def done(action: str, name: str | None, path: Path, changed: bool) -> JsonObject:
    """Return the row of what was done to a workspace."""
    return {"action": action, "kind": "workspace", "name": name, "path": str(path), "changed": changed}


def _confirm(context: Context, name: str, place: Workspace) -> None:
    if not context.interactive:
        raise Refused(f"{place.directory} would be deleted, history and backups included", hint="confirm by --yes")
    context.streams.note(f"{place.directory} will be deleted: configuration, history, backups.")
    if context.streams.ask(f"Type its name to go on ({name}): ").strip() != name:
        raise Refused("the name was not typed; nothing was deleted")


def _title(place: Workspace) -> str:
    return text(load(place.config_file, place.cache / "config.json"), "name") or place.root.name


def _source(settings: Settings) -> str | None:
    value = settings.value("cluster.token_secret") or settings.value("cluster.password")
    return from_data(value).describe() if value else None


def _tls(tls: JsonObject, endpoints: list[Json]) -> str:
    if endpoints and str(endpoints[0]).startswith("sim:"):
        return "none: simulated in this process"
    if tls.get("fingerprint"):
        return f"pinned: {tls['fingerprint']}"
    if tls.get("verify") is False:
        return "any: certificates are not checked"
    return f"signed by {tls['ca_file']}" if tls.get("ca_file") else "signed by an authority of this system"
