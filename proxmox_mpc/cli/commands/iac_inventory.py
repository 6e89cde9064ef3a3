"""iac inventory: the recorded guests as a dynamic inventory for Ansible."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.iac_args import Exclude, Include
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.shape import ANY
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.output.result import Result


@local(ANY)
def inventory(
    ctx: typer.Context,
    listed: Annotated[bool, typer.Option("--list", help="every group and host (the default)")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="NAME", help="the variables of one host")] = None,
    include: Include = None,
    exclude: Exclude = None,
) -> Result:
    """Print the recorded guests as a dynamic inventory for Ansible, always as JSON.

    Groups are kind, node, pool, tag, OS and state; ansible_host is the first static address of a container, or the one
    that cloud-init gives a VM. An executable script of one line is an inventory: exec pmpc -w lab iac inventory "$@"
    """
    from proxmox_mpc.iac.ansible.inventory import inventory as made
    from proxmox_mpc.iac.estate import Estate, Only

    if listed and host is not None:
        raise UsageError("--list and --host exclude each other")
    context = context_of(ctx)
    found = made(Estate(context.recorded, Only.read(include or (), exclude or ())))
    if host is not None:
        meta = found["_meta"]
        hosts = meta["hostvars"] if isinstance(meta, dict) else None
        if not isinstance(hosts, dict) or host not in hosts:
            raise NotFound(f"there is no host {host!r}", hint="pmpc iac inventory --list")
        vars_ = hosts[host]
        found = vars_ if isinstance(vars_, dict) else {}
    if context.format == "table":
        # Ansible runs it without -o, and reads JSON.
        context.options.output = "json"
    return Result(found)
