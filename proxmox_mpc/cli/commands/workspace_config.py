"""workspace config: show get set unset edit validate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.workspace import in_use, located
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import ANY, Field, item, rows
from proxmox_mpc.errors import ConfigError, Conflict, NotFound, UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.workspace import userdirs
from proxmox_mpc.workspace.config import read_text
from proxmox_mpc.workspace.config_edit import check_text, replace_text, set_key, unset_key
from proxmox_mpc.workspace.files import write_private
from proxmox_mpc.workspace.layout import Workspace
from proxmox_mpc.workspace.schema import Field as Key
from proxmox_mpc.workspace.schema import Section, fields, lookup
from proxmox_mpc.workspace.secret_entry import settle
from proxmox_mpc.workspace.secret_sources import from_data
from proxmox_mpc.workspace.secrets import SecretContext
from proxmox_mpc.workspace.settings import Settings
from proxmox_mpc.workspace.trust import Trust, commands

SHOW = rows(
    Field("key", "string", "the key, with dots"),
    Field("value", "any", "the value in force; of a secret where it comes from"),
    Field("origin", "string", "option, environment, config.yml, user config or default", level="wide"),
)
CHANGED = item(
    Field("action", "string", "set or unset"),
    Field("kind", "string", "config"),
    Field("key", "string", "the key, with dots"),
    Field("before", "any", "what config.yml said"),
    Field("after", "any", "what it says"),
    Field("path", "string", "the file"),
    Field("changed", "boolean", "whether the file changed"),
)
VALID = item(
    Field("path", "string", "the file"),
    Field("valid", "boolean", "whether pmpc can use it"),
)


def _key_names(ctx: typer.Context, args: list[str], incomplete: str) -> list[tuple[str, str]]:
    from proxmox_mpc.workspace.schema import dotted, fields

    return [(dotted(path), field.help) for path, field in fields() if dotted(path).startswith(incomplete)]


KeyName = Annotated[str, typer.Argument(metavar="KEY", help="with dots: cluster.endpoints", autocompletion=_key_names)]


@local(SHOW)
def show(
    ctx: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="say where each value comes from")] = False,
) -> Result:
    """Show the settings in force."""
    context = context_of(ctx)
    settings = context.settings
    found: list[Json] = []
    for path, field in fields():
        key = ".".join(str(part) for part in path)
        value, source = settings.lookup(key)
        if source:
            found.append({"key": key, "value": _plain(field, value), "origin": source})
    context.options.wide = context.options.wide or origin
    return Result(found)


@local(ANY)
def get(ctx: typer.Context, key: KeyName) -> Result:
    """Print the value in force of one key, or of a section."""
    path, found = _key(key)
    value = _in_force(context_of(ctx).settings, found, path)
    if value is None:
        raise NotFound(f"{key} is not set", hint=f"pmpc workspace config set {key} VALUE")
    return Result(value, page=_line(value))


@local(CHANGED)
def set_(
    ctx: typer.Context,
    key: KeyName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="lists: A,B; secrets: their source, env:NAME")],
) -> Result:
    """Set a key in config.yml, comments kept.

    A secret is set by its source: env:VARIABLE, file:PATH, keyring[:NAME], command:COMMAND, prompt (typed
    in now and kept encrypted), encrypted:SOURCE, ask (typed in at every use).
    """
    path, found = _key(key)
    if not isinstance(found, Key):
        raise UsageError(f"{key} is a section", hint=f"its keys: {', '.join(found)}")
    context = context_of(ctx)
    place, before = in_use(context)
    wanted = _secret(context, place, key, value, before) if found.secret else found.parse(value)
    try:
        normal = found.check(wanted)
    except ValueError as error:
        raise UsageError(f"{key} {error}") from None
    old = _at(before, path)
    changed = old != normal
    if changed:
        after = set_key(place.config_file, path, wanted)
        _keep_trust(context, place, before, after)
    return Result(_row("set", key, _plain(found, old), _plain(found, normal), place, changed))


@local(CHANGED)
def unset(ctx: typer.Context, key: KeyName) -> Result:
    """Take a key, or a section, out of config.yml."""
    path, found = _key(key)
    context = context_of(ctx)
    place, before = in_use(context)
    old = _at(before, path)
    if old is not None:
        after = unset_key(place.config_file, path)
        _keep_trust(context, place, before, after)
    shown = _plain(found, old) if isinstance(found, Key) else _section(path, old) if isinstance(old, dict) else None
    return Result(_row("unset", key, shown, None, place, old is not None))


@local(CHANGED)
def edit(ctx: typer.Context) -> Result:
    """Open config.yml in an editor.

    $VISUAL or $EDITOR gets a copy; the file is replaced only by what pmpc can use.
    """
    context = context_of(ctx)
    place = located(context)
    named = context.environ.get("VISUAL") or context.environ.get("EDITOR")
    if named is None and not context.interactive:
        raise UsageError("there is no terminal to edit on", hint="pmpc workspace config set KEY VALUE")
    original = read_text(place.config_file)
    copy = place.cache / f"edit-{os.urandom(4).hex()}.yml"
    write_private(copy, original)
    try:
        edited = _edited(context, place, copy, named or "vi")
    finally:
        copy.unlink(missing_ok=True)
    changed = edited != original
    if changed:
        if read_text(place.config_file) != original:
            raise Conflict(f"{place.config_file} was changed by somebody else meanwhile; nothing was written")
        replace_text(place.config_file, edited)
    return Result(_row("edit", "", None, None, place, changed))


@local(VALID)
def validate(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="another file than the workspace's own")] = None,
) -> Result:
    """Check config.yml: every problem with its line.

    Ends with 3 if there is one.
    """
    context = context_of(ctx)
    path = context.cwd / file if file is not None else located(context).config_file
    if not path.exists():
        raise NotFound(f"there is no file {path}")
    problems = check_text(read_text(path), path).problems
    if problems:
        raise _all(problems)
    return Result({"path": str(path), "valid": True})


def _edited(context: Context, place: Workspace, copy: Path, editor: str) -> str:
    """Let the user edit the copy until it can be used, and return its text."""
    import shlex
    import subprocess

    while True:
        try:
            status = subprocess.run([*shlex.split(editor), str(copy)], check=False).returncode
        except (OSError, ValueError) as error:
            raise ConfigError(f"the editor {editor!r} cannot be run: {error}", hint="set VISUAL or EDITOR") from None
        if status:
            raise ConfigError(f"the editor {editor!r} ended with status {status}; nothing was written")
        edited = read_text(copy)
        problems = check_text(edited, place.config_file).problems
        if not problems:
            return edited
        if not context.interactive:
            raise _all(problems)
        for problem in problems:
            context.streams.note(problem.message)
        if context.streams.ask("Edit again? [Y/n] ").strip().lower() in ("n", "no"):
            raise _all(problems)


def _all(problems: tuple[ConfigError, ...]) -> ConfigError:
    """Return one error that says all, the first as its place."""
    first = problems[0]
    found = [{"message": problem.message, **problem.details} for problem in problems]
    return ConfigError("\n".join(problem.message for problem in problems), details={**first.details, "problems": found})


def _key(key: str) -> tuple[tuple[str, ...], Key | Section]:
    path = tuple(key.split("."))
    try:
        return path, lookup(path)
    except KeyError as error:
        raise UsageError(str(error.args[0]), hint="pmpc workspace config show lists what is set") from None


def _secret(context: Context, place: Workspace, key: str, text: str, config: JsonObject) -> Json:
    cluster = config.get("cluster")
    holder = cluster.get("token_id") or cluster.get("username") if isinstance(cluster, dict) else None
    reading = SecretContext(
        environ=context.environ,
        base=place.root,
        home=context.home,
        uid=os.getuid(),
        ask=context.streams.ask_secret if context.interactive else None,
        # The command was written by the user a moment ago.
        trusted=lambda: True,
    )
    keyring_name = f"{config.get('name') or place.root.name}/{holder or key}"
    return settle(text, key, reading, os.urandom(28), keyring_name, context.cwd).to_data()


def _keep_trust(context: Context, place: Workspace, before: JsonObject, after: JsonObject) -> None:
    """A change that the user makes by command takes nothing from the trust that he had in the workspace."""
    trust = Trust(userdirs.state_home(context.environ, context.home))
    if commands(after) and trust.holds(place.root, before):
        trust.grant(place.root, after)


def _row(action: str, key: str, before: Json, after: Json, place: Workspace, changed: bool) -> JsonObject:
    return {
        "action": action,
        "kind": "config",
        "key": key,
        "before": before,
        "after": after,
        "path": str(place.config_file),
        "changed": changed,
    }


def _plain(field: Key, value: Json) -> Json:
    """Return a value for people and programs; of a secret it says where it comes from, without ciphertext."""
    return from_data(value).describe() if field.secret and value is not None else value


def _section(path: tuple[str, ...], value: JsonObject) -> JsonObject:
    shown: JsonObject = {}
    for name, below in value.items():
        found = lookup((*path, name))
        if isinstance(found, Key):
            shown[name] = _plain(found, below)
        elif isinstance(below, dict):
            shown[name] = _section((*path, name), below)
    return shown


def _in_force(settings: Settings, found: Key | Section, path: tuple[str, ...]) -> Json:
    """Return the value of a key, or of a section, whose keys may come from different places; None where none is set."""
    if isinstance(found, Key):
        return _plain(found, settings.value(".".join(path)))
    below = {name: _in_force(settings, entry, (*path, name)) for name, entry in found.items()}
    return {name: value for name, value in below.items() if value is not None} or None


def _line(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(str(one) for one in value)
    return None if isinstance(value, dict) else str(value)


def _at(data: JsonObject, path: tuple[str, ...]) -> Json:
    value: Json = data
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
