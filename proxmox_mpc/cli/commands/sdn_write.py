"""sdn: changing zones, vnets and subnets, and applying what is staged."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.network_write import door, own_doors
from proxmox_mpc.cli.commands.write_args import Deletes, IfMissing, IgnoreMissing, Sets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.errors import Unreachable
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import sdn_writes
from proxmox_mpc.services.setting_tables import Given

Zone = Annotated[str, typer.Argument(metavar="ZONE", help="the zone: two to eight letters and digits")]
Vnet = Annotated[str, typer.Argument(metavar="VNET", help="the vnet: two to eight letters and digits")]
Subnet = Annotated[str, typer.Argument(metavar="SUBNET", help="the subnet, as pmpc sdn subnet list names it")]
Network = Annotated[str, typer.Argument(metavar="CIDR", help="the network: 10.50.0.0/24")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="their names")]
Kind = Annotated[str, typer.Option("--type", metavar="TYPE", help="simple, vlan, qinq, vxlan or evpn")]
InZone = Annotated[str, typer.Option("--zone", metavar="ZONE", help="the zone it belongs to")]
Bridge = Annotated[str | None, typer.Option("--bridge", metavar="BRIDGE", help="the bridge below (vlan, qinq)")]
OnNodes = Annotated[str | None, typer.Option("--nodes", metavar="A,B", help="only on these nodes")]
Mtu = Annotated[int | None, typer.Option("--mtu", metavar="N", help="the MTU")]
Tag = Annotated[int | None, typer.Option("--tag", metavar="N", help="VLAN or VXLAN tag")]
Alias = Annotated[str | None, typer.Option("--alias", metavar="TEXT", help="a longer name")]
Aware = Annotated[bool | None, typer.Option("--vlan-aware/--no-vlan-aware", help="whether guests may tag themselves")]
Gateway = Annotated[str | None, typer.Option("--gateway", metavar="ADDRESS", help="the gateway's address")]
Snat = Annotated[bool | None, typer.Option("--snat/--no-snat", help="whether guests go out by the node's address")]


@write()
def zone_create(
    ctx: typer.Context,
    zone: Zone,
    kind: Kind = "simple",
    bridge: Bridge = None,
    nodes: OnNodes = None,
    mtu: Mtu = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create an SDN zone; it works after pmpc sdn apply."""
    context = context_of(ctx)
    options: dict[str, Given] = {"bridge": bridge, "nodes": nodes, "mtu": mtu}
    return context.guard.run(
        sdn_writes.create_zone(context.live, zone, kind, options, set_ or [], if_missing=if_missing)
    )


@write()
def zone_set(
    ctx: typer.Context,
    zone: Zone,
    bridge: Bridge = None,
    nodes: OnNodes = None,
    mtu: Mtu = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change an SDN zone."""
    context = context_of(ctx)
    options: dict[str, Given] = {"bridge": bridge, "nodes": nodes, "mtu": mtu}
    return context.guard.run(sdn_writes.set_zone(context.live, zone, options, set_ or [], delete or []))


@write(many=True)
def zone_delete(ctx: typer.Context, zones: Names, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete SDN zones, which must have no vnets."""
    context = context_of(ctx)
    plan = sdn_writes.delete_objects(context.live, sdn_writes.ZONE, zones, ignore_missing=ignore_missing)
    return context.guard.run(plan)


@write()
def vnet_create(
    ctx: typer.Context,
    vnet: Vnet,
    zone: InZone,
    tag: Tag = None,
    alias: Alias = None,
    vlan_aware: Aware = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create an SDN vnet; it works after pmpc sdn apply."""
    context = context_of(ctx)
    options: dict[str, Given] = {"tag": tag, "alias": alias, "vlanaware": vlan_aware}
    return context.guard.run(
        sdn_writes.create_vnet(context.live, vnet, zone, options, set_ or [], if_missing=if_missing)
    )


@write()
def vnet_set(
    ctx: typer.Context,
    vnet: Vnet,
    tag: Tag = None,
    alias: Alias = None,
    vlan_aware: Aware = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change an SDN vnet."""
    context = context_of(ctx)
    options: dict[str, Given] = {"tag": tag, "alias": alias, "vlanaware": vlan_aware}
    return context.guard.run(sdn_writes.set_vnet(context.live, vnet, options, set_ or [], delete or []))


@write(many=True)
def vnet_delete(ctx: typer.Context, vnets: Names, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete SDN vnets, which must have no subnets."""
    context = context_of(ctx)
    plan = sdn_writes.delete_objects(context.live, sdn_writes.VNET, vnets, ignore_missing=ignore_missing)
    return context.guard.run(plan)


@write()
def subnet_create(
    ctx: typer.Context,
    vnet: Vnet,
    cidr: Network,
    gateway: Gateway = None,
    snat: Snat = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create a subnet of an SDN vnet; it works after pmpc sdn apply."""
    context = context_of(ctx)
    options: dict[str, Given] = {"gateway": gateway, "snat": snat}
    return context.guard.run(
        sdn_writes.create_subnet(context.live, vnet, cidr, options, set_ or [], if_missing=if_missing)
    )


@write()
def subnet_set(
    ctx: typer.Context,
    subnet: Subnet,
    gateway: Gateway = None,
    snat: Snat = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change an SDN subnet."""
    context = context_of(ctx)
    options: dict[str, Given] = {"gateway": gateway, "snat": snat}
    return context.guard.run(sdn_writes.set_subnet(context.live, subnet, options, set_ or [], delete or []))


@write()
def subnet_delete(ctx: typer.Context, subnet: Subnet, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete an SDN subnet."""
    context = context_of(ctx)
    return context.guard.run(sdn_writes.delete_subnet(context.live, subnet, ignore_missing=ignore_missing))


@write()
def apply(ctx: typer.Context) -> Result:
    """Put the staged SDN configuration into effect on every node; what changes is shown first.

    The commands that undo it are told before. It is critical where it changes what carries the
    management, an endpoint of the workspace, or guests that safety.protected names.
    """
    context = context_of(ctx)
    with ExitStack() as opened:
        doors = {url: opened.enter_context(door(context, url)) for url in own_doors(context)}
        plan = sdn_writes.apply(context.live, doors, context.settings.safety.protected)
        try:
            return context.guard.run(plan)
        except Unreachable as error:
            # What was told before is needed now.
            told = "\n".join(warn.hint for warn in plan.warnings if warn.hint)
            error.hint = "\n".join(filter(None, (error.hint, told and f"to undo it:\n{told}")))
            raise
