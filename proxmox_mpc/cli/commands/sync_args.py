"""What the sync verbs share: the session of a workspace, a fresh look at the cluster, words that name objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import ManifestError, UsageError, WorkspaceError

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.merge import KeyMerge, Side
    from proxmox_mpc.services.sync_compare import Merge
    from proxmox_mpc.services.sync_kinds import Inventory
    from proxmox_mpc.services.sync_session import Session
    from proxmox_mpc.workspace.layout import Workspace


def _objects(ctx: typer.Context, args: list[str], incomplete: str) -> list[tuple[str, str]]:
    from proxmox_mpc.cli.verbs import context_of

    known = context_of(ctx).known_names("guest")
    return [one for one in known if one[0].startswith(incomplete)]


Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OBJECT…]",
        help="ids, ranges, names, patterns, a kind (pool), or KIND/ID; without any: all",
        autocompletion=_objects,
        show_default=False,
    ),
]
Resolve = Annotated[
    list[str] | None,
    typer.Option(
        "--resolve",
        metavar="SIDE|KEY=SIDE",
        help="decide conflicts: server or declared, for all, for a KEY, or for ID:KEY; repeatable",
    ),
]
Prune = Annotated[bool, typer.Option("--prune", help="delete what was agreed and whose manifest was removed")]
ForceOwner = Annotated[
    bool, typer.Option("--force-owner", help="also guests that a Terraform state of this workspace manages")
]


class Refreshed(NamedTuple):
    """What a look at the cluster said."""

    warnings: tuple[Warn, ...] = ()
    partial: bool = False


def workspace_of(context: Context) -> Workspace:
    """Return the workspace; raises WorkspaceError where the environment alone configures the command."""
    workspace = context.settings.workspace
    if workspace is None:
        raise WorkspaceError("manifests need a workspace", hint="make one: pmpc workspace init; or choose one: -w NAME")
    return workspace


def session_of(context: Context, at: str | None = None) -> Session:
    """Return the session over the workspace's manifests and the recorded state, ``at`` a moment of the past."""
    from proxmox_mpc.services.sync_session import Session

    def inventory() -> Inventory:
        if at is None:
            return context.recorded
        from proxmox_mpc.domain.moments import moment
        from proxmox_mpc.state.recorded import RecordedSource

        return RecordedSource(context.place, at=moment(at, "--at", context.now), now=context.now)

    return Session(workspace_of(context).infra, inventory)


def refresh(context: Context, session: Session, kinds: Collection[str] | None = None) -> Refreshed:
    """Record what the cluster has of the kinds, of all that are declared without; with --offline nothing is asked."""
    said = record(context, session.groups(kinds))
    if kinds is None and not session.tree_kinds():
        nothing = Warn("nothing_declared", f"nothing is declared in {session.infra}", "pmpc sync declare begins")
        return said._replace(warnings=(*said.warnings, nothing))
    return said


def record(context: Context, groups: Collection[str] = ()) -> Refreshed:
    """Pull these groups of objects, all without; with --offline nothing is asked."""
    if context.options.offline:
        return Refreshed()
    from proxmox_mpc.output.progress import Progress
    from proxmox_mpc.services.pull import pull

    with Progress(context.streams) as progress:
        report = pull(context.live, context.store, only=groups, now=context.now, progress=progress)
    return Refreshed(report.warnings, report.partial)


class Carried(NamedTuple):
    """What a pull took into the manifests, and what there is to say about them."""

    rows: tuple[JsonObject, ...] = ()
    warnings: tuple[Warn, ...] = ()
    partial: bool = False


def carry(context: Context) -> Carried:
    """Take what only the cluster has changed into the manifests; without manifests nothing is done.

    A manifest that cannot be read keeps none of the pull from being recorded: it is a warning, and partial.
    """
    workspace = context.settings.workspace
    if workspace is None or not workspace.infra.is_dir():
        return Carried()
    from proxmox_mpc.services.sync_files import take_pulled

    session = session_of(context)
    try:
        merges = session.look()
        done = take_pulled(session, merges)
        merges = session.look() if done else merges
        session.settle(merges)
    except ManifestError as error:
        warn = Warn(error.code, f"the manifests were left alone: {error.message}", error.hint)
        return Carried(warnings=(warn,), partial=True)
    left = sum(1 for one in merges if one.differs)
    said = (
        (Warn("differences", f"{left} declared objects differ from the cluster", "pmpc sync diff shows how"),)
        if left
        else ()
    )
    return Carried(tuple(one.row() for one in done), said)


class Deciding:
    """What ``--resolve`` says of each conflict: ``server``, ``declared``, ``KEY=SIDE``, ``ID:KEY=SIDE``."""

    def __init__(self, words: Iterable[str] | None) -> None:
        self._sides = dict(_decision(word) for word in words or ())

    def __bool__(self) -> bool:
        return bool(self._sides)

    def side(self, one: Merge, key: KeyMerge) -> Side | None:
        """Return which side wins a conflict, None where nothing was said."""
        for name in (f"{one.ident}:{key.key}", key.key, ""):
            if name in self._sides:
                return self._sides[name]
        return None

    @property
    def whole(self) -> Side | None:
        """Which side wins where an object as a whole is in conflict."""
        return self._sides.get("")


def _decision(word: str) -> tuple[str, Side]:
    name, equals, said = word.rpartition("=")
    sides: dict[str, Side] = {"server": "live", "live": "live", "declared": "declared"}
    if said not in sides or (equals and not name):
        raise UsageError(f"--resolve {word!r} decides nothing", hint="server, declared, KEY=server or ID:KEY=declared")
    return name, sides[said]
