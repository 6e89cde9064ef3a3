"""Declared objects of one cluster for another: which maps, what is missing there, what a manifest cannot carry over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from proxmox_mpc.declared.manifest import Ident
from proxmox_mpc.domain.declared_guest import DISK
from proxmox_mpc.domain.guest_config import NIC
from proxmox_mpc.domain.json import JsonObject, split_list, text
from proxmox_mpc.domain.property_string import Disk, PropertyString
from proxmox_mpc.domain.replica import Declared, Maps, names_in, replica, secrets_in
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import Conflict, UsageError
from proxmox_mpc.services.sync_kinds import Inventory

WHAT = ("node", "storage", "bridge", "pool", "vmid")
GUESTS = ("vm", "ct")
_FILES = frozenset({"dir", "nfs", "cifs", "btrfs", "cephfs", "glusterfs"})
_BRIDGES = frozenset({"bridge", "OVSBridge"})
_SHOWN = 3
LOWEST, HIGHEST = 100, 999_999_999
"""The vmids that PVE takes."""


def read_maps(words: Iterable[str], lines: str, offset: int, *, keep_macs: bool) -> Maps:
    """Return the maps that ``KIND:OLD=NEW`` words and the lines of a file say (``#`` begins a comment).

    Raises UsageError for a word that says nothing, and for one name that is to become two.
    """
    found: dict[str, dict[str, str]] = {what: {} for what in WHAT}
    written = [line.partition("#")[0].strip() for line in lines.splitlines()]
    for word in (*(line for line in written if line), *words):
        what, colon, pair = word.partition(":")
        old, equals, new = pair.partition("=")
        if what not in found or not (colon and equals and old and new):
            raise UsageError(f"--map {word!r} maps nothing", hint=f"KIND:OLD=NEW, of {', '.join(WHAT)}: node:pve1=lab1")
        if what == "vmid" and not (old.isdecimal() and new.isdecimal() and int(new) >= 100):
            raise UsageError(f"--map {word!r}: a vmid is a number from 100", hint="as in vmid:101=1101")
        if found[what].setdefault(old, new) != new:
            raise UsageError(f"--map: {what} {old} is to become both {found[what][old]} and {new}")
    return Maps(found["node"], found["storage"], found["bridge"], found["pool"], found["vmid"], offset, keep_macs)


@dataclass(frozen=True, slots=True)
class There:
    """What the other cluster has; ``storages`` and ``bridges`` by node, ``objects`` with what people call them."""

    nodes: frozenset[str]
    storages: Mapping[str, frozenset[str]]
    bridges: Mapping[str, frozenset[str]]
    pools: frozenset[str]
    guests: Mapping[str, str]
    block: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    contents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    declared: Collection[Ident] = field(default_factory=frozenset)

    def all(self, what: str) -> list[str]:
        """Return every name of a kind."""
        if what in ("storage", "bridge"):
            places = self.storages if what == "storage" else self.bridges
            return sorted({name for names in places.values() for name in names})
        return sorted(self.nodes if what == "node" else self.pools)


def there_of(inventory: Inventory) -> There:
    """Return what a recorded cluster has."""
    storages: dict[str, set[str]] = {}
    for _, row in inventory.objects("storage_status"):
        storages.setdefault(str(row.get("node")), set()).add(str(row.get("storage")))
    bridges: dict[str, set[str]] = {}
    for _, row in inventory.objects("network"):
        if row.get("type") in _BRIDGES:
            bridges.setdefault(str(row.get("node")), set()).add(str(row.get("iface")))
    nodes = frozenset(key for key, _ in inventory.objects("node"))
    vnets = {key for key, _ in inventory.objects("sdn_vnet")}
    return There(
        nodes,
        {node: frozenset(names) for node, names in storages.items()},
        {node: frozenset(bridges.get(node, set()) | vnets) for node in nodes},
        frozenset(key for key, _ in inventory.objects("pool")),
        {key: _guest_label(row) for key, row in inventory.objects("guest")},
        frozenset(key for key, row in inventory.objects("storage") if row.get("type") not in _FILES),
        frozenset(str(row.get("volid")) for _, row in inventory.objects("volume")),
        {key: frozenset(split_list(text(row, "content"))) for key, row in inventory.objects("storage")},
    )


def _guest_label(row: JsonObject) -> str:
    return f"{'VM' if row.get('type') == 'qemu' else 'CT'} {row.get('vmid')} ({text(row, 'name')})"


class Problem(NamedTuple):
    """A name that the other cluster does not have, or an id that is taken there."""

    what: str
    old: str
    new: str
    needed_by: tuple[str, ...]
    message: str
    nearest: tuple[str, ...] = ()


def problems(ones: Sequence[Declared], maps: Maps, there: There) -> list[Problem]:
    """Return everything for which objects cannot be declared for the other cluster under these maps."""
    needs: dict[tuple[str, str, str | None], list[str]] = {}
    brought = {
        "pool": {maps.pool(one.ident) for one in ones if one.kind == "pool"},
        "storage": {maps.storage(one.ident) for one in ones if one.kind == "storage"},
        "bridge": {one.ident for one in ones if one.kind == "sdn-vnet"},
    }
    for one in ones:
        seen = names_in(one)
        home = one.keys.get("node") if one.kind in GUESTS else None
        for what, names in (
            ("node", seen.nodes), ("storage", seen.storages), ("bridge", seen.bridges), ("pool", seen.pools)
        ):  # fmt: skip
            for name in names:
                if getattr(maps, what)(name) not in brought.get(what, ()):
                    place = home if what in ("storage", "bridge") else None
                    needs.setdefault((what, name, place), []).append(one.label)
    found = [_missing(*need, tuple(labels), maps, there) for need, labels in sorted(needs.items(), key=_order)]
    missing = [one for one in found if one is not None]
    return [*missing, *_unfit(ones, maps, there, {one.old for one in missing}), *_taken(ones, maps, there)]


def _unfit(ones: Sequence[Declared], maps: Maps, there: There, missing: Collection[str]) -> Iterator[Problem]:
    """Yield storages that do not take what is to be on them."""
    needs: dict[tuple[str, str], list[str]] = {}
    for one in ones:
        for name, content in names_in(one).contents:
            taken = there.contents.get(maps.storage(name))
            if content and name not in missing and taken is not None and content not in taken:
                needs.setdefault((name, content), []).append(one.label)
    for (name, content), labels in sorted(needs.items()):
        fit = tuple(other for other, taken in sorted(there.contents.items()) if content in taken)
        message = f"storage {maps.storage(name)} takes no {content}"
        yield Problem("storage", name, maps.storage(name), tuple(labels), message, fit[:_SHOWN])


def _order(need: tuple[tuple[str, str, str | None], list[str]]) -> tuple[int, str, str]:
    what, name, place = need[0]
    return WHAT.index(what), name, place or ""


def _missing(
    what: str, old: str, place: str | None, needed_by: tuple[str, ...], maps: Maps, there: There
) -> Problem | None:
    new: str = getattr(maps, what)(old)
    known, where = there.all(what), ""
    node = maps.node(place) if place is not None else None
    if node is not None and node in there.nodes:
        places = there.storages if what == "storage" else there.bridges
        known, where = sorted(places.get(node, frozenset())), f" on node {node}"
    if new in known:
        return None
    meant = old if old == new else f"{old} (as {new})"
    nearest = tuple(get_close_matches(new, known, n=3, cutoff=0.4)) or tuple(known[:_SHOWN])
    return Problem(what, old, new, needed_by, f"there is no {what} {meant}{where}", nearest)


def _taken(ones: Sequence[Declared], maps: Maps, there: There) -> Iterator[Problem]:
    """Yield vmids that two guests would have, or that a guest has there already."""
    given: dict[str, Declared] = {}
    for one in (one for one in ones if one.kind in GUESTS):
        new = maps.vmid(one.ident)
        other = given.setdefault(new, one)
        if not LOWEST <= int(new) <= HIGHEST:
            told = f"vmid {new} is not between {LOWEST} and {HIGHEST}"
            yield Problem("vmid", one.ident, new, (one.label,), told)
        elif other is not one:
            yield Problem("vmid", one.ident, new, (one.label,), f"vmid {new} would be that of {other.label} too")
        elif new in there.guests and (one.kind, new) not in there.declared:
            yield Problem("vmid", one.ident, new, (one.label,), f"vmid {new} is taken there by {there.guests[new]}")


def refuse(found: Sequence[Problem]) -> None:
    """Raise Conflict where there is a problem: with all of them, and how each is mapped away."""
    if not found:
        return
    told = [f"{one.message}; needed by {_some(one.needed_by)}" for one in found]
    ways = [_way(one) for one in found]
    raise Conflict(
        f"this cannot be replicated as it is: {'; '.join(told)}",
        hint="\n".join(dict.fromkeys(ways)),
        details={"problems": [one._asdict() for one in found]},
    )


def _way(one: Problem) -> str:
    if one.what == "vmid":
        return "give the guests other ids: --vmid-offset 1000, or --map vmid:OLD=NEW"
    name = one.nearest[0] if one.nearest else "NEW"
    more = f" (there are: {', '.join(one.nearest)})" if len(one.nearest) > 1 else ""
    return f"--map {one.what}:{one.old}={name}{more}"


def _some(labels: Sequence[str]) -> str:
    return ", ".join(labels[:_SHOWN]) + (f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else "")


def replicas(ones: Iterable[Declared], maps: Maps) -> list[Declared]:
    """Return the objects as they are declared for the other cluster."""
    return [replica(one, maps) for one in ones]


def said(ones: Sequence[Declared], maps: Maps, there: There) -> Iterator[Warn]:
    """Yield what people must know of what manifests do not carry over; ``ones`` as they are declared here."""
    guests = [one for one in ones if one.kind in GUESTS]
    if guests:
        macs = (
            "MACs and uuids are kept: never run both guests on one network" if maps.keep_macs
            else "MACs and uuids are made anew there, since both clusters may share a network (--keep-macs keeps them)"
        )  # fmt: skip
        yield Warn("disks_empty", f"disks are made new and empty there: what they hold is not copied; {macs}")
    fixed = [one.label for one in guests if _has_fixed_address(one)]
    if fixed:
        yield Warn("same_addresses", f"static addresses stay the same: {_some(fixed)}", details={"guests": [*fixed]})
    bound = [one.label for one in guests if _is_bound(one)]
    if bound:
        told = f"devices and directories of a node are named: {_some(bound)}"
        yield Warn("hardware", told, details={"guests": [*bound]})
    hidden = [f"{one.label}: {', '.join(secrets_in(one))}" for one in ones if secrets_in(one)]
    if hidden:
        yield Warn("secrets", f"secrets are not copied: {_some(hidden)}", details={"objects": [*hidden]})
    lost = sorted({volid for one in replicas(guests, maps) for volid in _discs(one) if volid not in there.files})
    if lost:
        yield Warn("files", f"files that are not there: {_some(lost)}", "pmpc storage upload", {"volumes": [*lost]})


def unused(ones: Sequence[Declared], maps: Maps) -> Iterator[Warn]:
    """Yield the maps that meet nothing: a name may be misspelt."""
    seen = [names_in(one) for one in ones]
    for what, given, field_name in (
        ("node", maps.nodes, "nodes"), ("storage", maps.storages, "storages"), ("bridge", maps.bridges, "bridges"),
        ("pool", maps.pools, "pools"), ("vmid", maps.vmids, "vmids"),
    ):  # fmt: skip
        names = {name for one in seen for name in getattr(one, field_name)}
        for old in sorted(given.keys() - names):
            near = get_close_matches(old, names, n=1)
            yield Warn(
                "map_unused",
                f"--map {what}:{old}={given[old]}: nothing here names it",
                f"did you mean {near[0]}?" if near else None,
            )


def _has_fixed_address(one: Declared) -> bool:
    cards = [PropertyString.parse(v) for k, v in one.keys.items() if NIC.fullmatch(k) or k.startswith("ipconfig")]
    return any((card.get("ip") or "dhcp") not in ("dhcp", "manual") for card in cards)


def _is_bound(one: Declared) -> bool:
    if any(key.startswith(("hostpci", "usb", "serial", "parallel", "dev", "virtiofs")) for key in one.keys):
        return True
    return any(Disk.parse(v).volume.startswith("/") for k, v in one.keys.items() if DISK.fullmatch(k))


def _discs(one: Declared) -> Iterator[str]:
    for key, value in one.keys.items():
        if DISK.fullmatch(key) and (disk := Disk.parse(value)).cdrom and disk.name and "/" in disk.name:
            if disk.name.startswith("iso/"):
                yield disk.volume
        elif key == "ostemplate":
            yield value
