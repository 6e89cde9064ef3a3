"""sdn: zones, vnets and subnets."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import sdn

_AUDIT = "SDN.Audit"
Zone = Annotated[str, typer.Argument(metavar="ZONE", help="the zone")]
OfZone = Annotated[str | None, typer.Option("--zone", metavar="ZONE", help="only this zone")]
Vnet = Annotated[str, typer.Argument(metavar="VNET", help="the vnet")]
OfVnet = Annotated[str | None, typer.Argument(metavar="[VNET]", help="only this vnet")]
Subnet = Annotated[str, typer.Argument(metavar="SUBNET", help="the subnet's id, or its network: 10.0.0.0/24")]


@read(sdn.ZONE_ROWS, audit=_AUDIT)
def zone_list(ctx: typer.Context) -> Result:
    """List the SDN zones."""
    reading = sdn.list_zones(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(sdn.ZONE_PAGE)
def zone_show(ctx: typer.Context, zone: Zone) -> Result:
    """Show an SDN zone, its vnets, and how it is on each node."""
    reading = sdn.show_zone(context_of(ctx).source, zone)
    return Result.of(reading, reading.value)


@read(sdn.VNET_ROWS, audit=_AUDIT)
def vnet_list(ctx: typer.Context, zone: OfZone = None) -> Result:
    """List the SDN vnets."""
    reading = sdn.list_vnets(context_of(ctx).source, zone)
    return Result.of(reading, [*reading.value])


@read(sdn.VNET_PAGE)
def vnet_show(ctx: typer.Context, vnet: Vnet) -> Result:
    """Show an SDN vnet and its subnets."""
    reading = sdn.show_vnet(context_of(ctx).source, vnet)
    return Result.of(reading, reading.value)


@read(sdn.SUBNET_ROWS, audit=_AUDIT)
def subnet_list(ctx: typer.Context, vnet: OfVnet = None) -> Result:
    """List the SDN subnets."""
    reading = sdn.list_subnets(context_of(ctx).source, vnet)
    return Result.of(reading, [*reading.value])


@read(sdn.SUBNET_PAGE)
def subnet_show(ctx: typer.Context, subnet: Subnet) -> Result:
    """Show an SDN subnet."""
    reading = sdn.show_subnet(context_of(ctx).source, subnet)
    return Result.of(reading, reading.value)


@read(sdn.STATUS_ROWS, audit=_AUDIT)
def status(ctx: typer.Context) -> Result:
    """List how each SDN zone is on each node."""
    reading = sdn.list_status(context_of(ctx).source)
    return Result.of(reading, [*reading.value])
