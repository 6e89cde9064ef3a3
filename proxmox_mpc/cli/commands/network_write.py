"""network: changing the interfaces of nodes; staged first, then applied or dropped."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands.write_args import Deletes, IgnoreMissing, Sets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError, TaskFailed, Unreachable, UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import network_writes
from proxmox_mpc.services.network_revert import take_back
from proxmox_mpc.services.setting_tables import Given

if TYPE_CHECKING:
    from proxmox_mpc.api import Api

Node = Annotated[str, typer.Argument(metavar="NODE", help="the node", autocompletion=values("node"))]
Iface = Annotated[str, typer.Argument(metavar="INTERFACE", help="the interface: vmbr1, bond0, vmbr0.40 …")]
Type = Annotated[str, typer.Option("--type", metavar="TYPE", help="bridge, bond, vlan, OVSBridge …")]
Cidr = Annotated[str | None, typer.Option("--cidr", metavar="CIDR", help="its IPv4 address: 10.0.0.1/24")]
Gateway = Annotated[str | None, typer.Option("--gateway", metavar="ADDRESS", help="the IPv4 default gateway")]
Cidr6 = Annotated[str | None, typer.Option("--cidr6", metavar="CIDR", help="its IPv6 address: fd00::1/64")]
Gateway6 = Annotated[str | None, typer.Option("--gateway6", metavar="ADDRESS", help="the IPv6 default gateway")]
Ports = Annotated[str | None, typer.Option("--ports", metavar="A,B", help="a bridge's ports, or a bond's interfaces")]
Aware = Annotated[
    bool | None, typer.Option("--vlan-aware/--no-vlan-aware", help="whether a bridge knows the VLANs of guests")
]
Vlan = Annotated[int | None, typer.Option("--vlan", metavar="N", help="the tag of a VLAN")]
Device = Annotated[str | None, typer.Option("--device", metavar="NAME", help="the interface below a VLAN")]
Mode = Annotated[str | None, typer.Option("--bond-mode", metavar="MODE", help="active-backup, 802.3ad …")]
Mtu = Annotated[int | None, typer.Option("--mtu", metavar="N", help="the MTU")]
Autostart = Annotated[bool | None, typer.Option("--autostart/--no-autostart", help="whether it comes up at boot")]
Comment = Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="a comment")]


def _options(
    kind: str | None,
    cidr: str | None,
    gateway: str | None,
    cidr6: str | None,
    gateway6: str | None,
    ports: str | None,
    vlan_aware: bool | None,
    vlan: int | None,
    device: str | None,
    bond_mode: str | None,
    mtu: int | None,
    autostart: bool | None,
    comment: str | None,
) -> dict[str, Given]:
    into = {"bond": "slaves", "OVSBond": "ovs_bonds", "OVSBridge": "ovs_ports"}.get(kind or "", "bridge_ports")
    return {
        "cidr": cidr,
        "gateway": gateway,
        "cidr6": cidr6,
        "gateway6": gateway6,
        into: ports,
        "bridge_vlan_aware": vlan_aware,
        "vlan-id": vlan,
        "vlan-raw-device": device,
        "bond_mode": bond_mode,
        "mtu": mtu,
        "autostart": autostart,
        "comments": comment,
    }


@write()
def create(
    ctx: typer.Context,
    node: Node,
    iface: Iface,
    kind: Type = "bridge",
    cidr: Cidr = None,
    gateway: Gateway = None,
    cidr6: Cidr6 = None,
    gateway6: Gateway6 = None,
    ports: Ports = None,
    vlan_aware: Aware = None,
    vlan: Vlan = None,
    device: Device = None,
    bond_mode: Mode = None,
    mtu: Mtu = None,
    autostart: Autostart = True,
    comment: Comment = None,
    set_: Sets = None,
) -> Result:
    """Stage a new interface of a node: a bridge, a bond, a VLAN.

    It works after pmpc network apply.
    """
    context = context_of(ctx)
    options = _options(
        kind, cidr, gateway, cidr6, gateway6, ports, vlan_aware, vlan, device, bond_mode, mtu, autostart, comment
    )
    return context.guard.run(network_writes.create_interface(context.live, node, iface, kind, options, set_ or []))


@write()
def set_(
    ctx: typer.Context,
    node: Node,
    iface: Iface,
    cidr: Cidr = None,
    gateway: Gateway = None,
    cidr6: Cidr6 = None,
    gateway6: Gateway6 = None,
    ports: Ports = None,
    vlan_aware: Aware = None,
    vlan: Vlan = None,
    device: Device = None,
    bond_mode: Mode = None,
    mtu: Mtu = None,
    autostart: Autostart = None,
    comment: Comment = None,
    settings: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Stage other settings of an interface; --ports is for bridges, for others: --set slaves=…

    What carries the management or corosync needs the interface's name as confirmation.
    """
    context = context_of(ctx)
    options = _options(
        None, cidr, gateway, cidr6, gateway6, ports, vlan_aware, vlan, device, bond_mode, mtu, autostart, comment
    )
    return context.guard.run(
        network_writes.set_interface(context.live, node, iface, options, settings or [], delete or [])
    )


@write()
def delete(ctx: typer.Context, node: Node, iface: Iface, ignore_missing: IgnoreMissing = False) -> Result:
    """Stage the removal of an interface."""
    context = context_of(ctx)
    return context.guard.run(network_writes.delete_interface(context.live, node, iface, ignore_missing=ignore_missing))


@write()
def apply(ctx: typer.Context, node: Node) -> Result:
    """Put a node's staged network changes into effect.

    The difference is shown before, with the commands that take it back at the console of the node: the API keeps
    nothing of what was there. Where the node is cut off by it, and the workspace has endpoints on other nodes, what was
    there before is staged again and applied through one of them (8); where that fails too, the commands are told again.
    """
    context = context_of(ctx)
    if context.options.no_wait:
        raise UsageError("--no-wait does not go with this", hint="whether the node still answers must be seen")
    with ExitStack() as opened:
        doors = {url: opened.enter_context(door(context, url)) for url in own_doors(context)}
        applying = network_writes.apply(context.live, node, doors)
        try:
            return context.guard.run(applying.plan)
        except Unreachable as error:
            if not network_writes.is_cut_off(context.live, applying):
                raise
            raise _taken_back(context, applying, error) from error


def own_doors(context: Context) -> tuple[str, ...]:
    """Return the endpoints where there are several: with one, whether it answers is seen anyway."""
    endpoints = context.settings.connection.endpoints
    return endpoints if len(endpoints) > 1 else ()


def door(context: Context, url: str) -> Api:
    """Return a client of one endpoint alone."""
    connection = context.settings.connection._replace(endpoints=(url,))
    return context.connect_to(connection, context.settings.simulated_worlds)


def _taken_back(context: Context, was: network_writes.Applying, error: PmpcError) -> PmpcError:
    """Put what was there before back through another node, and return what is to be said of it all."""
    details: dict[str, object] = {key: error.details[key] for key in ("operation", "upid") if key in error.details}
    cut = f"node {was.node} was cut off by what was applied: {error.message}"
    try:
        back = take_back(was.node, was.changes, was.rows, was.facts, was.probes)
        context.warn(Warn("cut_off", f"{cut}; what was there before is put back through another node"))
        report = context.guard.perform(back, undo_of=_number(details.get("operation")))
    except PmpcError as failure:
        details |= {"undo": failure.message, "commands": [*was.commands[1:]]}
        if "operation" in failure.details:
            details["undo_operation"] = failure.details["operation"]
        return Unreachable(
            f"{cut}; it could not be taken back through another node: {failure.message}",
            hint="\n".join(was.commands),
            details=details,
        )
    return TaskFailed(
        f"{cut}; what was there before was put back, and all answers again",
        hint="stage it differently, or make another way to the node first",
        details={**details, "undo_operation": report.operation},
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


@write()
def revert(ctx: typer.Context, node: Node) -> Result:
    """Drop a node's staged network changes that were not applied."""
    context = context_of(ctx)
    return context.guard.run(network_writes.revert(context.live, node))
