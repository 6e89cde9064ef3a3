"""ct: changing configurations, network cards and volumes."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands import ct_args
from proxmox_mpc.cli.commands.guest_args import GuestName, Names, Nodes, Pools, Statuses, Tags, Words, found
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.ct_options import CtOptions
from proxmox_mpc.domain.json import split_list
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.domain.vm_options import pairs
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import ct_config, ct_volumes
from proxmox_mpc.services.vm_config import waiting


@write(many=True, declares=True)
def set_(
    ctx: typer.Context,
    guests: Words = None,
    new_name: Annotated[str | None, typer.Option("--hostname", metavar="NAME", help="its name")] = None,
    cores: ct_args.Cores = None,
    cpulimit: ct_args.CpuLimit = None,
    cpuunits: ct_args.CpuUnits = None,
    memory: ct_args.Memory = None,
    swap: ct_args.Swap = None,
    features: ct_args.Features = None,
    nesting: ct_args.Nesting = None,
    onboot: ct_args.Onboot = None,
    protection: ct_args.Protection = None,
    timezone: ct_args.Timezone = None,
    description: ct_args.Description = None,
    nameserver: ct_args.Nameserver = None,
    searchdomain: ct_args.SearchDomain = None,
    settings: ct_args.Settings = None,
    delete: Annotated[
        list[str] | None,
        typer.Option("--delete", metavar="KEY", help="remove a key, back to its default; may be repeated"),
    ] = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Change the configuration of containers.

    The change holds only if nobody else changed the configuration meanwhile. What waits for a restart is said.
    """
    context = context_of(ctx)
    options = CtOptions(
        hostname=new_name,
        cores=cores,
        cpulimit=cpulimit,
        cpuunits=cpuunits,
        memory=memory,
        swap=swap,
        features=features,
        nesting=nesting,
        onboot=onboot,
        protection=protection,
        timezone=timezone,
        description=description,
        nameserver=nameserver,
        searchdomain=searchdomain,
        settings=pairs(settings or ()),
    )
    gone = [key for word in delete or () for key in split_list(word)]
    if options == CtOptions() and not gone:
        renamed = "--name picks guests, --new-name gives one its name; " if name else ""
        raise UsageError(
            "what is to be changed?", hint=f"{renamed}as in: pmpc ct set 200 --memory 2G --set tty=2 --delete swap"
        )
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
    result = context.guard.run(ct_config.set_cts(context.live, chosen.refs, options, gone, many=chosen.many))
    if context.options.dry_run or context.options.declare:
        return result
    return result._replace(warnings=(*result.warnings, *waiting(context.live, chosen.refs)))


@write()
def nic_add(
    ctx: typer.Context,
    guest: GuestName,
    card: Annotated[str, typer.Argument(metavar="BRIDGE[,…]", help="as vmbr0,ip=dhcp,vlan=20,firewall=1")],
    key: Annotated[str | None, typer.Option("--as", metavar="NIC", help="which card; else the first free")] = None,
) -> Result:
    """Add a network card to a container."""
    return _run(ctx, ct_config.add_nic(context_of(ctx).live, found(ctx, guest), card, key))


@write()
def nic_set(
    ctx: typer.Context,
    guest: GuestName,
    nic: ct_args.NicKey,
    changes: Annotated[
        str, typer.Argument(metavar="PROPERTY=VALUE[,…]", help="as ip=10.0.0.5/24,gw=10.0.0.1,vlan=; empty takes away")
    ],
) -> Result:
    """Change properties of a container's network card; the others stay, its MAC among them."""
    return _run(ctx, ct_config.set_nic(context_of(ctx).live, found(ctx, guest), nic, changes))


@write()
def nic_remove(ctx: typer.Context, guest: GuestName, nic: ct_args.NicKey) -> Result:
    """Take a network card out of a container."""
    return _run(ctx, ct_config.remove_nic(context_of(ctx).live, found(ctx, guest), nic))


@write()
def volume_add(
    ctx: typer.Context,
    guest: GuestName,
    volume: Annotated[
        str, typer.Argument(metavar="STORAGE:SIZE,mp=PATH[,…]", help="as local-lvm:8,mp=/srv,backup=1; bare: GiB")
    ],
) -> Result:
    """Add a mount point with a new volume to a container."""
    return _run(ctx, ct_volumes.add_volume(context_of(ctx).live, found(ctx, guest), volume))


@write()
def volume_resize(
    ctx: typer.Context,
    guest: GuestName,
    volume: ct_args.VolumeKey,
    size: Annotated[str, typer.Argument(metavar="[+]SIZE", help="16G for the whole, +4G for more")],
) -> Result:
    """Grow a volume of a container; it can never be made smaller."""
    return _run(ctx, ct_volumes.resize_volume(context_of(ctx).live, found(ctx, guest), volume, size))


@write()
def volume_move(
    ctx: typer.Context,
    guest: GuestName,
    volume: ct_args.VolumeKey,
    storage: Annotated[str, typer.Argument(metavar="STORAGE", help="where to", autocompletion=values("storage"))],
    keep: Annotated[bool, typer.Option("--keep", help="leave the old volume as unusedN")] = False,
) -> Result:
    """Move a volume of a stopped container to another storage."""
    return _run(ctx, ct_volumes.move_volume(context_of(ctx).live, found(ctx, guest), volume, storage, keep=keep))


@write()
def volume_remove(
    ctx: typer.Context,
    guest: GuestName,
    volume: ct_args.VolumeKey,
    keep: Annotated[bool, typer.Option("--keep", help="only take it out: the volume stays as unusedN")] = False,
) -> Result:
    """Destroy a mount point's volume, or only take it out of the container."""
    return _run(ctx, ct_volumes.remove_volume(context_of(ctx).live, found(ctx, guest), volume, keep=keep))


def _run(ctx: typer.Context, plan: Plan) -> Result:
    return context_of(ctx).guard.run(plan)
