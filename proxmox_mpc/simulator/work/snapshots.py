"""Taking, deleting and going back to snapshots."""

from __future__ import annotations

from proxmox_mpc.simulator import disks
from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.storages import snapshots_possible
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.work.common import give_up_lock, guest_of, hold_lock, refuse_locked, unlock, wait_for_file
from proxmox_mpc.simulator.work.power import halt, start_guest
from proxmox_mpc.simulator.world import Guest, Snapshot, Volume, World

_NOT_SNAPSHOTTED = frozenset(["lock", "parent", "snaptime", "vmstate", "description"])


def _begin(work: Work) -> None:
    guest, name = guest_of(work), work.text("name")
    wait_for_file(work)
    refuse_locked(guest)
    if guest.template:
        raise TaskError("you can't take a snapshot if it's a template")
    if name in guest.snapshots:
        raise TaskError(f"snapshot name '{name}' already used")
    if not _possible(work.world, guest):
        raise TaskError("snapshot feature is not available")
    hold_lock(work, guest, "snapshot")


def _possible(world: World, guest: Guest) -> bool:
    """Return whether every disk can be snapshotted where it lies."""
    for key, volid in disks.volumes_of(guest):
        storage, volume = world.storages.get(volid.split(":", 1)[0]), world.volume(volid, guest.node)
        if disks.is_unused(key):
            continue
        if storage is None or volume is None or not snapshots_possible(storage, volume.format):
            return False
    return True


def _take(work: Work) -> None:
    guest, name = guest_of(work), work.text("name")
    unlock(guest)
    config = {key: value for key, value in guest.config.items() if key not in _NOT_SNAPSHOTTED}
    state = None
    if work.job.get("state") and guest.running:
        state = _save_state(work, guest, name)
    guest.snapshots[name] = Snapshot(name, int(work.now), guest.parent, work.text("description"), state, config)
    guest.parent = name
    for key, volid in disks.volumes_of(guest):
        if not disks.is_unused(key):
            work.log(f"snapshotting '{key}' ({volid})")


def _save_state(work: Work, guest: Guest, name: str) -> str:
    """Keep the memory of a running VM in a volume of its own."""
    memory = int(str(guest.config.get("memory", 512)).rpartition("=")[2]) * 1024 * 1024
    volumes = [volid.split(":", 1)[0] for _, volid in disks.volumes_of(guest)]
    storage = work.world.storages[str(guest.config.get("vmstatestorage") or volumes[0])]
    node = "" if storage.shared else guest.node
    folder = f"{guest.vmid}/" if storage.config.get("path") else ""
    ending = ".raw" if folder else ""
    volid = f"{storage.name}:{folder}vm-{guest.vmid}-state-{name}{ending}"
    size = 2 * memory + 500 * 1024 * 1024
    work.world.add_volume(Volume(volid, node, "images", "raw", size, int(work.now), used=memory, vmid=guest.vmid))
    work.log(f"saving VM state and RAM using storage '{storage.name}'")
    return volid


def _find(work: Work, guest: Guest) -> Snapshot:
    name = work.text("name")
    if name not in guest.snapshots:
        raise TaskError(f"snapshot '{name}' does not exist")
    return guest.snapshots[name]


def _begin_delete(work: Work) -> None:
    guest = guest_of(work)
    _find(work, guest)
    hold_lock(work, guest, "snapshot-delete")


def _delete(work: Work) -> None:
    """Delete a snapshot; what grew from it hangs on its parent from then on."""
    guest = guest_of(work)
    snapshot = _find(work, guest)
    unlock(guest)
    del guest.snapshots[snapshot.name]
    for other in guest.snapshots.values():
        if other.parent == snapshot.name:
            other.parent = snapshot.parent
    if guest.parent == snapshot.name:
        guest.parent = snapshot.parent
    state = work.world.volume(snapshot.vmstate, guest.node) if snapshot.vmstate else None
    if state is not None:
        work.world.drop_volume(state)


def _begin_rollback(work: Work) -> None:
    guest = guest_of(work)
    snapshot = _find(work, guest)
    if guest.template:
        raise TaskError("you can't rollback if vm is a template")
    _refuse_older(work, guest, snapshot)
    hold_lock(work, guest, "rollback")


def _refuse_older(work: Work, guest: Guest, snapshot: Snapshot) -> None:
    """ZFS goes back to the latest snapshot only."""
    newest = max(guest.snapshots.values(), key=lambda s: s.time)
    for _, volid in disks.volumes_of(guest):
        storage = work.world.storages.get(volid.split(":", 1)[0])
        if storage is not None and storage.kind == "zfspool" and newest is not snapshot:
            raise TaskError(f"can't rollback, '{snapshot.name}' is not most recent snapshot on '{volid}'")


def _rollback(work: Work) -> None:
    guest = guest_of(work)
    snapshot = _find(work, guest)
    if guest.running:
        halt(work.world, guest)
    guest.pending.clear()
    kept = {key: value for key, value in guest.config.items() if key == "description"}
    guest.config = {**snapshot.config, **kept}
    guest.parent = snapshot.name
    for key, volid in disks.volumes_of(guest):
        if not disks.is_unused(key):
            work.log(f"rolling back '{key}' ({volid})")
    if snapshot.vmstate is not None or work.job.get("start"):
        start_guest(work.world, guest, work.now)


WORKERS = {
    f"{prefix}{name}": worker
    for prefix in ("qm", "vz")
    for name, worker in (
        ("snapshot", Worker(_take, _begin, give_up_lock, 1.0)),
        ("delsnapshot", Worker(_delete, _begin_delete, give_up_lock, 0.7)),
        ("rollback", Worker(_rollback, _begin_rollback, give_up_lock, 1.0)),
    )
}
