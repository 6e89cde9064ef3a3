"""guest, vm and ct: lists."""

from __future__ import annotations

import typer

from proxmox_mpc.cli.commands.guest_args import Names, Nodes, Pools, Statuses, Tags, Words, selection
from proxmox_mpc.cli.verbs import Verb, context_of, read
from proxmox_mpc.domain.guests import Kind
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.guests import GUEST_ROWS, KIND_ROWS, list_guests


def _list(kind: Kind | None, doc: str) -> Verb:
    def run(
        ctx: typer.Context,
        guests: Words = None,
        tag: Tags = None,
        node: Nodes = None,
        pool: Pools = None,
        status: Statuses = None,
        name: Names = None,
    ) -> Result:
        chosen = selection(guests, tag, node, pool, status, name)
        reading = list_guests(context_of(ctx).source, kind, chosen)
        return Result.of(reading, [*reading.value])

    run.__doc__ = f"{doc}\n\nWithout arguments all of them; arguments and options narrow the list."
    return read(GUEST_ROWS if kind is None else KIND_ROWS, audit="VM.Audit")(run)


vm_list = _list("vm", "List the virtual machines of the cluster.")
ct_list = _list("ct", "List the containers of the cluster.")
guest_list = _list(None, "List the guests of the cluster, virtual machines and containers.")
