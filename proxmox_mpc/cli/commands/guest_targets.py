"""Which guests a write means: selectors, resolved wholly before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import kind_of, selection, verb_of
from proxmox_mpc.cli.verbs import context_of
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.selectors import nothing_selected
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services.guests import reachable, select_guests

All = Annotated[bool, typer.Option("--all", help="every guest")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The guests that the command line means, by id; ``many``: it could have named several."""

    refs: tuple[GuestRef, ...]
    many: bool


def targets(
    ctx: typer.Context,
    words: Sequence[str] | None,
    *,
    tag: Sequence[str] | None = None,
    node: Sequence[str] | None = None,
    pool: Sequence[str] | None = None,
    status: Sequence[str] | None = None,
    name: Sequence[str] | None = None,
    every: bool = False,
    templates: bool = True,
) -> Chosen:
    """Return the guests that arguments and selectors mean; ``templates`` False leaves templates out where not named.

    Raises UsageError without any selector, NotFound where nothing matches (with --allow-empty: none), and
    NodeUnreachable for one named guest on a node that is down.
    """
    context, kind, verb = context_of(ctx), kind_of(ctx), verb_of(ctx)
    options = context.options
    wanted = selection(words, tag, node, pool, status, name)
    if options.retry_failed is not None:
        failed = context.guard.failed_of(options.retry_failed)
        wanted = selection([*(words or ()), *failed], tag, node, pool, status, name)
        if not failed:
            return Chosen((), many=True)
    if not wanted and not every:
        raise UsageError(
            "which guests?", hint="name them, or select them: --tag, --node, --pool, --status, --name, --all"
        )
    if wanted and every:
        raise UsageError("--all and a selection exclude each other")
    refs = select_guests(context.live, wanted, kind, verb).value
    one = list(words or ())
    many = options.retry_failed is not None or not (
        len(one) == 1 and len(refs) <= 1 and _plain(one[0]) and _only_words(wanted)
    )
    if not many and refs:
        return Chosen((reachable(refs[0], context.live, verb),), many=False)
    chosen = tuple(ref for ref in refs if templates or not ref.template)
    if not chosen and not options.allow_empty:
        raise nothing_selected(kind)
    return Chosen(chosen, many=True)


def _plain(word: str) -> bool:
    """Whether a word names one guest, being no pattern and no range."""
    first, _, last = word.partition("-")
    return not set(word) & set("*?[") and not (first.isdigit() and last.isdigit())


def _only_words(wanted: object) -> bool:
    from proxmox_mpc.domain.selectors import Selection

    assert isinstance(wanted, Selection)
    return not any((wanted.names, wanted.tags, wanted.nodes, wanted.pools, wanted.statuses))
