"""Putting worlds together: guests whose disks exist as volumes, finished tasks, backups, stable ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from proxmox_mpc.simulator.disks import format_size, volumes_of
from proxmox_mpc.simulator.guests import render
from proxmox_mpc.simulator.json import Config, Json, JsonObject
from proxmox_mpc.simulator.world import Guest, Snapshot, Task, Volume, World

GIB = 1 << 30
MIB = 1 << 20
HOUR = 3600
DAY = 86_400

_FILE_STORAGES = {"dir", "nfs", "cifs"}


class Builder:
    """Adds to a world; every id hangs on the world's seed alone, every time on its creation."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = world.created
        self._random = Random(f"{world.seed}/{world.name}")  # noqa: S311 - a simulation, nothing secret
        self._pid = 1000
        self._disks: dict[tuple[str, str, int], int] = {}

    def uuid(self) -> str:
        """Return the next UUID (version 4 in form)."""
        text = f"{self._random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def mac(self) -> str:
        """Return the next MAC address under PVE's prefix."""
        text = f"{self._random.getrandbits(24):06X}"
        return f"BC:24:11:{text[:2]}:{text[2:4]}:{text[4:]}"

    def fingerprint(self) -> str:
        """Return the next SHA-256 fingerprint in PVE's notation."""
        text = f"{self._random.getrandbits(256):064X}"
        return ":".join(text[at : at + 2] for at in range(0, 64, 2))

    def disk(self, vmid: int, node: str, storage: str, gib: float, *, kind: str = "qemu", **keys: str | int) -> str:
        """Create a volume for a guest; return its property string.

        ``part`` (of ``keys``) names it in place of ``disk-N``, ``base`` is the volume it is a linked clone of,
        ``template`` makes it a base itself, ``used`` is the percentage in use; all others go into the property string.
        """
        part, base, template = str(keys.pop("part", "")), str(keys.pop("base", "")), keys.pop("template", 0)
        used, content = int(keys.pop("used", 40)), "images" if kind == "qemu" else "rootdir"
        store = self.world.storages[storage]
        where = "" if store.shared else node
        files = store.kind in _FILE_STORAGES
        form = "qcow2" if files and kind == "qemu" else "subvol" if store.kind == "zfspool" and kind == "lxc" else "raw"
        stem = "base" if template else "subvol" if form == "subvol" else "vm"
        name = f"{stem}-{vmid}-{part or self._next_disk(storage, where, vmid)}"
        path = f"{vmid}/{name}.{form}" if files else name
        volid = f"{storage}:{base.split(':', 1)[1] + '/' if base else ''}{path}"
        size = int(gib * GIB)
        self.world.add_volume(
            Volume(volid, where, content, form, size, self.now - 100 * DAY, size * used // 100, vmid, base or None)
        )
        if keys.get("media") == "cdrom":
            return f"{volid},media=cdrom"
        options = {key.replace("_", "-"): value for key, value in keys.items()} | {"size": format_size(size)}
        return ",".join([volid, *(f"{key}={value}" for key, value in sorted(options.items()))])

    def _next_disk(self, storage: str, node: str, vmid: int) -> str:
        number = self._disks.get((storage, node, vmid), 0)
        self._disks[storage, node, vmid] = number + 1
        return f"disk-{number}"

    def vm(self, vmid: int, node: str, config: Config, *, age: int = 200 * DAY, **state: Json) -> Guest:
        """Add a VM with the settings that every VM gets at creation; ``state`` are fields of :class:`Guest`."""
        made: Config = {
            "scsihw": "virtio-scsi-single",
            "smbios1": f"uuid={self.uuid()}",
            "vmgenid": self.uuid(),
            "meta": f"creation-qemu=10.1.2,ctime={self.now - age}",
        }
        return self._guest(Guest(vmid, "qemu", node, {**made, **config}), state)

    def ct(self, vmid: int, node: str, config: Config, **state: Json) -> Guest:
        """Add a container."""
        made: Config = {"arch": "amd64", "ostype": "debian", "swap": 512}
        return self._guest(Guest(vmid, "lxc", node, {**made, **config}), state)

    def _guest(self, guest: Guest, state: dict[str, Json]) -> Guest:
        if "uptime" in state:
            guest.running = True
            guest.started = self.now - int(str(state.pop("uptime")))
            guest.pid = self.pid()
        for name, value in state.items():
            setattr(guest, name, value)
        self.world.guests[guest.vmid] = guest
        return guest

    def _size(self, guest: Guest, volid: str) -> int:
        volume = self.world.volume(volid, guest.node)
        return 0 if volume is None else volume.size

    def snapshot(self, guest: Guest, name: str, age: int, description: str = "", **changed: str | int) -> Snapshot:
        """Add a snapshot below the current one; ``changed`` are settings that differed then."""
        snap = Snapshot(name, self.now - age, guest.parent, description, None, {**guest.config, **changed})
        snap.config.pop("lock", None)
        guest.snapshots[name] = snap
        guest.parent = name
        return snap

    def pid(self) -> int:
        """Return the next process id."""
        self._pid += self._random.randint(3, 97)
        return self._pid

    def task(
        self, node: str, kind: str, subject: str | int, user: str, age: int, *, took: int = 2, end: str = "OK",
        log: list[str] | None = None,
    ) -> Task:  # fmt: skip
        """Add a finished task that began ``age`` seconds ago; ``end`` is its exit status."""
        start = self.now - age
        pid, pstart = self.pid(), max(0, start - self.world.nodes[node].booted) * 100
        upid = f"UPID:{node}:{pid:08X}:{pstart:08X}:{start:08X}:{kind}:{subject}:{user}:"
        last = f"TASK {end}" if end == "OK" or end.startswith("WARNINGS") else f"TASK ERROR: {end}"
        lines = [*(log or []), last]
        step = took / max(len(lines), 1)
        task = Task(
            upid, node, pid, pstart, start, kind, str(subject), user, float(start), float(start + took),
            log=[[start + int(step * at), text] for at, text in enumerate(lines)],
            exitstatus=end, endtime=start + took,
        )  # fmt: skip
        self.world.tasks[upid] = task
        return task

    def say(self, node: str, age: int, user: str, text: str, *, tag: str = "pvedaemon", priority: int = 6) -> None:
        """Add a line to the cluster log."""
        uid = self.world.count(f"log:{node}")
        row: JsonObject = {
            "uid": str(uid), "id": f"{uid}:{node}", "msg": text, "pid": self.pid(), "pri": priority, "node": node,
            "user": user, "tag": tag, "time": self.now - age,
        }  # fmt: skip
        self.world.log.append(row)

    def backup(self, vmid: int, storage: str, age: int, gib: float, **keys: Json) -> Volume:
        """Add a backup of a guest; its name follows the storage's type."""
        kind = str(keys.pop("kind", "")) or self.world.guests[vmid].kind
        moment = datetime.fromtimestamp(self.now - age, UTC)
        store = self.world.storages[storage]
        where = "" if store.shared else str(keys.pop("node"))
        if store.kind == "pbs":
            form = "pbs-vm" if kind == "qemu" else "pbs-ct"
            volid = f"{storage}:backup/{form[4:]}/{vmid}/{moment:%Y-%m-%dT%H:%M:%SZ}"
        else:
            form = "vma.zst" if kind == "qemu" else "tar.zst"
            volid = f"{storage}:backup/vzdump-{kind}-{vmid}-{moment:%Y_%m_%d-%H_%M_%S}.{form}"
        guest = self.world.guests.get(vmid)
        size = int(gib * GIB)
        volume = Volume(volid, where, "backup", form, size, self.now - age, size, vmid, subtype=kind)
        if guest is not None:
            volume.config = render(replace(guest, pending={}, snapshots={}, parent=None))
            volume.state = {"disks": {key: self._size(guest, found) for key, found in volumes_of(guest)}}
        for name, value in keys.items():
            setattr(volume, name, value)
        return self.world.add_volume(volume)
