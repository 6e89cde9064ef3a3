"""Bringing a file of this machine onto a storage: looked at first, streamed, checked by the server's own checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from proxmox_mpc.domain.call import Call, FileBody
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Conflict, UsageError
from proxmox_mpc.services.storage_files import checked_file, checked_sum, place_for
from proxmox_mpc.services.storage_volume_writes import volume_is

_PIECE = 1 << 20


def upload(
    source: Source,
    storage: str,
    path: Path,
    content: str,
    *,
    node: str | None = None,
    filename: str | None = None,
    checksum: str | None = None,
    if_missing: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """Plan to send a file; ``checksum`` is what it must have, else what it has here is sent along.

    Raises UsageError for a file that cannot be read or is another one, Conflict where its name is taken.
    """
    name = checked_file(filename or path.name, content)
    on = place_for(source, storage, content, node)
    volid = f"{storage}:{content}/{name}"
    target = Target("volume", volid, None, on)
    there = volume_is(on, storage, volid)
    if there(source, {}) is None:
        if if_missing:
            return Plan("upload", (Keep(target, "it is there already"),))
        raise Conflict(f"{volid} is there already", hint="--if-missing leaves it as it is")
    wanted = checked_sum(checksum)
    algorithm = str(wanted.get("checksum-algorithm") or "sha256")
    size, sums = digests(path, {"sha256", algorithm})
    if wanted and wanted["checksum"] != sums[algorithm]:
        raise UsageError(f"{path} has the {algorithm} sum {sums[algorithm]}, which is not the one given")
    base = api_path("nodes", on, "storage", storage)
    send = Send(
        Call(
            "POST",
            f"{base}/upload",
            {"content": content, "checksum": sums[algorithm], "checksum-algorithm": algorithm},
            FileBody(path, name, size, sums["sha256"], progress),
        ),
        target,
        "transfer",
        f"send {path.name} to {storage} ({on})",
        undo=Undo(
            (Send(Call("DELETE", f"{base}/content" + api_path(volid)), target, "disk_delete", f"delete {volid}"),)
        ),
    )
    return Plan("upload", (send, Probe(f"{volid} is there", there, target, 30.0)))


def digests(path: Path, algorithms: set[str]) -> tuple[int, dict[str, str]]:
    """Return size and checksums of a file, read once and never held whole; raises UsageError."""
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    size = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                for one in sums.values():
                    one.update(piece)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if size == 0:
        raise UsageError(f"{path} is empty")
    return size, {name: one.hexdigest() for name, one in sums.items()}
