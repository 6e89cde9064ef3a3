"""What the commands that change a virtual machine share."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.commands.guest_args import found
from proxmox_mpc.cli.verbs import context_of
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_config import waiting


def run_and_say(ctx: typer.Context, guest: str, plan: Plan) -> Result:
    """Carry a change of a VM out, and say what of it waits for a restart."""
    context = context_of(ctx)
    result = context.guard.run(plan)
    if context.options.dry_run:
        return result
    return result._replace(warnings=(*result.warnings, *waiting(context.live, [found(ctx, guest)])))
