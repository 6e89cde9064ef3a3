"""firewall: changing the rules of every level."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.firewall import Cluster, Group, Guest, Node, Vnet
from proxmox_mpc.cli.commands.firewall_level import level_at
from proxmox_mpc.cli.commands.write_args import Comment, Deletes, Sets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import firewall_rule_writes
from proxmox_mpc.services.setting_tables import Given

ACTION = "ACCEPT|DROP|REJECT"
In = Annotated[str | None, typer.Option("--in", metavar=ACTION, help="a rule for incoming traffic")]
Out = Annotated[str | None, typer.Option("--out", metavar=ACTION, help="a rule for outgoing traffic")]
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
    level = level_at(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_rule_writes.create_rule(context.live, level, options, set_ or [], at=at))


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
    level = level_at(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_rule_writes.set_rule(context.live, level, pos, options, set_ or [], delete or []))


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
    level = level_at(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_rule_writes.move_rule(context.live, level, pos, to))


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
    level = level_at(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_rule_writes.switch_rules(context.live, level, pos, on=True))


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
    level = level_at(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_rule_writes.switch_rules(context.live, level, pos, on=False))


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
    level = level_at(ctx, cluster, node, guest, vnet, group)
    return context.guard.run(firewall_rule_writes.delete_rules(context.live, level, pos))
