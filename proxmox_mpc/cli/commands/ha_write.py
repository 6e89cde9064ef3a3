"""ha: putting guests under high availability, moving them, and saying where they run."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.write_args import Comment, Deletes, IfMissing, IgnoreMissing, Sets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import ha_writes
from proxmox_mpc.services.setting_tables import Given

Guest = Annotated[
    str, typer.Argument(metavar="GUEST", help="id or name, or vm:ID, ct:ID", autocompletion=values("guest"))
]
Guests = Annotated[
    list[str], typer.Argument(metavar="GUEST...", help="ids or names, or vm:ID, ct:ID", autocompletion=values("guest"))
]
State = Annotated[str | None, typer.Option("--state", metavar="STATE", help="started, stopped, disabled or ignored")]
Restarts = Annotated[int | None, typer.Option("--max-restart", metavar="N", help="tries to start it where it is")]
Relocates = Annotated[int | None, typer.Option("--max-relocate", metavar="N", help="tries to start it elsewhere")]
Failback = Annotated[bool | None, typer.Option("--failback/--no-failback", help="go back to a better node (PVE 9)")]
Group = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="the group of nodes (PVE 8)")]
Purge = Annotated[bool, typer.Option("--purge/--keep-rules", help="take it out of the rules too (PVE 9)")]
To = Annotated[str, typer.Option("--to", metavar="NODE", help="the node", autocompletion=values("node"))]
Rule = Annotated[str, typer.Argument(metavar="RULE", help="the rule")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="their names")]
Nodes = Annotated[
    str | None, typer.Option("--nodes", metavar="A:2,B:1", help="the nodes, with their priorities; more is better")
]
Resources = Annotated[str | None, typer.Option("--resources", metavar="vm:1,ct:2", help="the resources it is about")]
Affinity = Annotated[
    str | None, typer.Option("--affinity", metavar="positive|negative", help="keep them together, or apart")
]
Strict = Annotated[bool | None, typer.Option("--strict/--no-strict", help="never run on other nodes")]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="whether the rule counts")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="the group")]
Restricted = Annotated[bool | None, typer.Option("--restricted/--no-restricted", help="never run on other nodes")]
NoFailback = Annotated[bool | None, typer.Option("--nofailback/--failback", help="stay where they were moved to")]


@write()
def resource_create(
    ctx: typer.Context,
    guest: Guest,
    state: State = None,
    max_restart: Restarts = None,
    max_relocate: Relocates = None,
    failback: Failback = None,
    group: Group = None,
    comment: Comment = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Put a guest under high availability, which keeps it started unless --state says otherwise."""
    context = context_of(ctx)
    options = _resource(state, max_restart, max_relocate, failback, group, comment)
    return context.guard.run(ha_writes.create_resource(context.live, guest, options, set_ or [], if_missing=if_missing))


@write()
def resource_set(
    ctx: typer.Context,
    guest: Guest,
    state: State = None,
    max_restart: Restarts = None,
    max_relocate: Relocates = None,
    failback: Failback = None,
    group: Group = None,
    comment: Comment = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change how high availability manages a guest; another state starts or stops it."""
    context = context_of(ctx)
    options = _resource(state, max_restart, max_relocate, failback, group, comment)
    return context.guard.run(ha_writes.set_resource(context.live, guest, options, set_ or [], delete or []))


def _resource(
    state: str | None,
    restart: int | None,
    relocate: int | None,
    failback: bool | None,
    group: str | None,
    comment: str | None,
) -> dict[str, Given]:
    return {
        "state": state,
        "max_restart": restart,
        "max_relocate": relocate,
        "failback": failback,
        "group": group,
        "comment": comment,
    }


@write(many=True)
def resource_delete(
    ctx: typer.Context, guests: Guests, purge: Purge = True, ignore_missing: IgnoreMissing = False
) -> Result:
    """Take guests out of high availability; they go on running."""
    context = context_of(ctx)
    plan = ha_writes.delete_resources(context.live, guests, ignore_missing=ignore_missing, purge=purge)
    return context.guard.run(plan)


@write()
def resource_migrate(ctx: typer.Context, guest: Guest, to: To) -> Result:
    """Have high availability migrate a guest; done means that it is there."""
    context = context_of(ctx)
    return context.guard.run(ha_writes.move_resource(context.live, guest, to, relocate=False))


@write()
def resource_relocate(ctx: typer.Context, guest: Guest, to: To) -> Result:
    """Have high availability stop a guest and start it on another node."""
    context = context_of(ctx)
    return context.guard.run(ha_writes.move_resource(context.live, guest, to, relocate=True))


@write()
def rule_create(
    ctx: typer.Context,
    rule: Rule,
    resources: Resources = None,
    nodes: Nodes = None,
    affinity: Affinity = None,
    strict: Strict = None,
    enable: Enabled = None,
    comment: Comment = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create a rule of PVE 9: --nodes says where guests run, --affinity whether together."""
    context = context_of(ctx)
    kind = "node-affinity" if nodes is not None else "resource-affinity" if affinity is not None else None
    options = {"type": kind, **_rule(resources, nodes, affinity, strict, enable, comment)}
    return context.guard.run(ha_writes.create_rule(context.live, rule, options, set_ or [], if_missing=if_missing))


@write()
def rule_set(
    ctx: typer.Context,
    rule: Rule,
    resources: Resources = None,
    nodes: Nodes = None,
    affinity: Affinity = None,
    strict: Strict = None,
    enable: Enabled = None,
    comment: Comment = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change a rule of PVE 9."""
    context = context_of(ctx)
    options = _rule(resources, nodes, affinity, strict, enable, comment)
    return context.guard.run(ha_writes.set_rule(context.live, rule, options, set_ or [], delete or []))


def _rule(
    resources: str | None,
    nodes: str | None,
    affinity: str | None,
    strict: bool | None,
    enable: bool | None,
    comment: str | None,
) -> dict[str, Given]:
    return {
        "resources": resources,
        "nodes": nodes,
        "affinity": affinity,
        "strict": strict,
        "disable": None if enable is None else not enable,
        "comment": comment,
    }


@write(many=True)
def rule_delete(ctx: typer.Context, rules: Names, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete rules of PVE 9; the guests stay where they are."""
    context = context_of(ctx)
    return context.guard.run(ha_writes.delete_rules(context.live, rules, ignore_missing=ignore_missing))


@write()
def group_create(
    ctx: typer.Context,
    group: GroupName,
    nodes: Nodes = None,
    restricted: Restricted = None,
    nofailback: NoFailback = None,
    comment: Comment = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create a group of nodes (PVE 8)."""
    context = context_of(ctx)
    options: dict[str, Given] = {
        "nodes": nodes,
        "restricted": restricted,
        "nofailback": nofailback,
        "comment": comment,
    }
    return context.guard.run(ha_writes.create_group(context.live, group, options, set_ or [], if_missing=if_missing))


@write()
def group_set(
    ctx: typer.Context,
    group: GroupName,
    nodes: Nodes = None,
    restricted: Restricted = None,
    nofailback: NoFailback = None,
    comment: Comment = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change a group of nodes (PVE 8)."""
    context = context_of(ctx)
    options: dict[str, Given] = {
        "nodes": nodes,
        "restricted": restricted,
        "nofailback": nofailback,
        "comment": comment,
    }
    return context.guard.run(ha_writes.set_group(context.live, group, options, set_ or [], delete or []))


@write(many=True)
def group_delete(ctx: typer.Context, groups: Names, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete groups of nodes (PVE 8)."""
    context = context_of(ctx)
    return context.guard.run(ha_writes.delete_groups(context.live, groups, ignore_missing=ignore_missing))
