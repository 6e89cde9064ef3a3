"""access: creating, changing and deleting users, groups, roles and grants."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.access import Group, Role, User
from proxmox_mpc.cli.commands.secret_input import secret_from
from proxmox_mpc.cli.commands.write_args import Comment, Deletes, IfMissing, IgnoreMissing, Sets
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.moments import epoch
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import access_writes as writes
from proxmox_mpc.services.setting_tables import Given

Users = Annotated[list[str], typer.Argument(metavar="USER...", help="the users: NAME@REALM")]
GroupNames = Annotated[list[str], typer.Argument(metavar="GROUP...", help="the groups")]
Roles = Annotated[list[str], typer.Argument(metavar="ROLE...", help="the roles")]
First = Annotated[str | None, typer.Option("--firstname", metavar="NAME", help="first name")]
Last = Annotated[str | None, typer.Option("--lastname", metavar="NAME", help="last name")]
Email = Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="mail address")]
InGroups = Annotated[
    list[str] | None, typer.Option("--group", metavar="GROUP", help="the groups the user is in; may be repeated")
]
Expires = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="when it ends: 2027-01-31, 2027-01-31T12:00, or never")
]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="switch the account on or off")]
PasswordFrom = Annotated[
    str | None,
    typer.Option(
        "--password-from",
        metavar="SOURCE",
        help="where the password comes from: env:NAME, file:PATH, command:COMMAND, keyring:NAME or prompt",
    ),
]
Privileges = Annotated[
    list[str] | None, typer.Option("--privs", metavar="A,B", help="its privileges, separated by commas; repeatable")
]
More = Annotated[list[str] | None, typer.Option("--add-privs", metavar="A,B", help="further privileges")]
Less = Annotated[list[str] | None, typer.Option("--remove-privs", metavar="A,B", help="privileges to take away")]
NewComment = Annotated[str, typer.Option("--comment", metavar="TEXT", help="the new comment; '' takes it away")]
AclPath = Annotated[str, typer.Argument(metavar="PATH", help="the path: /, /vms/100, /pool/web, /storage/local …")]
GrantedRoles = Annotated[list[str], typer.Option("--role", metavar="ROLE", help="the role; may be repeated")]
ToUser = Annotated[str | None, typer.Option("--user", metavar="USER", help="a user: NAME@REALM")]
ToGroup = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="a group")]
ToToken = Annotated[str | None, typer.Option("--token", metavar="TOKEN", help="a token: USER@REALM!NAME")]
Propagate = Annotated[bool, typer.Option("--propagate/--no-propagate", help="whether it holds below the path too")]


def moment(text: str | None) -> int | None:
    """Return epoch seconds for --expires, 0 for never; raises UsageError."""
    if text is None:
        return None
    if text in ("never", "0"):
        return 0
    try:
        found = epoch(text)
    except (UsageError, ValueError):
        found = None
    if found is None:
        raise UsageError(f"--expires: {text!r} is no moment", hint="such as 2027-01-31, 2027-01-31T12:00:00Z, or never")
    return int(found)


def _about(
    comment: str | None,
    first: str | None,
    last: str | None,
    email: str | None,
    groups: list[str] | None,
    expires: str | None,
    enabled: bool | None,
) -> dict[str, Given]:
    return {
        "comment": comment,
        "firstname": first,
        "lastname": last,
        "email": email,
        "groups": groups,
        "expire": moment(expires),
        "enable": enabled,
    }


@write()
def user_create(
    ctx: typer.Context,
    user: User,
    comment: Comment = None,
    firstname: First = None,
    lastname: Last = None,
    email: Email = None,
    group: InGroups = None,
    expires: Expires = None,
    enable: Enabled = None,
    password_from: PasswordFrom = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create a user; one of the realm pve needs a password to log in."""
    context = context_of(ctx)
    password = _password(ctx, password_from)
    options = _about(comment, firstname, lastname, email, group, expires, enable)
    plan = writes.create_user(context.live, user, options, set_ or [], password=password, if_missing=if_missing)
    return context.guard.run(plan)


def _password(ctx: typer.Context, source: str | None) -> Secret | None:
    return None if source is None else secret_from(context_of(ctx), source, "--password-from")


@write()
def user_set(
    ctx: typer.Context,
    user: User,
    comment: Comment = None,
    firstname: First = None,
    lastname: Last = None,
    email: Email = None,
    group: InGroups = None,
    expires: Expires = None,
    enable: Enabled = None,
    set_: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change a user; --group names all groups that the user is to be in."""
    context = context_of(ctx)
    options = _about(comment, firstname, lastname, email, group, expires, enable)
    return context.guard.run(writes.set_user(context.live, user, options, set_ or [], delete or []))


@write()
def user_password(
    ctx: typer.Context,
    user: User,
    password_from: Annotated[
        str, typer.Option("--password-from", metavar="SOURCE", help="where the new password comes from")
    ],
) -> Result:
    """Set a user's password (not with an API token)."""
    context = context_of(ctx)
    secret = secret_from(context, password_from, "--password-from")
    return context.guard.run(writes.set_password(context.live, user, secret))


@write(many=True)
def user_delete(ctx: typer.Context, users: Users, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete users, with their tokens and what was granted to them."""
    context = context_of(ctx)
    return context.guard.run(writes.delete_users(context.live, users, ignore_missing=ignore_missing))


@write()
def group_create(ctx: typer.Context, group: Group, comment: Comment = None, if_missing: IfMissing = False) -> Result:
    """Create a group of users."""
    context = context_of(ctx)
    return context.guard.run(writes.create_group(context.live, group, comment, if_missing=if_missing))


@write()
def group_set(ctx: typer.Context, group: Group, comment: NewComment) -> Result:
    """Change a group's comment; who is in it: pmpc access user set --group."""
    context = context_of(ctx)
    return context.guard.run(writes.set_group(context.live, group, comment))


@write(many=True)
def group_delete(ctx: typer.Context, groups: GroupNames, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete groups; their members stay."""
    context = context_of(ctx)
    return context.guard.run(writes.delete_groups(context.live, groups, ignore_missing=ignore_missing))


@write()
def role_create(ctx: typer.Context, role: Role, privs: Privileges = None, if_missing: IfMissing = False) -> Result:
    """Create a role of some privileges."""
    context = context_of(ctx)
    return context.guard.run(writes.create_role(context.live, role, privs or [], if_missing=if_missing))


@write()
def role_set(
    ctx: typer.Context, role: Role, privs: Privileges = None, add_privs: More = None, remove_privs: Less = None
) -> Result:
    """Change what a role allows."""
    context = context_of(ctx)
    return context.guard.run(writes.set_role(context.live, role, privs, add_privs or [], remove_privs or []))


@write(many=True)
def role_delete(ctx: typer.Context, roles: Roles, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete roles; who was granted them loses them."""
    context = context_of(ctx)
    return context.guard.run(writes.delete_roles(context.live, roles, ignore_missing=ignore_missing))


@write()
def acl_create(
    ctx: typer.Context,
    path: AclPath,
    role: GrantedRoles,
    user: ToUser = None,
    group: ToGroup = None,
    token: ToToken = None,
    propagate: Propagate = True,
) -> Result:
    """Grant roles on a path to a user, group or token."""
    context = context_of(ctx)
    plan = writes.grant(context.live, path, role, _holder(user, group, token), propagate=propagate)
    return context.guard.run(plan)


@write()
def acl_delete(
    ctx: typer.Context,
    path: AclPath,
    role: GrantedRoles,
    user: ToUser = None,
    group: ToGroup = None,
    token: ToToken = None,
) -> Result:
    """Take roles on a path away from a user, group or token."""
    context = context_of(ctx)
    return context.guard.run(writes.revoke(context.live, path, role, _holder(user, group, token)))


def _holder(user: str | None, group: str | None, token: str | None) -> tuple[str, str]:
    given = [(kind, name) for kind, name in (("user", user), ("group", group), ("token", token)) if name is not None]
    if len(given) != 1:
        raise UsageError("to whom?", hint="say one of --user, --group and --token")
    return given[0]
