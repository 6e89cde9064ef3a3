"""network: interfaces of the nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.networks import NETWORK_PAGE, NETWORK_ROWS, list_networks, show_network

OfNode = Annotated[
    str | None, typer.Option("--node", metavar="NODE", help="only this node", autocompletion=values("node"))
]
Node = Annotated[str, typer.Argument(metavar="NODE", help="the node", autocompletion=values("node"))]
Iface = Annotated[
    str, typer.Argument(metavar="INTERFACE", help="the interface, for example vmbr0", autocompletion=values("bridge"))
]


@read(NETWORK_ROWS, audit="Sys.Audit")
def list_(ctx: typer.Context, node: OfNode = None) -> Result:
    """List the network interfaces of the nodes."""
    reading = list_networks(context_of(ctx).source, node)
    return Result.of(reading, [*reading.value])


@read(NETWORK_PAGE)
def show(ctx: typer.Context, node: Node, iface: Iface) -> Result:
    """Show a network interface, and changes that are not applied."""
    reading = show_network(context_of(ctx).source, node, iface)
    return Result.of(reading, reading.value)
