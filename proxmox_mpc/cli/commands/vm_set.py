"""vm: changing configurations."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands import vm_args
from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.commands.secret_input import secret_from, text_from
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.json import split_list
from proxmox_mpc.domain.vm_options import VmOptions, keys_of, pairs
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_config import Wish, set_vms, waiting


@write(many=True, declares=True)
def set_(
    ctx: typer.Context,
    guests: Words = None,
    new_name: Annotated[str | None, typer.Option("--new-name", metavar="NAME", help="its name")] = None,
    cores: vm_args.Cores = None,
    sockets: vm_args.Sockets = None,
    cpu: vm_args.Cpu = None,
    memory: vm_args.Memory = None,
    balloon: vm_args.Balloon = None,
    boot: vm_args.Boot = None,
    machine: vm_args.Machine = None,
    bios: vm_args.Bios = None,
    ostype: vm_args.Ostype = None,
    agent: vm_args.Agent = None,
    onboot: vm_args.Onboot = None,
    protection: vm_args.Protection = None,
    description: vm_args.Description = None,
    ciuser: vm_args.CiUser = None,
    password_from: vm_args.PasswordFrom = None,
    ssh_keys: vm_args.SshKeys = None,
    ipconfig: vm_args.IpConfigs = None,
    nameserver: vm_args.Nameserver = None,
    searchdomain: vm_args.SearchDomain = None,
    settings: vm_args.Settings = None,
    delete: Annotated[
        list[str] | None,
        typer.Option("--delete", metavar="KEY", help="remove a key, back to its default; may be repeated"),
    ] = None,
    revert: Annotated[
        list[str] | None,
        typer.Option(
            "--revert", metavar="KEY", help="drop the change of KEY that waits for a restart; all: of every key"
        ),
    ] = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Change the configuration of virtual machines.

    The change holds only if nobody else changed the configuration meanwhile. What takes effect at once and what waits
    for a restart is said; --revert drops what waits.
    """
    context = context_of(ctx)
    options = VmOptions(
        name=new_name,
        cores=cores,
        sockets=sockets,
        cpu=cpu,
        memory=memory,
        balloon=balloon,
        boot=boot,
        machine=machine,
        bios=bios,
        ostype=ostype,
        onboot=onboot,
        protection=protection,
        description=description,
        ciuser=ciuser,
        password=None if password_from is None else secret_from(context, password_from, "--password-from"),
        keys=None if ssh_keys is None else text_from(context, ssh_keys, "--ssh-keys"),
        ipconfigs=ipconfig or (),
        nameserver=nameserver,
        searchdomain=searchdomain,
        settings=pairs(settings or ()),
    )
    wish = Wish(keys_of(options), _split(delete), _split(revert), agent=agent)
    if agent is not None and "agent" in {*wish.sets, *wish.deletes}:
        raise UsageError("agent is said twice: by --agent, and by --set or --delete")
    if wish.revert and (wish.sets or wish.deletes or agent is not None):
        raise UsageError("--revert stands alone", hint="drop what is pending first, then change")
    if not (wish.sets or wish.deletes or wish.revert or agent is not None):
        renamed = "--name picks guests, --new-name gives one its name; " if name else ""
        raise UsageError(
            "what is to be changed?", hint=f"{renamed}as in: pmpc vm set 101 --cores 4 --set numa=1 --delete balloon"
        )
    both = wish.sets.keys() & set(wish.deletes)
    if both:
        raise UsageError(f"{', '.join(sorted(both))}: to be set and deleted at once")
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
    result = context.guard.run(set_vms(context.live, chosen.refs, wish, many=chosen.many))
    if context.options.dry_run or context.options.declare or wish.revert:
        return result
    return result._replace(warnings=(*result.warnings, *waiting(context.live, chosen.refs)))


def _split(words: list[str] | None) -> list[str]:
    return [key for word in words or () for key in split_list(word)]
