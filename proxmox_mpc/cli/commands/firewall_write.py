"""firewall: changing rules, options, aliases, IP sets and security groups of every level."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.firewall import Cluster, Group, GroupName, Guest, Ipset, Node, Vnet
from proxmox_mpc.cli.commands.write_args import Comment, Deletes, IfMissing, IgnoreMissing, Sets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import firewall, firewall_set_writes, firewall_writes
from proxmox_mpc.services.setting_tables import Given

_ACTION = "ACCEPT|DROP|REJECT"
In = Annotated[str | None, typer.Option("--in", metavar=_ACTION, help="a rule for incoming traffic")]
Out = Annotated[str | None, typer.Option("--out", metavar=_ACTION, help="a rule for outgoing traffic")]
Forward = Annotated[str | None, typer.Option("--forward", metavar="ACCEPT|DROP", help="a rule for forwarded traffic")]
GroupRule = Annotated[
    str | None, typer.Option("--group-rule", metavar="GROUP", help="a rule that stands for a security group's rules")
]
Macro = Annotated[str | None, typer.Option("--macro", metavar="NAME", help="the service: SSH, HTTPS, DNS, Ping …")]
Proto = Annotated[str | None, typer.Option("--proto", metavar="NAME", help="protocol: tcp, udp, icmp …")]
From = Annotated[
    str | None, typer.Option("--source", metavar="ADDRESS", help="where from: address, network, alias, +IPSET")
]
To = Annotated[str | None, typer.Option("--dest", metavar="ADDRESS", help="where to: address, network, alias, +IPSET")]
Dport = Annotated[str | None, typer.Option("--dport", metavar="PORTS", help="destination ports: 22, 80,443, 8000:8010")]
Sport = Annotated[str | None, typer.Option("--sport", metavar="PORTS", help="source ports")]
Iface = Annotated[
    str | None, typer.Option("--iface", metavar="NAME", help="interface: net0 of a guest, vmbr0 of a node")
]
Log = Annotated[str | None, typer.Option("--log", metavar="LEVEL", help="log what matches: nolog, info, warning …")]
At = Annotated[int | None, typer.Option("--at", metavar="N", min=0, help="its place; 0, the first, if not said")]
Disabled = Annotated[bool, typer.Option("--disabled", help="create it switched off")]
Pos = Annotated[int, typer.Argument(metavar="N", min=0, help="the rule's number in pmpc firewall rule list")]
Places = Annotated[list[int], typer.Argument(metavar="N...", min=0, help="the rules' numbers")]
MoveTo = Annotated[int, typer.Argument(metavar="TO", min=0, help="the place it is to have")]
Enable = Annotated[bool | None, typer.Option("--enable/--disable", help="switch the level's firewall on or off")]
PolicyIn = Annotated[str | None, typer.Option("--policy-in", metavar=_ACTION, help="for what no rule lets in")]
PolicyOut = Annotated[str | None, typer.Option("--policy-out", metavar=_ACTION, help="for what no rule lets out")]
Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="the alias")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="their names")]
Cidr = Annotated[str, typer.Argument(metavar="CIDR", help="the address or network that it stands for")]
NewCidr = Annotated[str | None, typer.Option("--cidr", metavar="CIDR", help="the address or network")]
Cidrs = Annotated[list[str], typer.Argument(metavar="CIDR...", help="addresses, networks or aliases")]
NoMatch = Annotated[bool, typer.Option("--nomatch", help="take them out of a larger network in the set")]
WithMembers = Annotated[bool, typer.Option("--with-members", help="delete a set that is not empty")]


def _level(
    ctx: typer.Context,
    cluster: bool,
    node: str | None,
    guest: str | None,
    vnet: str | None = None,
    group: str | None = None,
) -> firewall.Level:
    live = context_of(ctx).live
    return firewall.level_of(live, cluster=cluster, node=node, guest=guest, vnet=vnet, group=group)


def _kind(into: str | None, out: str | None, forward: str | None, group: str | None) -> dict[str, Given]:
    """Return type and action from the four options of which one says both."""
    said = [
        (kind, action)
        for kind, action in (("in", into), ("out", out), ("forward", forward), ("group", group))
        if action is not None
    ]
    if len(said) > 1:
        raise UsageError("a rule is of one kind", hint="say one of --in, --out, --forward and --group-rule")
    return {"type": said[0][0], "action": said[0][1]} if said else {}


@write()
def rule_create(
    ctx: typer.Context,
    in_: In = None,
    out: Out = None,
    forward: Forward = None,
    group_rule: GroupRule = None,
    macro: Macro = None,
    proto: Proto = None,
    source: From = None,
    dest: To = None,
    dport: Dport = None,
    sport: Sport = None,
    iface: Iface = None,
    log: Log = None,
    comment: Comment = None,
    at: At = None,
    disabled: Disabled = False,
    set_: Sets = None,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
) -> Result:
    """Create a firewall rule, at the top unless --at says where.

    Rules are tried in their order, and the first that matches decides.
    """
    context = context_of(ctx)
    options: dict[str, Given] = {
        **_kind(in_, out, forward, group_rule),
        "macro": macro,
        "proto": proto,
        "source": source,
        "dest": dest,
        "dport": dport,
        "sport": sport,
        "iface": iface,
        "log": log,
        "comment": comment,
        "enable": not disabled,
    }
    level = _level(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_writes.create_rule(context.live, level, options, set_ or [], at=at))


@write()
def rule_set(
    ctx: typer.Context,
    pos: Pos,
    in_: In = None,
    out: Out = None,
    forward: Forward = None,
    macro: Macro = None,
    proto: Proto = None,
    source: From = None,
    dest: To = None,
    dport: Dport = None,
    sport: Sport = None,
    iface: Iface = None,
    log: Log = None,
    comment: Comment = None,
    set_: Sets = None,
    delete: Deletes = None,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
) -> Result:
    """Change a firewall rule."""
    context = context_of(ctx)
    options: dict[str, Given] = {
        **_kind(in_, out, forward, None),
        "macro": macro,
        "proto": proto,
        "source": source,
        "dest": dest,
        "dport": dport,
        "sport": sport,
        "iface": iface,
        "log": log,
        "comment": comment,
    }
    level = _level(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_writes.set_rule(context.live, level, pos, options, set_ or [], delete or []))


@write()
def rule_move(
    ctx: typer.Context,
    pos: Pos,
    to: MoveTo,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
) -> Result:
    """Move a firewall rule to another place."""
    context = context_of(ctx)
    level = _level(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_writes.move_rule(context.live, level, pos, to))


@write(many=True)
def rule_enable(
    ctx: typer.Context,
    pos: Places,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
) -> Result:
    """Switch firewall rules on."""
    context = context_of(ctx)
    level = _level(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_writes.switch_rules(context.live, level, pos, on=True))


@write(many=True)
def rule_disable(
    ctx: typer.Context,
    pos: Places,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
) -> Result:
    """Switch firewall rules off, without deleting them."""
    context = context_of(ctx)
    level = _level(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_writes.switch_rules(context.live, level, pos, on=False))


@write()
def rule_delete(
    ctx: typer.Context,
    pos: Places,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
    group: Group = None,
) -> Result:
    """Delete firewall rules of one level."""
    context = context_of(ctx)
    level = _level(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_writes.delete_rules(context.live, level, pos))


@write()
def set_(
    ctx: typer.Context,
    enable: Enable = None,
    policy_in: PolicyIn = None,
    policy_out: PolicyOut = None,
    settings: Sets = None,
    delete: Deletes = None,
    cluster: Cluster = False,
    node: Node = None,
    guest: Guest = None,
    vnet: Vnet = None,
) -> Result:
    """Change the firewall options of a level: switch it on or off, and what happens to what no rule matches.

    On cluster and nodes this can lock the management out: how to get back in is told before anything is sent.
    """
    context = context_of(ctx)
    level = _level(ctx, cluster, node, guest, vnet)
    options: dict[str, Given] = {"enable": enable, "policy_in": policy_in, "policy_out": policy_out}
    return context.guard.run(firewall_writes.set_options(context.live, level, options, settings or [], delete or []))


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
    level = _level(ctx, cluster, None, guest)
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
    level = _level(ctx, cluster, None, guest)
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
    level = _level(ctx, cluster, None, guest)
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
    level = _level(ctx, cluster, None, guest)
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
        _level(ctx, cluster, None, guest),
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
        context.live, _level(ctx, cluster, None, guest), ipset, cidrs, nomatch=nomatch, comment=comment
    )
    return context.guard.run(plan)


@write()
def ipset_remove(
    ctx: typer.Context, ipset: Ipset, cidrs: Cidrs, cluster: Cluster = False, guest: Guest = None
) -> Result:
    """Take members out of an IP set."""
    context = context_of(ctx)
    level = _level(ctx, cluster, None, guest)
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
