"""What of the SDN configuration waits to be applied: as a difference, with the commands that undo it, and its reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from shlex import quote
from typing import NamedTuple

from proxmox_mpc.domain.guest_config import NIC, strings
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_rows, text
from proxmox_mpc.domain.plan import Target
from proxmox_mpc.domain.property_string import Nic
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Query, Source, api_path
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.safety.policy import is_protected
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.network_writes import carriers
from proxmox_mpc.services.reads import node_states, resources

_PENDING = {"pending": True}
# What PVE derives, or keeps of the file.
_NOT_SET = frozenset({"digest", "state", "pending", "type", "zone-type", "network", "mask", "cidr", "id"})
# Controllers are what zones of type evpn hang on; their own verbs pmpc does not have.
_KINDS = (("controller", "controllers"), ("zone", "zones"), ("vnet", "vnets"))


class Change(NamedTuple):
    """One object that waits: ``state`` is new, changed or deleted; ``old`` and ``new`` hold the keys that differ."""

    kind: str
    name: str
    state: str
    row: JsonObject
    old: JsonObject
    new: JsonObject

    @property
    def lines(self) -> list[str]:
        """The change as a difference."""
        return [
            f"{self.kind} {self.name}: {self.state}",
            *(f"- {key}={_written(value)}" for key, value in sorted(self.old.items())),
            *(f"+ {key}={_written(value)}" for key, value in sorted(self.new.items())),
        ]

    @property
    def undo(self) -> str:
        """The command that stages what there was before."""
        gone = [key for key in sorted(self.new) if key not in self.old]
        words = _undo_raw(self, gone) if self.kind == "controller" else _undo(self, gone)
        return " ".join(quote(word) for word in ("pmpc", *words))


def _undo(change: Change, gone: Sequence[str]) -> list[str]:
    # What a subnet or vnet belongs to is said when it is made, and cannot change.
    kept = {key: value for key, value in sorted(change.old.items()) if key not in ("vnet", "subnet")}
    noun = ["sdn", change.kind]
    if change.state == "new":
        return [*noun, "delete", change.name]
    if change.state == "changed":
        return [*noun, "set", change.name, *_sets(kept), *(word for key in gone for word in ("--delete", key))]
    rest = _sets({key: value for key, value in kept.items() if key != "zone"})
    if change.kind == "zone":
        return [*noun, "create", change.name, "--type", text(change.row, "type") or "simple", *rest]
    if change.kind == "vnet":
        return [*noun, "create", change.name, "--zone", text(change.row, "zone") or "", *rest]
    return [*noun, "create", text(change.row, "vnet") or "", text(change.row, "cidr") or change.name, *rest]


def _undo_raw(change: Change, gone: Sequence[str]) -> list[str]:
    """Return the raw call for what pmpc has no verbs of its own."""
    path, pairs = "/cluster/sdn/controllers", [f"{key}={_written(value)}" for key, value in sorted(change.old.items())]
    if change.state == "new":
        return ["api", "delete", f"{path}/{change.name}"]
    if change.state == "changed":
        pairs += [f"delete={','.join(gone)}"] if gone else []
        return ["api", "set", f"{path}/{change.name}", *pairs]
    return ["api", "create", path, f"controller={change.name}", f"type={text(change.row, 'type')}", *pairs]


def _sets(settings: JsonObject) -> list[str]:
    return [word for key, value in settings.items() for word in ("--set", f"{key}={_written(value)}")]


def pending_changes(source: Source) -> list[Change]:
    """Return what waits: what others build upon first."""
    found: list[Change] = []
    vnets: list[JsonObject] = []
    for kind, collection in _KINDS:
        try:
            rows = as_rows(source.read(api_path("cluster", "sdn", collection), _PENDING), f"the {collection}")
        except PmpcError:
            if kind != "controller":
                raise
            continue  # SDN without controllers, or none that this token may see
        vnets = rows if kind == "vnet" else vnets
        found += [_change(kind, kind, row) for row in rows if text(row, "state")]
    names = [text(row, "vnet") or "" for row in vnets]
    queries = [Query(api_path("cluster", "sdn", "vnets", name, "subnets"), _PENDING) for name in names]
    for name, answer in zip(names, source.read_many(queries), strict=True):
        # The subnets of a vnet that is deleted cannot be listed any more, they went before it.
        rows = [] if isinstance(answer, PmpcError) else as_rows(answer, "the subnets")
        found += [_change("subnet", "subnet", {"vnet": name, **row}) for row in rows if text(row, "state")]
    return found


def undo_commands(changes: Sequence[Change]) -> tuple[str, ...]:
    """Return the commands that bring back what was: new objects go, last ones first, then the others come back."""
    new = [change.undo for change in reversed(changes) if change.state == "new"]
    return (*(change.undo for change in changes if change.state != "new"), *new, "pmpc sdn apply")


def reach(source: Source, changes: Sequence[Change], protected: Sequence[str], hosts: frozenset[str]) -> Facts:
    """Return what a change of what runs reaches: the management, and guests that ``safety.protected`` names.

    ``hosts`` are the addresses of the workspace's endpoints. What is new carries nothing yet.
    """
    touched = [change for change in changes if change.state != "new"]
    if not touched:
        return Facts()
    vnets = _vnets_of(source, touched)
    return Facts(
        touches_management=_management(source, touched, vnets, hosts), reaches=_guests(source, vnets, protected)
    )


def _vnets_of(source: Source, touched: Sequence[Change]) -> frozenset[str]:
    """Return the vnets that change, themselves or with their zone, their subnets or their controller."""
    names = {
        kind: {change.name for change in touched if change.kind == kind} for kind in ("controller", "zone", "vnet")
    }
    zones = as_rows(source.read("/cluster/sdn/zones", _PENDING), "the zones")
    changed = names["zone"] | {
        text(row, "zone") or "" for row in zones if text(row, "controller") in names["controller"]
    }
    rows = as_rows(source.read("/cluster/sdn/vnets", _PENDING), "the vnets")
    inside = {text(row, "vnet") or "" for row in rows if text(row, "zone") in changed}
    return frozenset(names["vnet"] | inside | {text(c.row, "vnet") or "" for c in touched if c.kind == "subnet"})


def _management(source: Source, touched: Iterable[Change], vnets: frozenset[str], hosts: frozenset[str]) -> bool:
    found = resources(source)
    nodes = [name for name, state in node_states(found).items() if state != "offline"]
    carrying: set[str] = set()
    for node in nodes:
        try:
            carrying |= carriers(source, node, hosts)
        except PmpcError:
            continue  # a node that does not answer says nothing; the others have the same bridges mostly
    bridges = {text(values, "bridge") for change in touched for values in (change.row, change.old, change.new)}
    if carrying & (vnets | {bridge for bridge in bridges if bridge}):
        return True
    status = as_rows(source.read("/cluster/status"), "the cluster's status")
    addresses = {*hosts, *(ip for row in status if (ip := text(row, "ip")))}
    networks = [cidr for change in touched if change.kind == "subnet" and (cidr := text(change.row, "cidr"))]
    return any(_holds(network, address) for network in networks for address in addresses)


def _holds(network: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False  # a host's name


def _guests(source: Source, vnets: frozenset[str], protected: Sequence[str]) -> tuple[str, ...]:
    refs = [ref for ref in inventory(source).guests if is_protected(Target.of(ref), protected)]
    configs = source.read_many([Query(ref.path("config")) for ref in refs])
    # One that cannot be read may be on it.
    return tuple(ref.label for ref, config in zip(refs, configs, strict=True) if _is_on(ref, config, vnets))


def _is_on(ref: GuestRef, config: Json | PmpcError, vnets: frozenset[str]) -> bool:
    if not isinstance(config, dict):
        return True
    return any(Nic.parse(value).bridge in vnets for _, _, value in strings(config, NIC))


def _change(kind: str, key: str, row: JsonObject) -> Change:
    state, waiting = text(row, "state") or "", row.get("pending")
    pending = waiting if isinstance(waiting, dict) else {}
    own = {k: v for k, v in row.items() if k not in _NOT_SET and k != key}
    new = {k: v for k, v in pending.items() if v != "deleted" and k not in _NOT_SET and k != key}
    old = own if state == "deleted" else {k: own[k] for k in pending if k in own} if state == "changed" else {}
    return Change(kind, text(row, key) or "", state, {**pending, **row} if state == "new" else row, old, new)


def _written(value: Json) -> str:
    """Return a value as --set takes it; what PVE lists as objects is a property string each."""
    if isinstance(value, list):
        return ",".join(_written(one) for one in value)
    if isinstance(value, dict):
        return ",".join(f"{key}={part}" for key, part in value.items())
    return str(value)
