"""ct template: appliance templates, from which containers are made, and containers turned into templates."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.commands.write_args import IgnoreMissing
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read, write
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.ct_templates import (
    AVAILABLE_ROWS,
    TEMPLATE_ROWS,
    list_available,
    list_templates,
    plan_delete,
    plan_download,
    plan_url,
)
from proxmox_mpc.services.vm_clone import make_template

OfNode = Annotated[
    str | None, typer.Option("--node", metavar="NODE", help="as this node sees it", autocompletion=values("node"))
]


@read(AVAILABLE_ROWS, offline=False)
def available(
    ctx: typer.Context,
    section: Annotated[
        str | None, typer.Option("--section", metavar="SECTION", help="only these: system, mail, turnkeylinux")
    ] = None,
    node: OfNode = None,
) -> Result:
    """List the container templates that can be downloaded."""
    reading = list_available(context_of(ctx).source, node, section)
    return Result.of(reading, [*reading.value])


@read(TEMPLATE_ROWS, audit="Datastore.Audit")
def list_(ctx: typer.Context, node: OfNode = None) -> Result:
    """List the container templates on the storages."""
    reading = list_templates(context_of(ctx).source, node)
    return Result.of(reading, [*reading.value])


@write()
def download(
    ctx: typer.Context,
    template: Annotated[
        str | None,
        typer.Argument(metavar="[TEMPLATE]", help="a name as `available` shows it, or its beginning: debian-13"),
    ] = None,
    storage: Annotated[
        str | None, typer.Option("--storage", metavar="STORAGE", help="where to", autocompletion=values("storage"))
    ] = None,
    node: OfNode = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="from anywhere, by the node itself")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="FILE", help="with --url: its file name")] = None,
    checksum: Annotated[
        str | None, typer.Option("--checksum", metavar="HEX", help="with --url: what its MD5, SHA-1 or SHA-2 must be")
    ] = None,
) -> Result:
    """Let a node download a container template to a storage.

    Proxmox's own templates are checked by the node against its signed list.
    """
    context = context_of(ctx)
    if (template is None) == (url is None):
        raise UsageError("say which template, or --url", hint="pmpc ct template available lists them")
    if url is not None:
        return context.guard.run(plan_url(context.live, url, storage, node, name, checksum))
    if name is not None or checksum is not None:
        raise UsageError("--name and --checksum go with --url")
    return context.guard.run(plan_download(context.live, template or "", storage, node))


@write(many=True)
def delete(
    ctx: typer.Context,
    templates: Annotated[list[str], typer.Argument(metavar="TEMPLATE...", help="volumes or names, as in the list")],
    node: OfNode = None,
    ignore_missing: IgnoreMissing = False,
) -> Result:
    """Remove container templates from storages; containers made from them stay."""
    context = context_of(ctx)
    plan = plan_delete(context.live, templates, node, missing_ok=ignore_missing, many=len(templates) > 1)
    return context.guard.run(plan)


@write()
def create(ctx: typer.Context, guest: GuestName) -> Result:
    """Turn a container into a template, which cannot be taken back."""
    context = context_of(ctx)
    return context.guard.run(make_template(context.live, found(ctx, guest)))
