"""What people are told of a lost node's guests: what to do at a console, and what to watch out for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.plan import Target
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import Conflict
from proxmox_mpc.services.backup_archives import Archive
from proxmox_mpc.services.lost_node import Shared, Site


def _move(site: Site, ref: GuestRef) -> str:
    """Return the console command that gives a guest's configuration to the other node."""
    folder = "qemu-server" if ref.kind == "vm" else "lxc"
    return f"mv /etc/pve/nodes/{site.lost}/{folder}/{ref.vmid}.conf /etc/pve/nodes/{site.place.node}/{folder}/"


def id_held(site: Site, ref: GuestRef) -> Conflict:
    """Return the error of a guest whose id is taken by its own old configuration."""
    return Conflict(
        f"{ref.label}: its id is held by its configuration on {site.lost}, which the API cannot move",
        hint=f"to give it a new id: --new-ids\nto keep the id, on any node: {_move(site, ref)}\n"
        f"and then: {_again_command(site, [ref])}",
        details={"vmid": ref.vmid},
    )


def _again_command(site: Site, refs: Sequence[GuestRef]) -> str:
    named = " ".join(str(ref.vmid) for ref in refs)
    return f"pmpc backup restore {named} --from-node {site.lost} --to {site.place.node}"


def ids_held(site: Site, held: Sequence[GuestRef]) -> list[Warn]:
    """Return the warning with every command that frees ids, or nothing."""
    if not held:
        return []
    commands = "\n".join(_move(site, ref) for ref in held)
    return [
        Warn(
            "ids_held",
            f"the ids of {_labels(held)} are held by the configurations on {site.lost}, which the API cannot move",
            f"to give them new ids: --new-ids\nto keep the ids, on the console of any node:\n{commands}\n"
            f"and then: {_again_command(site, held)}",
            {"vmids": _vmids(held)},
        )
    ]


def to_move(site: Site, shared: Sequence[Shared]) -> list[Warn]:
    """Return the warning about guests whose disks other nodes see, with the commands that move them, or nothing."""
    if not shared:
        return []
    refs = [one.ref for one in shared]
    commands = "\n".join(_move(site, ref) for ref in refs)
    named = "; ".join(f"{one.ref.label} on {', '.join(one.storages) or 'none at all'}" for one in shared)
    return [
        Warn(
            "config_move",
            f"what needs no restore, its disks being where {site.place.node} sees them: {named}",
            f"when {site.lost} is off for certain, on the console of any node:\n{commands}\nand then start them",
            {"vmids": _vmids(refs)},
        )
    ]


def left_to_ha(site: Site, managed: Sequence[GuestRef]) -> list[Warn]:
    """Return the warning about guests that high availability brings back, or nothing."""
    if not managed:
        return []
    return [
        Warn(
            "ha_managed",
            f"left to high availability, which starts them elsewhere once {site.lost} is fenced: {_labels(managed)}",
            "pmpc ha status; one whose disks were only there cannot start: pmpc ha resource delete, and run this again",
            {"vmids": _vmids(managed)},
        )
    ]


def when_back(site: Site) -> Warn:
    """Return the warning about what happens when the node comes back."""
    return Warn(
        "same_guests",
        f"the guests get their old names and MAC addresses, and their old configurations stay on {site.lost}",
        f"before {site.lost} is turned on again: unplug it from the network, or take its guests' configurations away, "
        "or both run",
    )


def notes_of(site: Site, archives: Mapping[Target, Archive]) -> tuple[str, ...]:
    """Return what people must read before they are asked."""
    if not archives:
        return ()
    return (f"be sure that {site.lost} is off: were it only cut off, its guests would be running twice",)


def _labels(refs: Sequence[GuestRef]) -> str:
    return ", ".join(ref.label for ref in refs)


def _vmids(refs: Sequence[GuestRef]) -> list[Json]:
    return [ref.vmid for ref in refs]
