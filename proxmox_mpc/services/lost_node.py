"""The guests of a node that is lost: which backups of them can be used, and which need none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.identity import identity, same_individual
from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, integer, split_list, text
from proxmox_mpc.domain.plan import Cannot, Keep, Step, Target
from proxmox_mpc.domain.source import Query, Source, api_path
from proxmox_mpc.errors import NotFound, PmpcError, UnexpectedAnswer, UsageError
from proxmox_mpc.services.backup_archives import Archive, archive_config, archives_at
from proxmox_mpc.services.backup_restore import Place, RestoreWish, volumes_in
from proxmox_mpc.services.guests import Inventory, find_guest
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.storages import places


class Found(NamedTuple):
    """A guest with the backup that can be used, and the configuration in it."""

    ref: GuestRef
    archive: Archive
    config: JsonObject


class Shared(NamedTuple):
    """A guest whose disks are all where other nodes see them, and the storages they are on."""

    ref: GuestRef
    storages: tuple[str, ...]


class Site(NamedTuple):
    """The lost node, the one that takes over, and what is known of the cluster and of the latter's storages."""

    lost: str
    place: Place
    known: Inventory
    wish: RestoreWish


def named_guests(source: Source, site: Site, words: Sequence[str]) -> list[GuestRef]:
    """Return the guests of the lost node, or those named: there, or on the other node with a moved configuration."""
    if not words:
        return [ref for ref in site.known.guests if ref.node == site.lost]
    chosen = {ref.vmid: ref for ref in (find_guest(source, word, verb="show") for word in words)}
    for ref in chosen.values():
        if ref.node not in (site.lost, site.place.node):
            raise UsageError(f"{ref.label} is on {ref.node}, neither on {site.lost} nor on {site.place.node}")
    return list(chosen.values())


def sorted_out(source: Source, site: Site, guests: Sequence[GuestRef]) -> tuple[list[Found], list[Shared], list[Step]]:
    """Return what can be restored, what need not be, and the steps of what is there already or has no backup."""
    held = _backups(source, site)
    seen = _shared_volumes(source, site)
    usable: list[Found] = []
    shared: list[Shared] = []
    steps: list[Step] = []
    for ref in guests:
        if ref.node != site.lost and (there := _has_its_disks(source, site, ref)):
            steps.append(Keep(Target.of(ref), f"{ref.label} needs no restore: {there}"))
            continue
        try:
            one = _usable(source, ref, held.get(ref.vmid, []), site)
        except PmpcError as error:
            if ref.node == site.lost and ref.vmid in seen:
                shared.append(Shared(ref, seen[ref.vmid]))
            else:
                steps.append(Cannot(Target.of(ref), error))
            continue
        storages = sorted({text(row, "storage") or "" for row in volumes_in(one.config)})
        if ref.node == site.lost and all(_is_shared(site, name) for name in storages):
            shared.append(Shared(ref, tuple(storages)))
        else:
            usable.append(one)
    return usable, shared, steps


def _backups(source: Source, site: Site) -> dict[int, list[Archive]]:
    """Return by guest the backups that the node which takes over sees, newest first."""
    held: dict[int, list[Archive]] = {}
    for place in places(source, resources(source), node=site.place.node, content="backup").value:
        for one in archives_at(source, place):
            if one.vmid is not None:
                held.setdefault(one.vmid, []).append(one)
    return {vmid: sorted(some, key=lambda one: -(one.created or 0)) for vmid, some in held.items()}


def _usable(source: Source, ref: GuestRef, held: Sequence[Archive], site: Site) -> Found:
    """Return the newest backup that is not empty, was not found bad, and gives a configuration; raises NotFound."""
    bad: list[str] = []
    for archive in held:
        if archive.kind != ref.kind:
            bad.append(f"{archive.volid} is of a {archive.noun}")
        elif archive.size <= 0 or archive.verified not in (None, "ok"):
            bad.append(f"{archive.volid} is empty or did not pass the backup server's verification")
        else:
            try:
                config = archive_config(source, archive)
                # The list has no names of guests whose node is offline.
                name = ref.name or text(config, "name") or text(config, "hostname")
                return Found(ref._replace(name=name), archive, config)
            except (NotFound, UnexpectedAnswer) as error:
                bad.append(error.message)
    why = f" that can be used: {'; '.join(bad)}" if bad else ""
    raise NotFound(
        f"{ref.label} has no backup on a storage that {site.place.node} sees{why}",
        hint="pmpc backup list shows what there is on other nodes; "
        f"where its disks were: pmpc {ref.kind} config {ref.vmid} --offline",
        details={"vmid": ref.vmid},
    )


def _shared_volumes(source: Source, site: Site) -> dict[int, tuple[str, ...]]:
    """Return by guest the shared storages that hold volumes of it, as far as they can be read."""
    names = [
        name
        for name, row in site.place.storages.items()
        if boolean(row, "shared") and {"images", "rootdir"} & set(split_list(text(row, "content")))
    ]
    answers = source.read_many([_content(site, name) for name in names])
    found: dict[int, tuple[str, ...]] = {}
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, PmpcError):
            continue
        for row in as_rows(answer, f"the content of {name}"):
            vmid = integer(row, "vmid")
            if vmid is not None and text(row, "content") in ("images", "rootdir") and name not in found.get(vmid, ()):
                found[vmid] = (*found.get(vmid, ()), name)
    return found


def _content(site: Site, storage: str) -> Query:
    return Query(api_path("nodes", site.place.node, "storage", storage, "content"))


def _has_its_disks(source: Source, site: Site, ref: GuestRef) -> str:
    """Return why a guest on the node that takes over needs no restore; nothing where a disk of it is missing."""
    if ref.status != "stopped":
        return f"it is {ref.status}"
    config = source.read(ref.path("config"))
    assert isinstance(config, dict)
    lists: dict[str, frozenset[str]] = {}
    for row in volumes_in(config):
        name = text(row, "storage") or ""
        if name not in site.place.storages:
            return ""
        if name not in lists:
            query = _content(site, name)
            volumes = as_rows(source.read(query.path, query.params), f"the content of {name}")
            lists[name] = frozenset(text(one, "volid") or "" for one in volumes)
        if f"{name}:{text(row, 'volume')}" not in lists[name] and text(row, "volume") not in lists[name]:
            return ""
    return f"its disks are on {site.place.node}"


def _is_shared(site: Site, storage: str) -> bool:
    return boolean(site.place.storages.get(storage, {}), "shared")


def back_already(source: Source, site: Site, one: Found, stage: int) -> list[Step]:
    """Return that a guest is back under another id already, or nothing.

    A restore keeps a VM's SMBIOS uuid and a container's MAC addresses, by which it is recognised.
    """
    if one.ref.node != site.lost:
        return []
    same = [
        ref
        for ref in site.known.guests
        if ref.answers and ref.node != site.lost and ref.type == one.ref.type and ref.name == one.ref.name
    ]
    answers = source.read_many([Query(ref.path("config")) for ref in same])
    for ref, answer in zip(same, answers, strict=True):
        if isinstance(answer, dict) and _is_one(one, answer):
            return [Keep(Target.of(one.ref, stage), f"{one.ref.label} is back already, as {ref.label} on {ref.node}")]
    return []


def _is_one(one: Found, config: JsonObject) -> bool:
    old, new = identity(one.ref.type, one.config), identity(one.ref.type, config)
    # Without a network card nothing is left of a container but its name.
    return same_individual(old, new) or (old.endswith("macs=") and new.endswith("macs="))
