"""``sync pull``: read the cluster, compare with what is recorded, store the difference in one transaction."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, text
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.errors import NotFound, PmpcError, UsageError
from proxmox_mpc.services import pull_objects as objects
from proxmox_mpc.services.pull_firewall import pull_firewall
from proxmox_mpc.services.pull_guests import pull_guests
from proxmox_mpc.services.pull_reader import Progress, Pulling
from proxmox_mpc.services.pull_rights import Rights
from proxmox_mpc.state import history, writer
from proxmox_mpc.state.batch import Batch, ObjectChange, Ran, RunRecord
from proxmox_mpc.state.documents import without_secrets
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.kinds import GROUPS, NODE_GROUPS
from proxmox_mpc.state.recorded_routes import OTHER_RESOURCES
from proxmox_mpc.state.times import stamp

if TYPE_CHECKING:
    from proxmox_mpc.state.store import StateStore

# In this order: what is removed with a guest or a storage is judged after them.
_PARTS: Mapping[str, Callable[[Pulling], None]] = MappingProxyType(
    {
        "node": objects.pull_nodes,
        "guest": pull_guests,
        "storage": objects.pull_storages,
        "volume": objects.pull_volumes,
        "network": objects.pull_networks,
        "sdn": objects.pull_sdn,
        "pool": objects.pull_pools,
        "ha": objects.pull_ha,
        "firewall": pull_firewall,
        "access": objects.pull_access,
        "job": objects.pull_jobs,
        "cluster": objects.pull_options,
        "task": objects.pull_tasks,
    }
)


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull did: the run, what changed, what could not be read; ``first`` when nothing was recorded before."""

    run: RunRecord
    changes: list[ObjectChange]
    warnings: tuple[Warn, ...]
    partial: bool
    first: bool


def _silent(_what: str, _done: int, _total: int) -> None:
    """Report no progress."""


def pull(
    source: Source,
    store: StateStore,
    *,
    only: Collection[str] = (),
    node: str | None = None,
    now: Now = time.time,
    progress: Progress = _silent,
) -> PullReport:
    """Record the cluster, or the groups in ``only`` (see ``kinds.GROUPS``), or what belongs to one node.

    Raises UsageError (an unknown group, or one that belongs to no node), NotFound (the node), Conflict (a pull is
    running already), and what makes every request fail; then nothing but the failed run is recorded.
    """
    groups = _groups(only, node)
    with _collector_paused(), store.sync_lock(now()):
        started = stamp(now())
        scope: JsonObject = {"groups": [group for group in GROUPS if group in groups], "node": node}
        first = not history.runs(store, 1)
        pulling = Pulling(source, store, groups, node, progress, explicit=bool(only))
        try:
            _gather(pulling)
        except PmpcError as error:
            ran = Ran(started, stamp(now()), caller(), scope, "failed", pulling.requests, error=error.message)
            writer.record_failure(store, ran)
            raise
        warnings = tuple(pulling.warnings.values())
        ran = Ran(
            started=started,
            finished=stamp(now()),
            caller=caller(),
            scope=scope,
            outcome="partial" if pulling.partial else "done",
            requests=pulling.requests,
            warnings=tuple(_plain(warning) for warning in warnings),
        )
        batch = Batch(ran, [*pulling.findings.values()], pulling.answers, pulling.coverage)
        run = writer.record(store, batch)
    record = history.find_run(store, run)
    assert record is not None
    return PullReport(record, history.changes(store, run), warnings, pulling.partial, first)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Spare the garbage collector: it would walk all that was found again and again (a tenth of the time), for nothing.

    Nothing of a pull is in a cycle, so memory stays the same.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _groups(only: Collection[str], node: str | None) -> frozenset[str]:
    unknown = sorted(set(only) - set(GROUPS))
    if unknown:
        raise UsageError(f"--only {unknown[0]}: there is no such kind", hint=f"one of: {', '.join(GROUPS)}")
    if node is None:
        return frozenset(only or GROUPS)
    elsewhere = sorted(set(only) - set(NODE_GROUPS))
    if elsewhere:
        raise UsageError(
            f"--only {elsewhere[0]} with --node: these objects belong to no node",
            hint=f"with --node one of: {', '.join(NODE_GROUPS)}",
        )
    return frozenset(only or NODE_GROUPS)


def _gather(pulling: Pulling) -> None:
    pulling.progress("cluster", 0, 1)
    _overview(pulling)
    for group, read in _PARTS.items():
        if group in pulling.groups:
            read(pulling)


def _overview(pulling: Pulling) -> None:
    """Read what everything else is judged by: all resources, quorum, which nodes answer, what the token may see."""
    resources = pulling.source.read("/cluster/resources")
    pulling.requests += 1
    pulling.resources = as_rows(resources, "/cluster/resources")
    status = pulling.read("/cluster/status")
    granted = pulling.read("/access/permissions")
    version = pulling.read("/version")
    pulling.rights = Rights(None if isinstance(granted, PmpcError) else as_object(granted, "/access/permissions"))
    nodes = {str(row.get("node")): row for row in pulling.resources if row.get("type") == "node"}
    pulling.members = frozenset(nodes)
    pulling.online = {name for name, row in nodes.items() if row.get("status") != "offline"}
    if isinstance(status, PmpcError):
        pulling.unread("/cluster/status", status)
    else:
        _membership(pulling, as_rows(status, "/cluster/status"))
    for path, answer in (("/access/permissions", granted), ("/cluster/status", status), ("/version", version)):
        if not isinstance(answer, PmpcError):
            pulling.answers[path] = answer
    if isinstance(version, dict):
        major = (text(version, "version") or "").partition(".")[0]
        pulling.release = int(major) if major.isdecimal() else 0
    pulling.answers[OTHER_RESOURCES] = _others(pulling.resources)
    if pulling.node is not None and pulling.node not in pulling.members:
        raise NotFound(f"there is no node {pulling.node!r}", hint="pmpc node list")
    for name in sorted(pulling.members - pulling.online):
        if pulling.node in (None, name):
            pulling.silent(name)


def _membership(pulling: Pulling, status: list[JsonObject]) -> None:
    """Take quorum and the nodes' state from /cluster/status; a node that is in no cluster has no quorum to lose."""
    clusters = [row for row in status if row.get("type") == "cluster"]
    pulling.quorate = boolean(clusters[0], "quorate") if clusters else True
    if pulling.quorate is False:
        pulling.warn("no_quorum", "the cluster is not quorate: nothing counts as removed", hint="pvecm status")
    members = {str(row.get("name")): boolean(row, "online") for row in status if row.get("type") == "node"}
    pulling.members |= members.keys()
    pulling.online = {name for name in pulling.online if members.get(name, True)}


def _others(resources: list[JsonObject]) -> Json:
    others: list[Json] = [row for row in resources if row.get("type") not in ("node", "qemu", "lxc", "storage")]
    return without_secrets(others)


def _plain(warning: Warn) -> JsonObject:
    return {"code": warning.code, "message": warning.message, "details": dict(warning.details)}
