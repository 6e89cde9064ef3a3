"""What the raw calls share: completion of path and parameters, and the server's schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

# Not for type checkers alone: Typer resolves the annotations of an autocompletion when it builds its command.
from typer import Context as TyperContext

from proxmox_mpc.cli.context import Context
from proxmox_mpc.domain.json import JsonObject, inner, text
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.api_schema import ApiSchema, leads_to, load, newest
from proxmox_mpc.services.raw import raw_path

Complete = Callable[[TyperContext, list[str], str], list[tuple[str, str]]]
NoCheck = Annotated[
    bool, typer.Option("--no-check", help="send it without looking whether the server knows path and parameters")
]
# What the database calls the objects that stand for a part of a path.
_KINDS = {"node": "node", "target": "node", "storage": "storage", "poolid": "pool", "userid": "user", "roleid": "role",
          "realm": "realm", "zone": "zone", "vnet": "vnet", "upid": "task", "volume": "backup"}  # fmt: skip


def schema_of(context: Context, no_check: bool) -> ApiSchema | None:
    """Return what the server says of its API; None where it is not asked, or cannot tell (which -v says)."""
    if no_check or context.options.offline:
        return None

    def note(told: str) -> None:
        if context.options.verbose:
            context.warn(Warn("unchecked", told))

    return load(context.live, context.api.document, _cache(context), note)


def _cache(context: Context) -> Path:
    """Return where the schema is kept: with the workspace, else with what can be made again, for each cluster apart."""
    from proxmox_mpc.workspace.userdirs import cache_home

    settings = context.settings
    if settings.workspace is not None:
        return settings.workspace.cache
    own = cache_home(context.environ, context.home)
    return own / settings.home.name if settings.home is not None else own


def paths(verb: str) -> Complete:
    """Return the completion of a path, segment by segment, where a method is, or leads to one."""

    def complete(ctx: TyperContext, args: list[str], incomplete: str) -> list[tuple[str, str]]:
        context: Context | None = ctx.obj
        schema = _kept(context)
        if context is None or schema is None:
            return []
        above, slash, begun = incomplete.rpartition("/")
        return [
            (f"{above}{slash}{name}{end}", told)
            for name, told, end in _candidates(context, schema, verb, above)
            if name.startswith(begun)
        ]

    return complete


def _candidates(context: Context, schema: ApiSchema, verb: str, above: str) -> Iterator[tuple[str, str, str]]:
    """Yield what can follow a path: its name, help, and a slash where more must come."""
    try:
        children = schema.children(raw_path(above))
    except PmpcError:
        return
    for template, node in children:
        if not leads_to(node, verb):
            continue
        end = "" if verb in inner(node, "methods") else "/"
        more = end == "" and any(leads_to(below, verb) for _, below in _members(node))
        for name, told in _names(context, template, above):
            yield name, told, end
            if more:
                yield name, told, "/"


def _members(node: JsonObject) -> list[tuple[str, JsonObject]]:
    return [(name, one) for name, one in inner(node, "below").items() if isinstance(one, dict)]


def _names(context: Context, template: str, above: str) -> list[tuple[str, str]]:
    """Return the names that can stand for a part of a path: itself, or the objects that the database knows."""
    if not template.startswith("{"):
        return [(template, "")]
    part = template.strip("{}")
    if part == "vmid":
        kind = {"qemu": "vm", "lxc": "ct"}.get(above.rpartition("/")[2], "guest")
        return [(name, told) for name, told in context.known_names(kind) if name.isdecimal()]
    return [*context.known_names(_KINDS[part])] if part in _KINDS else []


def parameters(verb: str) -> Complete:
    """Return the completion of the parameters of the path that was given before."""

    def complete(ctx: TyperContext, args: list[str], incomplete: str) -> list[tuple[str, str]]:
        context: Context | None = ctx.obj
        schema = _kept(context)
        path = ctx.params.get("path")
        if context is None or schema is None or not isinstance(path, str):
            return []
        try:
            method = schema.method(verb, raw_path(path))
        except PmpcError:
            return []
        key, equals, begun = incomplete.partition("=")
        if equals:
            found = _values(context, key, method.params.get(key, {}))
            return [(f"{key}={value}", told) for value, told in found if value.startswith(begun)]
        return [
            (f"{name.replace('[n]', '0')}=", text(one, "description") or "")
            for name, one in sorted(method.params.items())
            if name not in method.placed and name.startswith(incomplete)
        ]

    return complete


def _values(context: Context, key: str, one: JsonObject) -> list[tuple[str, str]]:
    choices = one.get("enum")
    if isinstance(choices, list):
        return [(str(choice), "") for choice in choices]
    if one.get("type") == "boolean":
        return [("0", ""), ("1", "")]
    return [*context.known_names(_KINDS[key])] if key in _KINDS else []


def _kept(context: Context | None) -> ApiSchema | None:
    return None if context is None else newest(_cache(context))
