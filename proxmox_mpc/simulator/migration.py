"""Where a guest can go: what ties it to its node."""

from __future__ import annotations

from proxmox_mpc.simulator.disks import is_cdrom, volumes_of
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.world import Guest, World


def local_disks(world: World, guest: Guest) -> list[JsonObject]:
    """Return the disks on storages that other nodes do not see."""
    found: list[JsonObject] = []
    for key, volid in volumes_of(guest):
        storage = world.storages.get(volid.split(":", 1)[0])
        if storage is None or storage.shared:
            continue
        volume = world.volume(volid, guest.node)
        found.append({
            "volid": volid, "drivename": key, "size": volume.size if volume else 0, "cdrom": 0,
            "is_unused": int(key.startswith("unused")), "is_vmstate": 0, "is_attached": 1, "is_tpmstate": 0,
            "replicate": 1, "shared": 0,
        })  # fmt: skip
    return found


def local_isos(world: World, guest: Guest) -> list[str]:
    """Return the ISO images in a drive that other nodes do not see."""
    isos = (str(value).split(",", 1)[0] for value in guest.config.values() if is_cdrom(str(value)))
    stores = ((iso, world.storages.get(iso.split(":", 1)[0])) for iso in isos if ":" in iso)
    return [iso for iso, store in stores if store is not None and not store.shared]


def local_resources(guest: Guest) -> list[str]:
    """Return passed-through devices, which tie a VM to its node."""
    tied = ("hostpci", "serial", "parallel", "usb")
    return [
        key for key, value in sorted(guest.config.items())
        if key.startswith(tied) and value != "socket" and "spice" not in str(value) and "mapping=" not in str(value)
    ]  # fmt: skip


def unavailable_storages(world: World, guest: Guest, node: str) -> list[str]:
    """Return the storages of a guest's disks that ``node`` may not use."""
    names = {volid.split(":", 1)[0] for _, volid in volumes_of(guest)}
    stores = (world.storages.get(name) for name in names)
    return sorted(store.name for store in stores if store is not None and not store.on(node))


def preconditions(world: World, guest: Guest) -> Json:
    """Return what GET migrate answers; PVE does not look whether an allowed node is up."""
    answer: JsonObject = {
        "running": int(guest.running), "local_disks": list[Json](local_disks(world, guest)),
        "local_resources": list[Json](local_resources(guest)), "mapped-resources": [], "mapped-resource-info": {},
        "has-dbus-vmstate": 1,
    }  # fmt: skip
    allowed, barred = destinations(world, guest)
    answer |= {"allowed_nodes": allowed, "not_allowed_nodes": barred}
    return answer | {"dependent-ha-resources": []} if f"vm:{guest.vmid}" in world.ha.resources else answer


def destinations(world: World, guest: Guest) -> tuple[list[Json], JsonObject]:
    """Return the nodes that a guest may go to, and why it may not go to the others."""
    allowed: list[Json] = []
    barred: JsonObject = {}
    for name in world.nodes:
        missing = unavailable_storages(world, guest, name)
        if name == guest.node:
            continue
        if missing:
            barred[name] = {"unavailable_storages": list[Json](missing)}
        else:
            allowed.append(name)
    return allowed, barred
