"""The guests of a node that is lost, from their newest backups, on another node.

Their configurations stay in /etc/pve/nodes/NODE and hold their ids, and the API of no other node can move or remove
them: either the guests get new ids, or somebody moves the configurations at a console, and the backups are restored
over guests that then have a configuration and no disks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from proxmox_mpc.domain.call import Slot
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, integer, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Send, Step, Target
from proxmox_mpc.domain.risk import BackupFact
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.errors import (
    Conflict,
    NodeUnreachable,
    NoQuorum,
    PmpcError,
    UsageError,
)
from proxmox_mpc.services.backup_archives import Archive
from proxmox_mpc.services.backup_restore import (
    Place,
    RestoreWish,
    fitting_storage,
    new_guest,
    over_guest,
    restore_form,
    room_needed,
)
from proxmox_mpc.services.guest_config_write import facts_of
from proxmox_mpc.services.guest_order import startup_order
from proxmox_mpc.services.guests import Inventory, inventory
from proxmox_mpc.services.lost_node import Found, Site, back_already, named_guests, sorted_out
from proxmox_mpc.services.lost_node_words import id_held, ids_held, left_to_ha, notes_of, to_move, when_back
from proxmox_mpc.services.node_drain import free_memory, is_managed
from proxmox_mpc.services.reads import no_such_node, resources

ACTION = "backup restore"
_MIB = 1 << 20
_RESTORES = ("qmrestore", "vzrestore")


class Recovery(NamedTuple):
    """The plan, and by target the backup that is restored and the guest that it is of."""

    plan: Plan
    archives: dict[Target, Archive]


def plan_recovery(
    source: Source, lost: str, to: str, words: Sequence[str], wish: RestoreWish, *, new_ids: bool
) -> Recovery:
    """Return the plan that restores a lost node's guests on ``to``, in startup order; ``words`` names some of them.

    Raises Conflict where the node is not lost, NoQuorum, NotFound, NodeUnreachable, UsageError. What needs no restore
    is warned of, with what to do; what cannot be restored is a target that fails.
    """
    found = resources(source)
    known = inventory(source)
    _check_nodes(source, known, lost, to)
    site = Site(lost, Place(to, _storages(source, to)), known, wish)
    chosen = named_guests(source, site, words)
    gone = [ref for ref in chosen if ref.node == lost]
    managed = [ref for ref in gone if is_managed(ref)]
    if new_ids:
        _check_idle(source, to)
    usable, shared, steps = sorted_out(source, site, [ref for ref in chosen if ref not in managed])
    warnings = [*left_to_ha(site, managed), *to_move(site, shared)]
    room = _Room(site, free_memory(found, to))
    archives: dict[Target, Archive] = {}
    held: list[GuestRef] = []
    ranks = {order: at for at, order in enumerate(sorted({_order(one) for one in usable}))}
    for one in sorted(usable, key=lambda each: (_order(each), each.ref.vmid)):
        stage = ranks[_order(one)]
        try:
            made = back_already(source, site, one, stage)
            if not made and one.ref.node == lost and not new_ids:
                held.append(one.ref)
                raise id_held(site, one.ref)
            made = made or _steps(room, one, stage)
        except PmpcError as error:
            made = [Cannot(Target.of(one.ref, stage), error)]
        steps += made
        if isinstance(made[0], Cannot | Keep):
            continue
        archives[made[0].target] = one.archive
    warnings += [*ids_held(site, held), *room.warnings]
    if any(isinstance(step, Send) and step.effect == "restore" for step in steps):
        warnings.append(when_back(site))
    plan = Plan(ACTION, tuple(steps), True, notes_of(site, archives), tuple(warnings))
    return Recovery(plan, archives)


def _check_nodes(source: Source, known: Inventory, lost: str, to: str) -> None:
    """Raise where the lost node is not lost for certain, or the other cannot take over."""
    for node in (lost, to):
        if node not in known.nodes:
            raise no_such_node(node)
    if lost == to:
        raise UsageError(f"--to: {to} is the node that is lost")
    if to in known.offline:
        raise NodeUnreachable(f"node {to} does not answer", hint="choose another: --to NODE", details={"node": to})
    status = as_rows(source.read("/cluster/status"), "/cluster/status")
    member = next((row for row in status if row.get("type") == "node" and row.get("name") == lost), {})
    if lost not in known.offline or boolean(member, "online"):
        raise Conflict(
            f"node {lost} is not offline: its guests may be running",
            hint=f"to move them: pmpc node drain {lost} --to {to}\nto restore one backup: pmpc backup restore VOLID",
            details={"node": lost},
        )
    cluster = next((row for row in status if row.get("type") == "cluster"), None)
    if cluster is not None and not boolean(cluster, "quorate"):
        raise NoQuorum("the cluster is not quorate: nothing can be made in it", hint="pvecm status, on a node")


def _check_idle(source: Source, to: str) -> None:
    """Raise while a restore runs: the guest that it makes cannot be recognised before it is there."""
    rows = as_rows(source.read(api_path("nodes", to, "tasks"), {"source": "active"}), "the running tasks")
    for row in rows:
        if row.get("type") in _RESTORES and not row.get("endtime"):
            upid = text(row, "upid") or ""
            raise Conflict(
                f"a restore is running on {to}, of what may be one of these guests",
                hint=f"pmpc task wait {upid}",
                details={"upid": upid},
            )


def _storages(source: Source, node: str) -> dict[str, JsonObject]:
    rows = as_rows(source.read(api_path("nodes", node, "storage"), {"enabled": 1}), "the list of storages")
    return {name: row for row in rows if (name := text(row, "storage"))}


def _order(one: Found) -> int:
    return startup_order(text(one.config, "startup"))


class _Room:
    """What is left on the node that takes over, as one guest after the other gets its place."""

    def __init__(self, site: Site, memory: int) -> None:
        self.site = site
        self.memory = memory
        self.warnings: list[Warn] = []

    def storage(self, one: Found) -> str | None:
        """Return the storage to name for a guest, and take its room; raises where there is none."""
        place = self.site.place
        storage, warnings = fitting_storage(one.archive, one.config, place, self.site.wish.storage)
        self.warnings += [warn._replace(message=f"{one.ref.label}: {warn.message}") for warn in warnings]
        for name, size in room_needed(one.config, storage).items():
            free = integer(place.storages[name], "avail")
            if free is not None:
                place.storages[name] = {**place.storages[name], "avail": max(0, free - size)}
        return storage

    def starts(self, one: Found) -> bool:
        """Return whether a guest is started after it was restored, and take its memory."""
        if not self.site.wish.start or boolean(one.config, "template"):
            return False
        needs = _memory(one.config)
        if needs > self.memory:
            self.warnings.append(
                Warn(
                    "memory",
                    f"{one.ref.label} is restored but not started: it needs {needs // _MIB} MiB of memory, and "
                    f"{self.site.place.node} has {max(self.memory, 0) // _MIB} MiB left",
                )
            )
            return False
        self.memory -= needs
        return True


def _memory(config: JsonObject) -> int:
    """Return the memory of a guest in bytes; PVE gives 512 MiB where nothing is said."""
    said = re.search(r"[0-9]+", text(config, "memory") or "")
    return (int(said[0]) if said else 512) * _MIB


def _steps(room: _Room, one: Found, stage: int) -> list[Step]:
    """Return the steps that restore one guest; raises where there is no room for it."""
    ref, site = one.ref, room.site
    storage = room.storage(one)
    start = room.starts(one)
    moved = ref.node != site.lost
    wish = _wish_for(site.wish, ref, start=start, overwrite=moved)
    form = restore_form(site.known, one.archive, one.config, wish, storage)
    if moved:
        facts = replace(facts_of(ref), backup=BackupFact(one.archive.created))
        return over_guest(one.archive, ref, form, facts, start=start, stage=stage)
    target = Target(ref.kind, Slot(f"vmid{ref.vmid}", "next free id"), ref.name, site.place.node, ref.tags, stage)
    return new_guest(one.archive, target, form, start=start)


def _wish_for(wish: RestoreWish, ref: GuestRef, *, start: bool, overwrite: bool) -> RestoreWish:
    """Return the wish for one guest: it comes back as it was, MAC addresses and pool included."""
    pool = wish.pool if overwrite else wish.pool or ref.pool
    return wish._replace(vmid=ref.vmid if overwrite else None, start=start, unique=False, pool=pool)
