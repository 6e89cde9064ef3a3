"""The order in which a manifest has its keys: what a guest is, its hardware, disks, network, cloud-init, the rest."""

from __future__ import annotations

from proxmox_mpc.domain.guest_config import natural

_STEMS = (
    *("vmid", "name", "hostname", "node", "pool", "status", "track", "include", "vars", "tags", "description"),
    *("type", "ostype", "arch", "unprivileged", "features", "machine", "bios", "efidisk", "tpmstate"),
    *("cpu", "cores", "sockets", "vcpus", "cpulimit", "cpuunits", "affinity", "numa", "hugepages", "keephugepages"),
    *("memory", "balloon", "shares", "swap"),
    *("boot", "bootdisk", "scsihw", "rootfs", "scsi", "virtio", "sata", "ide", "mp", "unused"),
    *("net", "ciuser", "citype", "cicustom", "ciupgrade", "sshkeys", "ipconfig", "nameserver", "searchdomain"),
    *("agent", "onboot", "startup", "protection"),
)
_PLACES = {stem: place for place, stem in enumerate(_STEMS)}


def rank(key: str) -> tuple[int, str, int, str]:
    """Return a sort key: known keys in their order, net2 before net10, all others by name behind them."""
    stem, number, written = natural(key)
    place = _PLACES.get(key, _PLACES.get(stem, len(_PLACES)))
    return (place, stem, number, written)


def stem(key: str) -> str:
    """Return a key without its number, which is what kin have in common."""
    return key.rstrip("0123456789")
