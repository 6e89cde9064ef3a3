"""firewall: rules, options, aliases, IP sets, security groups and logs of every level."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.moments import duration
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import firewall, firewall_check, firewall_sets
from proxmox_mpc.services.guests import find_guest, reachable

_AUDIT = "Sys.Audit"
Cluster = Annotated[bool, typer.Option("--cluster", help="of the whole cluster (unless another level is named)")]
Node = Annotated[str | None, typer.Option("--node", metavar="NODE", help="of a node", autocompletion=values("node"))]
Guest = Annotated[
    str | None,
    typer.Option("--guest", metavar="ID|NAME", help="of a guest", autocompletion=values("guest")),
]
Vnet = Annotated[str | None, typer.Option("--vnet", metavar="VNET", help="of an SDN vnet")]
Group = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="of a security group")]
Everywhere = Annotated[bool, typer.Option("--all", help="of every level: cluster, groups, vnets, nodes, guests")]
Ipset = Annotated[str, typer.Argument(metavar="IPSET", help="the IP set")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="the security group")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="the last N lines")]
Since = Annotated[str | None, typer.Option("--since", metavar="AGE", help="not older than this: 90s, 15m, 12h, 30d")]


@read(firewall.RULE_ROWS)
def rule_list(
    ctx: typer.Context,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
    everywhere: Everywhere = False,
) -> Result:
    """List the firewall rules of a level, or of all."""
    source = context_of(ctx).source
    if everywhere:
        if cluster or any((node, guest, vnet, group)):
            raise UsageError("--all cannot be used together with a level", hint="leave one of them away")
        reading = firewall.list_all_rules(source)
    else:
        level = firewall.level_of(source, cluster=cluster, node=node, guest=guest, vnet=vnet, group=group)
        reading = firewall.list_rules(source, level)
    return Result.of(reading, [*reading.value])


@read(firewall_sets.OPTIONS_PAGE)
def options(
    ctx: typer.Context, cluster: Cluster = False, node: Node = None, guest: Guest = None, vnet: Vnet = None
) -> Result:
    """Show the firewall options of a level."""
    source = context_of(ctx).source
    level = firewall.level_of(source, cluster=cluster, node=node, guest=guest, vnet=vnet)
    reading = firewall_sets.show_options(source, level)
    return Result.of(reading, reading.value)


@read(firewall_sets.ALIAS_ROWS)
def alias_list(ctx: typer.Context, cluster: Cluster = False, guest: Guest = None) -> Result:
    """List the firewall aliases of the cluster or a guest."""
    source = context_of(ctx).source
    reading = firewall_sets.list_aliases(source, firewall.level_of(source, cluster=cluster, guest=guest))
    return Result.of(reading, [*reading.value])


@read(firewall_sets.IPSET_ROWS)
def ipset_list(ctx: typer.Context, cluster: Cluster = False, guest: Guest = None) -> Result:
    """List the IP sets of the cluster or a guest."""
    source = context_of(ctx).source
    reading = firewall_sets.list_ipsets(source, firewall.level_of(source, cluster=cluster, guest=guest))
    return Result.of(reading, [*reading.value])


@read(firewall_sets.IPSET_PAGE)
def ipset_show(ctx: typer.Context, ipset: Ipset, cluster: Cluster = False, guest: Guest = None) -> Result:
    """Show an IP set and its members."""
    source = context_of(ctx).source
    level = firewall.level_of(source, cluster=cluster, guest=guest)
    reading = firewall_sets.show_ipset(source, level, ipset)
    return Result.of(reading, reading.value)


@read(firewall.GROUP_ROWS)
def group_list(ctx: typer.Context) -> Result:
    """List the security groups."""
    reading = firewall.list_groups(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(firewall.GROUP_PAGE)
def group_show(ctx: typer.Context, group: GroupName) -> Result:
    """Show a security group and its rules."""
    reading = firewall.show_group(context_of(ctx).source, group)
    return Result.of(reading, reading.value)


@read(firewall_sets.LOG_ROWS, offline=False)
def log(ctx: typer.Context, node: Node = None, guest: Guest = None, limit: Limit = 50, since: Since = None) -> Result:
    """Show the firewall log of a node or a guest."""
    context = context_of(ctx)
    after = None if since is None else context.now() - duration(since, "--since")
    level = firewall.level_of(context.source, node=node, guest=guest)
    reading = firewall_sets.read_log(context.source, level, limit, after)
    return Result.of(reading, [*reading.value])


@read(firewall_check.CHECK_PAGE, offline=False)
def check(
    ctx: typer.Context,
    guest: Annotated[
        str, typer.Argument(metavar="GUEST", help="the guest's id or name", autocompletion=values("guest"))
    ],
) -> Result:
    """Show what the firewall does for a guest in effect: which switches are on, and which rules decide."""
    source = context_of(ctx).source
    reading = firewall_check.check(source, reachable(find_guest(source, guest), source))
    return Result.of(reading, reading.value)
