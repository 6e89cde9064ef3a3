"""access token: creating, changing, deleting and rotating API tokens."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.access import TokenId
from proxmox_mpc.cli.commands.access_write import Expires, moment
from proxmox_mpc.cli.commands.workspace import in_use
from proxmox_mpc.cli.commands.write_args import Comment, IfMissing, IgnoreMissing
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.connection import Secret, Token
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.output.result import Result
from proxmox_mpc.safety.guard import Report
from proxmox_mpc.services import token_writes as writes

_SECRET = Field("secret", "string?", "the token's secret, told this once; null where there is none to tell")
_ROTATED = (
    _SECRET,
    Field("token", "string", "the token that is to be used now"),
    Field("workspace", "boolean", "whether this workspace uses it already"),
    Field("old", "string?", "the old token where it still works; null where it is gone"),
)
Tokens = Annotated[list[str], typer.Argument(metavar="TOKEN...", help="the tokens: USER@REALM!NAME")]
Privsep = Annotated[
    bool | None,
    typer.Option(
        "--privsep/--no-privsep", help="whether it holds only what is granted to itself, or all its user holds"
    ),
]
NewName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="the new token's name; else the old with a number")
]
InPlace = Annotated[
    bool, typer.Option("--in-place", help="give the same token a new secret (PVE 9); the old secret ends at once")
]
DeleteOld = Annotated[
    bool | None,
    typer.Option(
        "--delete-old/--keep-old",
        help="whether the old token is deleted; if not said, it is where this workspace has switched to the new one",
    ),
]


@write(extra=(_SECRET,))
def create(
    ctx: typer.Context,
    token: TokenId,
    comment: Comment = None,
    expires: Expires = None,
    privsep: Privsep = None,
    if_missing: IfMissing = False,
) -> Result:
    """Create an API token; its secret is printed this once."""
    context = context_of(ctx)
    options = {"comment": comment, "expire": moment(expires), "privsep": privsep}
    plan = writes.create_token(context.live, token, options, if_missing=if_missing)
    report = context.guard.perform(plan)
    return context.guard.result(plan, report, [{"secret": _told(report)}])


@write()
def set_(
    ctx: typer.Context, token: TokenId, comment: Comment = None, expires: Expires = None, privsep: Privsep = None
) -> Result:
    """Change an API token's comment, end or scope."""
    context = context_of(ctx)
    options = {"comment": comment, "expire": moment(expires), "privsep": privsep}
    return context.guard.run(writes.set_token(context.live, token, options))


@write(many=True)
def delete(ctx: typer.Context, tokens: Tokens, ignore_missing: IgnoreMissing = False) -> Result:
    """Delete API tokens; who uses them is locked out."""
    context = context_of(ctx)
    plan = writes.delete_tokens(context.live, tokens, ignore_missing=ignore_missing, own=_own(context))
    return context.guard.run(plan)


@write(extra=_ROTATED)
def rotate(
    ctx: typer.Context,
    token: TokenId,
    name: NewName = None,
    in_place: InPlace = False,
    delete_old: DeleteOld = None,
) -> Result:
    """Replace an API token by a new one with the same scope, end, comment and grants.

    The new one is used once before anything depends on it; then the workspace is switched over, where the token is its
    own and its secret is kept in a file or encrypted; only then the old one is deleted. Else the new secret is printed.
    """
    context = context_of(ctx)
    own = _own(context) == token

    def verify(token_id: str, secret: Secret) -> None:
        connection = context.settings.connection._replace(credentials=Token(token_id, lambda: secret))
        with context.connect_to(connection, context.settings.simulated_worlds) as api:
            api.read("/version")

    if in_place:
        plan = writes.regenerate_token(context.live, token)
        rotation = writes.Rotation(token, plan, Plan("delete"))
    else:
        rotation = writes.rotate_token(context.live, token, verify, name=name, own=own)
    if context.options.dry_run:
        ending = rotation.end.steps if delete_old is not False else ()
        plan = Plan("rotate", (*rotation.make.steps, *ending), many=True)
        report = context.guard.perform(plan)
        return context.guard.result(
            Plan("rotate"), report, [_row(rotation.token, None, False, token)] * len(report.rows)
        )
    report = context.guard.perform(rotation.make)
    secret = report.values[0].get(writes.SECRET.name) if report.values else None
    if not isinstance(secret, Secret):
        return context.guard.result(rotation.make, report, [_row(rotation.token, None, False, token)])
    try:
        if in_place:
            verify(token, secret)
        switched = own and _switched(context, rotation.token, secret)
    except PmpcError as error:
        # Whatever failed, nobody else can ever tell the secret again.
        row = _row(rotation.token, secret.reveal(), False, None if in_place else token)
        return context.guard.result(rotation.make, report, [row])._replace(error=error)
    old = None if in_place else token
    if not in_place and (switched if delete_old is None else delete_old):
        try:
            context.guard.perform(rotation.end)
            old = None
        except PmpcError as error:
            row = _row(rotation.token, None if switched else secret.reveal(), switched, token)
            return context.guard.result(rotation.make, report, [row])._replace(error=error)
    row = _row(rotation.token, None if switched else secret.reveal(), switched, old)
    result = context.guard.result(rotation.make, report, [row])
    return result._replace(warnings=(*result.warnings, *_left(own, switched, old)))


def _row(token: str, secret: str | None, switched: bool, old: str | None) -> JsonObject:
    return {"secret": secret, "token": token, "workspace": switched, "old": old}


def _left(own: bool, switched: bool, old: str | None) -> tuple[Warn, ...]:
    """Say what is left to do."""
    if switched or old is None:
        return ()
    where = "the workspace's own source of the secret" if own else "whatever uses the old one"
    hint = f"put the new token and secret into {where}, then: pmpc access token delete '{old}'"
    return (Warn("token_not_switched", f"{old} still works", hint, {"token": old}),)


def _told(report: Report) -> str | None:
    secret = report.values[0].get(writes.SECRET.name) if report.values else None
    return secret.reveal() if isinstance(secret, Secret) else None


def _own(context: Context) -> str | None:
    """Return the token that pmpc uses here."""
    credentials = context.settings.connection.credentials
    return credentials.token_id if isinstance(credentials, Token) else None


def _switched(context: Context, token: str, secret: Secret) -> bool:
    """Make the workspace use a token, where pmpc can; return whether it does."""
    from proxmox_mpc.workspace.secrets import passphrase
    from proxmox_mpc.workspace.switch_token import SWITCHED, source_of, switch_token

    settings = context.settings
    if settings.workspace is None or settings.connection_origin == "environment":
        return False
    place, config = in_use(context)
    source = source_of(config)
    if source is None or source.kind not in SWITCHED:
        return False
    old = switch_token(
        place,
        source,
        token,
        secret,
        home=context.home,
        passphrase=lambda: passphrase("Passphrase of the workspace's secrets: ", settings.context),
        entropy=os.urandom(28),
    )
    if old is not None:
        old.unlink(missing_ok=True)
    return True
