"""Backing guests up and restoring them."""

from __future__ import annotations

import time
from copy import deepcopy

from proxmox_mpc.simulator import disks, drives, facts
from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.guests import render
from proxmox_mpc.simulator.json import Config, JsonObject
from proxmox_mpc.simulator.metering import storage_space
from proxmox_mpc.simulator.property_strings import new_uuid, normal_net
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.validation import find_param
from proxmox_mpc.simulator.work.common import guest_of
from proxmox_mpc.simulator.work.creation import finish_creation, remove_made, reserve, settings
from proxmox_mpc.simulator.work.power import detach_links, halt
from proxmox_mpc.simulator.world import Guest, Volume

_ENDINGS = {"zstd": ".zst", "1": ".lzo", "lzo": ".lzo", "gzip": ".gz", "0": ""}
_BYTES_A_SECOND = 4 << 30


def _chosen(work: Work) -> list[int]:
    given = work.job.get("guests")
    return [int(str(vmid)) for vmid in given] if isinstance(given, list) else []


def _begin(work: Work) -> None:
    work.log(f"INFO: starting new backup job: vzdump {work.text('said')}")
    sizes = 0
    for vmid in _chosen(work):
        guest = work.world.guests.get(vmid)
        volumes = (work.world.volume(volid, guest.node) for _, volid in disks.volumes_of(guest)) if guest else ()
        sizes += sum(volume.size for volume in volumes if volume)
    work.job["seconds"] = min(60.0, 2.0 + sizes / _BYTES_A_SECOND)


def _lock(work: Work) -> None:
    """Lock each guest, which PVE does when the backup of it begins; one that is not there fails on its own."""
    locked = []
    for vmid in _chosen(work):
        guest = work.world.guests.get(vmid)
        if guest is not None and guest.node == work.task.node and not guest.lock:
            guest.config["lock"] = "backup"
            locked.append(vmid)
    work.job["locked"] = [*locked]


def _unlock(work: Work) -> None:
    locked = work.job.get("locked")
    for vmid in locked if isinstance(locked, list) else []:
        guest = work.world.guests.get(int(str(vmid)))
        if guest is not None and guest.lock == "backup":
            guest.config.pop("lock")


def _finish(work: Work) -> None:
    locked = work.job.get("locked")
    mine = {int(str(vmid)) for vmid in locked} if isinstance(locked, list) else set()
    _unlock(work)
    bad = 0
    for vmid in _chosen(work):
        try:
            _back_up(work, vmid, ours=vmid in mine)
        except TaskError as error:
            bad += 1
            work.log(f"ERROR: Backup of VM {vmid} failed - {error}")
            work.log(f"INFO: Failed at {_clock(work.now)}")
    if bad:
        work.log("INFO: Backup job finished with errors")
        raise TaskError("job errors")
    work.log("INFO: Backup job finished successfully")


def _clock(now: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))


def _back_up(work: Work, vmid: int, *, ours: bool) -> None:
    world, guest = work.world, work.world.guests.get(vmid)
    if guest is None or guest.node != work.task.node:
        raise TaskError(f"unable to find VM '{vmid}'")
    word = "VM" if guest.kind == "qemu" else "CT"
    work.log(f"INFO: Starting Backup of VM {vmid} ({guest.kind})", f"INFO: Backup started at {_clock(work.now)}")
    work.log(f"INFO: status = {'running' if guest.running else 'stopped'}", f"INFO: {word} Name: {guest.name}")
    if not ours:
        raise TaskError(f"{word} is locked ({guest.lock})")
    storage = world.storages[work.text("storage")]
    size = sum(_held(work, guest, volid) for _, volid in _included(guest)) // 3 + 4096
    total, _, avail = storage_space(world, storage, guest.node)
    if not storage.active or size > avail > 0 or (total and not avail):
        raise TaskError(f"vma_queue_write: write error - No space left on device ({storage.name})")
    for key, volid in _included(guest):
        work.log(f"INFO: include disk '{key}' '{volid}'")
    volume = _archive(work, guest, size)
    work.log(f"INFO: creating archive '{volume.volid}'", f"INFO: archive file size: {size // (1 << 20)}MB")
    work.log(f"INFO: Finished Backup of VM {vmid} (00:00:02)", f"INFO: Backup finished at {_clock(work.now)}")


def _included(guest: Guest) -> list[tuple[str, str]]:
    """Return the disks that a backup holds: all but unused ones and those that say ``backup=0``."""
    wanted = []
    for key, volid in disks.volumes_of(guest):
        chosen = disks.split(str(guest.config[key]))[1].get("backup")
        default = "1" if guest.kind == "qemu" or key == "rootfs" else "0"
        if not disks.is_unused(key) and (chosen or default) == "1":
            wanted.append((key, volid))
    return wanted


def _held(work: Work, guest: Guest, volid: str) -> int:
    volume = work.world.volume(volid, guest.node)
    return (volume.used or volume.size // 4) if volume else 0


def _archive(work: Work, guest: Guest, size: int) -> Volume:
    world, storage = work.world, work.world.storages[work.text("storage")]
    stamp = time.gmtime(work.task.start)
    if storage.kind == "pbs":
        kind = "vm" if guest.kind == "qemu" else "ct"
        name, form = f"backup/{kind}/{guest.vmid}/{time.strftime('%Y-%m-%dT%H:%M:%SZ', stamp)}", f"pbs-{kind}"
    else:
        form = ("vma" if guest.kind == "qemu" else "tar") + _ENDINGS.get(work.text("compress"), ".zst")
        name = f"backup/vzdump-{guest.kind}-{guest.vmid}-{time.strftime('%Y_%m_%d-%H_%M_%S', stamp)}.{form}"
    notes = work.text("notes").replace("{{guestname}}", guest.name).replace("{{vmid}}", str(guest.vmid))
    notes = notes.replace("{{node}}", guest.node).replace("{{cluster}}", world.cluster or "")
    disk_sizes = {key: _size(work, guest, volid) for key, volid in _included(guest)}
    return world.add_volume(Volume(
        f"{storage.name}:{name}", "" if storage.shared else guest.node, "backup", form, size, int(work.task.start),
        used=size, vmid=guest.vmid, notes=notes or None, protected=bool(work.job.get("protected")),
        subtype=guest.kind, config=render(guest), state={"disks": {**disk_sizes}},
    ))  # fmt: skip


def _size(work: Work, guest: Guest, volid: str) -> int:
    volume = work.world.volume(volid, guest.node)
    return volume.size if volume else 0


def _begin_restore(work: Work) -> None:
    if work.world.volume(work.text("archive"), work.task.node) is None:
        raise TaskError(f"volume '{work.text('archive')}' does not exist")
    reserve(work)


def read_config(text: str, kind: str) -> Config:
    """Read a configuration file's first section, numbers as the API answers them."""
    params = facts.endpoint(kind, "PUT", f"/nodes/{{node}}/{kind}/{{vmid}}/config").params
    config: Config = {}
    lines = text.split("\n\n[", 1)[0].split("\n")
    remarks = [line[1:] for line in lines if line.startswith("#")]
    for line in lines:
        key, found, value = line.partition(": ")
        if not found or line.startswith("#"):
            continue
        param = find_param(params, key)
        config[key] = int(value) if param and param.type in {"integer", "boolean"} and value.isdigit() else value
    if remarks:
        config["description"] = "\n".join(remarks)
    return config


def _restore(work: Work) -> None:
    world, guest = work.world, guest_of(work)
    archive = world.volume(work.text("archive"), guest.node)
    if archive is None or archive.config is None:
        raise TaskError(f"unable to restore {'VM' if guest.kind == 'qemu' else 'CT'} {guest.vmid} - no configuration")
    if guest.running:
        halt(world, guest)
    for volume in [v for v in world.volumes.values() if v.vmid == guest.vmid and v.content in {"images", "rootdir"}]:
        if volume.node in {"", guest.node}:
            world.drop_volume(volume)
    config = read_config(archive.config, guest.kind)
    sizes = archive.state.get("disks")
    guest.config, guest.pending, guest.snapshots, guest.parent = {}, {}, {}, None
    for key in ("lock", "parent"):
        config.pop(key, None)
    for key, value in config.items():
        if disks.is_disk(key, guest.kind) and disks.volume_of(str(value)) and not disks.is_cdrom(str(value)):
            _restore_disk(work, guest, key, str(value), sizes if isinstance(sizes, dict) else {})
        elif not disks.is_unused(key):
            guest.config[key] = value
    if work.job.get("unique"):
        _new_identity(work, guest)
    guest.config |= {key: value for key, value in settings(work).items() if not disks.is_disk(key, guest.kind)}
    original = world.guests.get(archive.vmid or 0)
    if guest.agent is None and original is not None:
        # What is installed inside comes along with the disks.
        guest.agent = deepcopy(original.agent)
    work.log(f"restore proxmox backup image: {archive.volid}", "progress 100%")
    finish_creation(work, guest)


def _restore_disk(work: Work, guest: Guest, key: str, value: str, sizes: JsonObject) -> None:
    volid, options = disks.split(value)
    size = int(str(sizes.get(key) or disks.parse_size(options.pop("size", "0")) or 0))
    storage = work.text("storage") or volid.split(":", 1)[0]
    if storage not in work.world.storages:
        raise TaskError(f"storage '{storage}' does not exist")
    more = "".join(f",{name}={text}" for name, text in options.items() if name != "size")
    stored, lines = drives.make(work.world, guest, key, f"{storage}:{size / (1 << 30):.15g}{more}", int(work.now))
    work.log(*lines)
    guest.config[key] = stored


def _new_identity(work: Work, guest: Guest) -> None:
    for key, value in list(guest.config.items()):
        if key.startswith("net") and key[3:].isdigit():
            guest.config[key] = normal_net(work.world, guest.kind, detach_links(str(value), guest.kind))
    if guest.kind == "qemu":
        guest.config["vmgenid"] = new_uuid(work.world.random("identity"))


WORKERS = {
    "vzdump": Worker(_finish, _begin, _unlock, 2.0, _lock, 0.4),
    "qmrestore": Worker(_restore, _begin_restore, remove_made, 3.0),
    "vzrestore": Worker(_restore, _begin_restore, remove_made, 3.0),
}
