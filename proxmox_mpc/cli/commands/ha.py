"""ha: high availability."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import ha

Resource = Annotated[
    str,
    typer.Argument(metavar="RESOURCE", help="vm:ID, ct:ID, or the guest's id or name", autocompletion=values("guest")),
]
Rule = Annotated[str, typer.Argument(metavar="RULE", help="the rule")]


@read(ha.RESOURCE_ROWS)
def resource_list(ctx: typer.Context) -> Result:
    """List the guests that are managed by high availability."""
    reading = ha.list_resources(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(ha.RESOURCE_PAGE)
def resource_show(ctx: typer.Context, resource: Resource) -> Result:
    """Show how high availability manages a guest."""
    reading = ha.show_resource(context_of(ctx).source, resource)
    return Result.of(reading, reading.value)


@read(ha.RULE_ROWS)
def rule_list(ctx: typer.Context) -> Result:
    """List the high availability rules (PVE 9)."""
    reading = ha.list_rules(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(ha.RULE_PAGE)
def rule_show(ctx: typer.Context, rule: Rule) -> Result:
    """Show a high availability rule (PVE 9)."""
    reading = ha.show_rule(context_of(ctx).source, rule)
    return Result.of(reading, reading.value)


@read(ha.GROUP_ROWS)
def group_list(ctx: typer.Context) -> Result:
    """List the high availability groups (PVE 8)."""
    reading = ha.list_groups(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(ha.STATUS_PAGE)
def status(ctx: typer.Context) -> Result:
    """Show what high availability is doing: manager, nodes, guests."""
    reading = ha.show_status(context_of(ctx).source)
    return Result.of(reading, reading.value)
