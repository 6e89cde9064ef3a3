"""vm: changing cloud-init."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands import vm_args
from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.commands.secret_input import secret_from, text_from
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.vm_options import VmOptions, pairs
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.cloudinit_writes import regenerate, set_cloudinit


@write()
def cloudinit_set(
    ctx: typer.Context,
    guest: GuestName,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="the user")] = None,
    password_from: vm_args.PasswordFrom = None,
    ssh_keys: vm_args.SshKeys = None,
    ipconfig: vm_args.IpConfigs = None,
    nameserver: vm_args.Nameserver = None,
    searchdomain: vm_args.SearchDomain = None,
    drive: Annotated[
        str | None,
        typer.Option(
            "--drive", metavar="STORAGE", help="add the drive, on this storage", autocompletion=values("storage")
        ),
    ] = None,
    settings: vm_args.Settings = None,
    delete: Annotated[
        list[str] | None, typer.Option("--delete", metavar="KEY", help="remove a key; may be repeated")
    ] = None,
) -> Result:
    """Change what cloud-init sets up, and write its drive anew.

    --set takes PVE's further keys for it: citype, ciupgrade, cicustom, ipconfig3, …
    """
    context = context_of(ctx)
    options = VmOptions(
        ciuser=user,
        password=None if password_from is None else secret_from(context, password_from, "--password-from"),
        keys=None if ssh_keys is None else text_from(context, ssh_keys, "--ssh-keys"),
        ipconfigs=ipconfig or (),
        nameserver=nameserver,
        searchdomain=searchdomain,
        cloudinit=drive,
        settings=pairs(settings or ()),
    )
    if options == VmOptions() and not delete:
        raise UsageError("what is to be changed?", hint="as in: pmpc vm cloudinit set 104 --user admin --ipconfig dhcp")
    return context.guard.run(set_cloudinit(context.live, found(ctx, guest), options, list(delete or ())))


@write()
def cloudinit_regenerate(ctx: typer.Context, guest: GuestName) -> Result:
    """Write the cloud-init drive of a virtual machine anew."""
    context = context_of(ctx)
    return context.guard.run(regenerate(context.live, found(ctx, guest)))
