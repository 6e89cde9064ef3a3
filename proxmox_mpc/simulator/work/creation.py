"""Creating, changing, resizing and destroying guests."""

from __future__ import annotations

from typing import cast

from proxmox_mpc.simulator import disks, drives, guests
from proxmox_mpc.simulator.editing import Edit, as_task_error
from proxmox_mpc.simulator.errors import ApiError, TaskError
from proxmox_mpc.simulator.json import Config
from proxmox_mpc.simulator.property_strings import new_uuid, normal_net, unique_tags
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.work.common import give_up_lock, guest_of, hold_lock, noun, refuse_locked
from proxmox_mpc.simulator.work.power import halt, start_guest
from proxmox_mpc.simulator.world import Guest, Volume

_QEMU_VERSION = "10.1.2"


def reserve(work: Work) -> None:
    """Put a locked, empty configuration in place, which holds the id while the guest is made."""
    kind = "lxc" if work.task.type.startswith("vz") else "qemu"
    vmid = work.number("vmid")
    if vmid not in work.world.guests:
        work.job["made"] = True
        guest = Guest(vmid, kind, work.task.node, {"lock": "create"}, known=work.world.reporting)
        work.world.guests[vmid] = guest


def remove_made(work: Work) -> None:
    """Take away what a failed creation left."""
    vmid = work.number("vmid")
    if work.job.get("made"):
        forget_guest(work, vmid)


def forget_guest(work: Work, vmid: int) -> None:
    """Remove a guest and every volume it owns on its node."""
    guest = work.world.guests.pop(vmid, None)
    if guest is None:
        return
    for volume in _owned(work, guest):
        work.world.drop_volume(volume)


def settings(work: Work) -> Config:
    """Return the settings that were asked for."""
    return cast("Config", dict(cast("Config", work.job.get("settings") or {})))


def store_settings(work: Work, guest: Guest, wanted: Config, default: str) -> None:
    """Make a new guest's disks and store its settings as PVE normalises them."""
    world = work.world
    for key in sorted(wanted):
        value = wanted[key]
        if disks.is_disk(key, guest.kind):
            stored, lines = drives.make(world, guest, key, str(value), int(work.now), default)
            work.log(*lines)
            guest.config[key] = stored
        elif key.startswith("net") and key[3:].isdigit():
            guest.config[key] = normal_net(world, guest.kind, str(value))
        elif key == "tags":
            guest.config[key] = unique_tags(world, str(value))
        else:
            guest.config[key] = value


def _create_vm(work: Work) -> None:
    guest, world = guest_of(work), work.world
    try:
        store_settings(work, guest, settings(work), work.text("storage"))
    except TaskError as error:
        raise TaskError(f"unable to create VM {guest.vmid} - {error}") from error
    random = world.random("identity")
    config = guest.config
    config.setdefault("smbios1", f"uuid={new_uuid(random)}")
    if str(config.get("vmgenid", "1")) == "1":
        config["vmgenid"] = new_uuid(random)
    config["meta"] = f"creation-qemu={_QEMU_VERSION},ctime={int(work.now)}"
    if "boot" not in config:
        config["boot"] = _default_boot(guest)
    finish_creation(work, guest)


def _default_boot(guest: Guest) -> str:
    """Return PVE's boot order for a new VM: its first disk, CD-ROM and NIC."""
    keys = sorted(key for key in guest.config if disks.is_drive(key) and key not in {"efidisk0", "tpmstate0"})
    hard = [key for key in keys if not disks.is_cdrom(str(guest.config[key]))]
    media = [key for key in keys if key not in hard and "-cloudinit" not in str(guest.config[key])]
    nics = sorted(key for key in guest.config if key.startswith("net") and key[3:].isdigit())
    return "order=" + ";".join([*hard[:1], *media[:1], *nics[:1]])


def finish_creation(work: Work, guest: Guest) -> None:
    """Unlock a new guest, put it into its pool and under HA, and start it when that was asked for."""
    guest.config.pop("lock", None)
    work.job.pop("made", None)
    pool = work.text("pool")
    if pool and pool in work.world.pools and guest.vmid not in work.world.pools[pool].vms:
        work.world.pools[pool].vms.append(guest.vmid)
    if work.job.get("ha"):
        work.log("Add as HA resource")
        sid = f"{'vm' if guest.kind == 'qemu' else 'ct'}:{guest.vmid}"
        state = "started" if work.job.get("start") else "stopped"
        work.world.ha.resources[sid] = {"sid": sid, "type": sid[:2], "state": state}
    if work.job.get("start"):
        if guest.kind == "qemu":
            work.log("Execute autostart")
        try:
            start_guest(work.world, guest, work.now)
        except TaskError as error:
            work.log(str(error))


def _create_ct(work: Work) -> None:
    guest, world = guest_of(work), work.world
    wanted, template = settings(work), work.text("ostemplate")
    wanted.setdefault("rootfs", f"{work.text('storage') or 'local'}:4")
    try:
        store_settings(work, guest, wanted, work.text("storage"))
        if world.volume(template, guest.node) is None:
            work.log(f"volume '{template}' does not exist")
            raise TaskError(f"volume '{template}' does not exist")
    except TaskError as error:
        raise TaskError(f"unable to create CT {guest.vmid} - {error}") from error
    work.log(f"extracting archive '/var/lib/vz/template/cache/{template.rsplit('/', 1)[-1]}'")
    config = guest.config
    name = template.rsplit("/", 1)[-1].partition("-")[0]
    known = {"debian", "ubuntu", "alpine", "archlinux", "centos", "fedora", "gentoo", "opensuse", "devuan", "nixos"}
    config.setdefault("ostype", name if name in known else "unmanaged")
    config.setdefault("arch", "amd64")
    config.setdefault("hostname", f"CT{guest.vmid}")
    config.setdefault("memory", 512)
    config.setdefault("swap", 512)
    work.log(f"Detected container architecture: {config['arch']}")
    finish_creation(work, guest)


def _change(work: Work) -> None:
    guest = guest_of(work)
    work.log(f"update VM {guest.vmid}: {work.text('said')}")
    try:
        guests.check_digest(guest, work.text("digest"))
        guests.check_lock(guest)
        edit = Edit(work.world, guest, int(work.now))
        edit.run(settings(work), _names(work, "delete"), _names(work, "revert"), force=bool(work.job.get("force")))
    except ApiError as error:
        raise as_task_error(error) from error
    work.log(*edit.lines)


def _names(work: Work, key: str) -> list[str]:
    given = work.job.get(key)
    return [str(name) for name in given] if isinstance(given, list) else []


def _grown(work: Work) -> tuple[Guest, Volume, int]:
    """Return the volume to resize and its size to come, after all that PVE checks."""
    guest, key, wanted = guest_of(work), work.text("disk"), work.text("size")
    try:
        guests.check_digest(guest, work.text("digest"))
    except ApiError as error:
        raise as_task_error(error) from error
    refuse_locked(guest)
    if key not in guest.config:
        raise TaskError(f"disk '{key}' does not exist" if guest.kind == "qemu" else f"no such volume '{key}'")
    value = str(guest.config[key])
    if disks.is_cdrom(value):
        raise TaskError("you can't resize a cdrom")
    volid = disks.volume_of(value)
    volume = work.world.volume(volid, guest.node) if volid else None
    if volume is None:
        raise TaskError(f"disk '{key}' has no associated volume")
    size = disks.parse_size(wanted.lstrip("+")) or 0
    size += volume.size if wanted.startswith("+") else 0
    if size < volume.size:
        raise TaskError("shrinking disks is not supported" if guest.kind == "qemu" else "unable to shrink disk size")
    return guest, volume, size


def _check_resize(work: Work) -> None:
    _grown(work)


def _resize(work: Work) -> None:
    guest, volume, size = _grown(work)
    if size == volume.size:
        return
    key = work.text("disk")
    value = str(guest.config[key])
    volume.size = size
    name, options = disks.split(value)
    if guest.kind == "qemu":
        guest.config[key] = disks.join(name, {**options, "size": disks.format_size(size)})
        if volume.format in {"raw", "qcow2"} and "/" in volume.volid:
            work.log("Image resized.")
    else:
        guest.config[key] = value.replace(f"size={options.get('size')}", f"size={disks.format_size(size)}")


def _begin_destroy(work: Work) -> None:
    guest, world = guest_of(work), work.world
    if guest.running and work.job.get("force"):
        halt(world, guest)
    if guest.running:
        raise TaskError(f"{noun(guest)} {guest.vmid} is running - destroy failed")
    for volume in _owned(work, guest):
        if drives.is_base_in_use(world, volume):
            raise TaskError(f"base volume '{volume.volid}' is still in use by linked cloned")
    hold_lock(work, guest, "destroyed")


def _owned(work: Work, guest: Guest) -> list[Volume]:
    volumes = work.world.volumes.values()
    return [
        volume for volume in volumes
        if volume.vmid == guest.vmid and volume.content in {"images", "rootdir"} and volume.node in {"", guest.node}
    ]  # fmt: skip


def _destroy(work: Work) -> None:
    guest, world = guest_of(work), work.world
    held = {volid for _, volid in disks.volumes_of(guest)} | _snapshot_volumes(guest)
    for volume in _owned(work, guest):
        if volume.volid in held or work.job.get("unreferenced"):
            world.drop_volume(volume)
    del world.guests[guest.vmid]
    _forget_everywhere(work, guest, purge=bool(work.job.get("purge")))


def _snapshot_volumes(guest: Guest) -> set[str]:
    values = (str(value) for snapshot in guest.snapshots.values() for value in snapshot.config.values())
    states = {snapshot.vmstate for snapshot in guest.snapshots.values() if snapshot.vmstate}
    media = {split[0] for split in (disks.split(str(v)) for v in guest.config.values()) if "-cloudinit" in split[0]}
    return (
        {volume for volume in (disks.volume_of(value) for value in values if ":" in value) if volume} | states | media
    )


def _forget_everywhere(work: Work, guest: Guest, *, purge: bool) -> None:
    """Drop a destroyed guest's firewall, permissions and pool; with ``purge`` also its jobs, HA and replication."""
    world, vmid = work.world, guest.vmid
    world.firewall.pop(f"{guest.kind}/{vmid}", None)
    world.acl = [entry for entry in world.acl if entry.path != f"/vms/{vmid}"]
    for pool in world.pools.values():
        if vmid in pool.vms:
            pool.vms.remove(vmid)
    if not purge:
        return
    work.log(f"purging {noun(guest)} {vmid} from related configurations..")
    sid = f"{'vm' if guest.kind == 'qemu' else 'ct'}:{vmid}"
    world.ha.resources.pop(sid, None)
    world.ha.state.pop(sid, None)
    world.replication = {name: job for name, job in world.replication.items() if name.partition("-")[0] != str(vmid)}
    for job in world.backup_jobs.values():
        if job.get("vmid"):
            job["vmid"] = ",".join(text for text in str(job["vmid"]).split(",") if text != str(vmid))


WORKERS = {
    "qmcreate": Worker(_create_vm, reserve, remove_made, 1.5),
    "vzcreate": Worker(_create_ct, reserve, remove_made, 2.0),
    "qmconfig": Worker(_change, seconds=0.5),
    "resize": Worker(_resize, _check_resize, seconds=0.5),
    "qmdestroy": Worker(_destroy, _begin_destroy, give_up_lock),
    "vzdestroy": Worker(_destroy, _begin_destroy, give_up_lock),
}
