"""access: users, groups, roles, tokens, grants, realms, effective permissions and second factors."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.connection import Token
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import access, acl, command_needs, needs

_AUDIT = "Sys.Audit"
User = Annotated[str, typer.Argument(metavar="USER", help="the user: NAME@REALM")]
OfUser = Annotated[str | None, typer.Argument(metavar="[USER]", help="only this user's: NAME@REALM")]
TokenId = Annotated[str, typer.Argument(metavar="TOKEN", help="the token: USER@REALM!NAME")]
Group = Annotated[str, typer.Argument(metavar="GROUP", help="the group")]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="the role")]
OnPath = Annotated[
    str | None, typer.Option("--path", metavar="PATH", help="only what acts on this path: on it, or propagated to it")
]
ForUser = Annotated[str | None, typer.Option("--user", metavar="USER", help="of this user: NAME@REALM")]
ForToken = Annotated[str | None, typer.Option("--token", metavar="TOKEN", help="of this token: USER@REALM!NAME")]
AtPath = Annotated[str | None, typer.Option("--path", metavar="PATH", help="only on this path: /vms/100")]


@read(access.USER_ROWS, audit=_AUDIT)
def user_list(ctx: typer.Context) -> Result:
    """List the users."""
    context = context_of(ctx)
    reading = access.list_users(context.source, context.now)
    return Result.of(reading, [*reading.value])


@read(access.USER_PAGE)
def user_show(ctx: typer.Context, user: User) -> Result:
    """Show a user: tokens, grants, second factors."""
    context = context_of(ctx)
    reading = access.show_user(context.source, user, context.now)
    return Result.of(reading, reading.value)


@read(access.TOKEN_ROWS, audit=_AUDIT)
def token_list(ctx: typer.Context, user: OfUser = None) -> Result:
    """List the API tokens of all users, or of one."""
    context = context_of(ctx)
    reading = access.list_tokens(context.source, context.now, user)
    return Result.of(reading, [*reading.value])


@read(access.TOKEN_PAGE)
def token_show(ctx: typer.Context, token: TokenId) -> Result:
    """Show an API token and what is granted to it."""
    context = context_of(ctx)
    reading = access.show_token(context.source, token, context.now)
    return Result.of(reading, reading.value)


@read(access.GROUP_ROWS, audit=_AUDIT)
def group_list(ctx: typer.Context) -> Result:
    """List the groups of users."""
    reading = access.list_groups(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(access.GROUP_PAGE)
def group_show(ctx: typer.Context, group: Group) -> Result:
    """Show a group: members, grants."""
    reading = access.show_group(context_of(ctx).source, group)
    return Result.of(reading, reading.value)


@read(access.ROLE_ROWS)
def role_list(ctx: typer.Context) -> Result:
    """List the roles and their privileges."""
    reading = access.list_roles(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(access.ROLE_PAGE)
def role_show(ctx: typer.Context, role: Role) -> Result:
    """Show a role: privileges, and where it is granted."""
    reading = access.show_role(context_of(ctx).source, role)
    return Result.of(reading, reading.value)


@read(acl.ACL_ROWS, audit=_AUDIT)
def acl_list(ctx: typer.Context, path: OnPath = None) -> Result:
    """List who was granted which role on which path."""
    reading = acl.list_acl(context_of(ctx).source, path)
    return Result.of(reading, [*reading.value])


@read(acl.REALM_ROWS)
def realm_list(ctx: typer.Context) -> Result:
    """List the authentication realms."""
    reading = acl.list_realms(context_of(ctx).source)
    return Result.of(reading, [*reading.value])


@read(acl.PERMISSION_ROWS)
def permissions(ctx: typer.Context, user: ForUser = None, token: ForToken = None, path: AtPath = None) -> Result:
    """List effective permissions: your own, or those of a user or token."""
    reading = acl.list_permissions(context_of(ctx).source, _holder(user, token), path)
    return Result.of(reading, [*reading.value])


@read(needs.NEEDS_PAGE, offline=False)
def check(ctx: typer.Context, user: ForUser = None, token: ForToken = None) -> Result:
    """Show what reading needs, what you hold of it, and how to get the rest.

    A token with privilege separation holds only what is granted both to itself and to its user.
    """
    context = context_of(ctx)
    who = _holder(user, token)
    reading = needs.check_needs(context.source, who or _myself(context), who)
    return Result.of(reading, reading.value)


@read(command_needs.EXPLAIN_PAGE, offline=False)
def explain(
    ctx: typer.Context,
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="the command with its arguments: vm start 101")
    ],
    user: ForUser = None,
    token: ForToken = None,
) -> Result:
    """Show which privileges a command needs on which path, which of them you lack, and how to get them."""
    context = context_of(ctx)
    who = _holder(user, token)
    reading = command_needs.explain(context.source, command, who or _myself(context), who)
    return Result.of(reading, reading.value)


def _myself(context: Context) -> str:
    mine = context.settings.connection.credentials
    return mine.token_id if isinstance(mine, Token) else mine.username


def _holder(user: str | None, token: str | None) -> str | None:
    if user is not None and token is not None:
        raise UsageError("--user and --token cannot be used together")
    for option, value, mark in (("--user", user, "@"), ("--token", token, "!")):
        if value is not None and mark not in value:
            form = "NAME@REALM" if mark == "@" else "USER@REALM!NAME"
            raise UsageError(f"{option}: {value!r} is not of the form {form}")
    return user or token


@read(acl.TFA_ROWS, offline=False)
def tfa_list(ctx: typer.Context) -> Result:
    """List the second factors of the users (not with an API token)."""
    reading = acl.list_tfa(context_of(ctx).source)
    return Result.of(reading, [*reading.value])
