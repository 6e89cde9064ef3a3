"""firewall: changing aliases, IP sets and security groups."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.firewall import Cluster, GroupName, Guest, Ipset
from proxmox_mpc.cli.commands.firewall_level import level_at
from proxmox_mpc.cli.commands.write_args import Comment, IfMissing, IgnoreMissing
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import firewall_set_writes

Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="the alias")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="their names")]
Cidr = Annotated[str, typer.Argument(metavar="CIDR", help="the address or network that it stands for")]
NewCidr = Annotated[str | None, typer.Option("--cidr", metavar="CIDR", help="the address or network")]
Cidrs = Annotated[list[str], typer.Argument(metavar="CIDR...", help="addresses, networks or aliases")]
NoMatch = Annotated[bool, typer.Option("--nomatch", help="take them out of a larger network in the set")]
WithMembers = Annotated[bool, typer.Option("--with-members", help="delete a set that is not empty")]


@write()
def alias_create(
    ctx: typer.Context,
    alias: Alias,
    cidr: Cidr,
    comment: Comment = None,
    if_missing: IfMissing = False,
    cluster: Cluster = False,
    guest: Guest = None,
) -> Result:
    """Create a firewall alias: a name for an address or network."""
    context = context_of(ctx)
    level = level_at(ctx, cluster, None, guest)
    plan = firewall_set_writes.create_alias(context.live, level, alias, cidr, comment, if_missing=if_missing)
    return context.guard.run(plan)


@write()
def alias_set(
    ctx: typer.Context,
    alias: Alias,
    cidr: NewCidr = None,
    comment: Comment = None,
    cluster: Cluster = False,
    guest: Guest = None,
) -> Result:
    """Change a firewall alias; rules that name it follow."""
    context = context_of(ctx)
    level = level_at(ctx, cluster, None, guest)
    return context.guard.run(firewall_set_writes.set_alias(context.live, level, alias, cidr, comment))


@write(many=True)
def alias_delete(
    ctx: typer.Context,
    aliases: Names,
    ignore_missing: IgnoreMissing = False,
    cluster: Cluster = False,
    guest: Guest = None,
) -> Result:
    """Delete firewall aliases."""
    context = context_of(ctx)
    level = level_at(ctx, cluster, None, guest)
    plan = firewall_set_writes.delete_aliases(context.live, level, aliases, ignore_missing=ignore_missing)
    return context.guard.run(plan)


@write()
def ipset_create(
    ctx: typer.Context,
    ipset: Ipset,
    comment: Comment = None,
    if_missing: IfMissing = False,
    cluster: Cluster = False,
    guest: Guest = None,
) -> Result:
    """Create an IP set."""
    context = context_of(ctx)
    level = level_at(ctx, cluster, None, guest)
    return context.guard.run(
        firewall_set_writes.create_ipset(context.live, level, ipset, comment, if_missing=if_missing)
    )


@write(many=True)
def ipset_delete(
    ctx: typer.Context,
    ipsets: Names,
    ignore_missing: IgnoreMissing = False,
    with_members: WithMembers = False,
    cluster: Cluster = False,
    guest: Guest = None,
) -> Result:
    """Delete IP sets."""
    context = context_of(ctx)
    plan = firewall_set_writes.delete_ipsets(
        context.live,
        level_at(ctx, cluster, None, guest),
        ipsets,
        ignore_missing=ignore_missing,
        with_members=with_members,
    )
    return context.guard.run(plan)


@write()
def ipset_add(
    ctx: typer.Context,
    ipset: Ipset,
    cidrs: Cidrs,
    nomatch: NoMatch = False,
    comment: Comment = None,
    cluster: Cluster = False,
    guest: Guest = None,
) -> Result:
    """Put addresses, networks or aliases into an IP set."""
    context = context_of(ctx)
    plan = firewall_set_writes.add_members(
        context.live, level_at(ctx, cluster, None, guest), ipset, cidrs, nomatch=nomatch, comment=comment
    )
    return context.guard.run(plan)


@write()
def ipset_remove(
    ctx: typer.Context, ipset: Ipset, cidrs: Cidrs, cluster: Cluster = False, guest: Guest = None
) -> Result:
    """Take members out of an IP set."""
    context = context_of(ctx)
    level = level_at(ctx, cluster, None, guest)
    return context.guard.run(firewall_set_writes.remove_members(context.live, level, ipset, cidrs))


@write()
def group_create(
    ctx: typer.Context, group: GroupName, comment: Comment = None, if_missing: IfMissing = False
) -> Result:
    """Create a security group; its rules: pmpc firewall rule create --group NAME."""
    context = context_of(ctx)
    return context.guard.run(firewall_set_writes.create_group(context.live, group, comment, if_missing=if_missing))


@write(many=True)
def group_delete(ctx: typer.Context, groups: Names, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete security groups, which must be empty."""
    context = context_of(ctx)
    return context.guard.run(firewall_set_writes.delete_groups(context.live, groups, ignore_missing=ignore_missing))
