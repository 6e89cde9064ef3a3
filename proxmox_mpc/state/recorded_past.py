"""What is answered about a past moment for kinds that have no history of their own, from what has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import JsonObject, boolean, number, split_list, text

if TYPE_CHECKING:
    from proxmox_mpc.state.shelf import Shelf

_SHARED = frozenset({"iscsi", "iscsidirect", "nfs", "cifs", "rbd", "cephfs", "glusterfs", "zfs", "pbs", "esxi"})
"""Types of storage that are shared by their nature, without saying so (pve-storage PVE/Storage/Plugin.pm)."""


def storage_states(shelf: Shelf) -> list[tuple[str, JsonObject]]:
    """Return a row of /cluster/resources for each storage on each node that had it, without status and use.

    Those two are not kept, so that they are left out: nothing of today stands under an old date.
    """
    nodes = [str(row.get("node")) for row in shelf.objects("node")]
    found: dict[str, JsonObject] = {}
    for definition in shelf.objects("storage"):
        name = str(definition.get("storage"))
        only = split_list(text(definition, "nodes"))
        for node in nodes if not boolean(definition, "disable") else ():
            if not only or node in only:
                found[f"{node}/{name}"] = _state(definition, node, name)
    return [(key, found[key]) for key in sorted(found)]


def _state(definition: JsonObject, node: str, name: str) -> JsonObject:
    return {
        "id": f"storage/{node}/{name}",
        "type": "storage",
        "node": node,
        "storage": name,
        "plugintype": definition.get("type"),
        "content": definition.get("content"),
        "shared": int(boolean(definition, "shared") or definition.get("type") in _SHARED),
    }


def as_it_was(task: JsonObject, moment: float) -> JsonObject:
    """Return a task as it stood at a moment (epoch seconds) after its start: one that had not ended, ran."""
    ended = number(task, "endtime")
    if ended is None or ended <= moment:
        return task
    return {name: value for name, value in task.items() if name not in ("endtime", "status")}
