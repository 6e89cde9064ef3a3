"""What the commands about guests share: which kind the command line speaks of, and how guests are named on it.

``vm``, ``ct`` and ``guest`` have most verbs in common; which guests a verb accepts follows from the group it is in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of
from proxmox_mpc.domain.guests import GuestRef, Kind
from proxmox_mpc.domain.selectors import Selection
from proxmox_mpc.services.guests import find_guest, reachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer._click.core import Context as TyperContext

_GROUPS: dict[str | None, Kind | None] = {"vm": "vm", "ct": "ct", "guest": None}


def kind_of(ctx: TyperContext) -> Kind | None:
    """Return vm or ct for a command in that group, None for one that takes both (guest, backup)."""
    return _GROUPS.get(_words(ctx)[0])


def verb_of(ctx: TyperContext) -> str:
    """Return the words after the group: ``show``, ``snapshot list``."""
    return " ".join(_words(ctx)[1:])


def _words(ctx: TyperContext) -> list[str]:
    words: list[str] = []
    at: TyperContext | None = ctx
    while at is not None:
        words.insert(0, at.info_name or "")
        if words[0] in _GROUPS:
            break
        at = at.parent
    return words


def _guests(ctx: typer.Context, args: list[str], incomplete: str) -> list[tuple[str, str]]:
    return values(kind_of(ctx) or "guest")(ctx, args, incomplete)


def found(ctx: typer.Context, named: str) -> GuestRef:
    """Return the guest that an argument names; raises NotFound, UsageError, and NodeUnreachable for a node known to be
    offline.
    """
    source, verb = context_of(ctx).source, verb_of(ctx)
    return reachable(find_guest(source, named, kind_of(ctx), verb), source, verb)


def selection(
    words: Sequence[str] | None,
    tag: Sequence[str] | None,
    node: Sequence[str] | None,
    pool: Sequence[str] | None,
    status: Sequence[str] | None,
    name: Sequence[str] | None = None,
) -> Selection:
    """Return what a command's arguments and options select."""
    return Selection(words or (), name or (), tag or (), node or (), pool or (), status or ())


def _many(flag: str, metavar: str, text: str, kind: str | None = None) -> Any:
    completion = values(kind) if kind else None
    return typer.Option(flag, metavar=metavar, help=f"{text}; may be repeated", autocompletion=completion)


GuestName = Annotated[str, typer.Argument(metavar="GUEST", help="the guest's id or name", autocompletion=_guests)]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[GUEST]...", help="ids, ranges (100-119), names and patterns (web-*)", autocompletion=_guests
    ),
]
Names = Annotated[list[str] | None, _many("--name", "PATTERN", "guests whose name matches a pattern such as web-*")]
Tags = Annotated[list[str] | None, _many("--tag", "TAG", "guests with this tag", "tag")]
Nodes = Annotated[list[str] | None, _many("--node", "NODE", "guests on this node", "node")]
Pools = Annotated[list[str] | None, _many("--pool", "POOL", "guests of this pool", "pool")]
Statuses = Annotated[list[str] | None, _many("--status", "STATUS", "guests that are running, stopped, …")]
