"""One change told once: what a guest's row repeats of its configuration is left to the configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proxmox_mpc.state.batch import ObjectChange

# The row of /cluster/resources derives these from the configuration; by which of its keys.
_FROM = {
    "maxmem": re.compile(r"memory"),
    "maxcpu": re.compile(r"cores|sockets|vcpus|cpulimit"),
    "maxdisk": re.compile(r"(scsi|virtio|sata|ide)\d+|rootfs|boot|bootdisk"),
    "name": re.compile(r"name|hostname"),
    "tags": re.compile(r"tags"),
    "template": re.compile(r"template"),
    "lock": re.compile(r"lock"),
}


def folded(changes: Sequence[ObjectChange]) -> list[ObjectChange]:
    """Return the changes of one run without the keys of guests that the change of their configuration explains.

    A key that changes alone stays: memory that a running guest gets at its next start.
    """
    config = {change.key: change for change in changes if change.kind == "config" and change.action == "changed"}
    found: list[ObjectChange] = []
    for change in changes:
        cause = config.get(change.key)
        if change.kind != "guest" or change.action != "changed" or cause is None:
            found.append(change)
            continue
        keys = tuple(one for one in change.keys if not _explained(one.key, cause))
        if keys:
            found.append(ObjectChange(change.kind, change.key, change.action, change.name, keys))
    return found


def _explained(key: str, cause: ObjectChange) -> bool:
    by = _FROM.get(key)
    return by is not None and any(by.fullmatch(one.key) for one in cause.keys)
