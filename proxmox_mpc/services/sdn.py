"""Software defined networks: zones, vnets and subnets, with what is configured but not applied yet."""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, integer, listed, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, Warn, api_path
from proxmox_mpc.errors import NotFound, NotRecorded, PmpcError
from proxmox_mpc.services.reads import Notes, read_parts, resources, unknown_to_server

_STATE = (
    Field("state", "string?", "new, changed or deleted until it is applied; null in force, or not known (offline)"),
    Field("pending", "object?", "the values that wait for being applied", level="wide"),
)
_ZONE = (
    Field("zone", "string", "the zone's id"),
    Field("type", "string?", "simple, vlan, qinq, vxlan, evpn"),
    Field("nodes", "list", "the nodes it is on; empty means all"),
    Field("bridge", "string?", "the bridge that it uses (vlan, qinq)"),
    Field("tag", "integer?", "the service VLAN (qinq)"),
    Field("mtu", "integer?", "its MTU"),
    Field("controller", "string?", "the routing controller (evpn)", level="wide"),
    Field("peers", "list", "addresses of the peers (vxlan)", level="wide"),
    Field("exit_nodes", "list", "the nodes that route out (evpn)", level="wide"),
    Field("vrf_vxlan", "integer?", "VXLAN id of its routing instance (evpn)", level="wide"),
    Field("ipam", "string?", "who hands out addresses", level="wide"),
    Field("dhcp", "string?", "the DHCP server", level="wide"),
    Field("dns", "string?", "the DNS server", level="wide"),
    Field("dns_zone", "string?", "the DNS zone", level="wide"),
    *_STATE,
)
_VNET = (
    Field("vnet", "string", "the vnet's id, which is the bridge's name on the nodes"),
    Field("zone", "string?", "its zone"),
    Field("tag", "integer?", "its VLAN or VXLAN id"),
    Field("alias", "string?", "its alias"),
    Field("vlan_aware", "boolean", "whether guests may use VLANs in it"),
    Field("isolate_ports", "boolean", "whether guests in it are kept apart", level="wide"),
    *_STATE,
)
_SUBNET = (
    Field("subnet", "string", "the subnet's id"),
    Field("cidr", "string?", "its network"),
    Field("vnet", "string", "its vnet"),
    Field("zone", "string?", "its zone"),
    Field("gateway", "string?", "its gateway"),
    Field("snat", "boolean", "whether traffic to the outside is translated"),
    Field("dhcp_ranges", "list", "what DHCP hands out, first-last"),
    Field("dhcp_dns", "string?", "the DNS server that DHCP names", level="wide"),
    Field("dns_prefix", "string?", "prefix of its DNS zone", level="wide"),
    *_STATE,
)
_STATUS = (
    Field("zone", "string", "the zone or fabric"),
    Field("kind", "string", "zone or fabric", choices=("zone", "fabric")),
    Field("node", "string?", "the node"),
    Field("status", "string?", "ok or available, pending, error"),
)
_ALL = "Pending values count as long as a change is not applied."
ZONE_ROWS = rows(*_ZONE, doc=f"SDN zones. {_ALL}")
VNET_ROWS = rows(*_VNET, doc=f"SDN vnets. {_ALL}")
SUBNET_ROWS = rows(*_SUBNET, doc=f"SDN subnets. {_ALL}")
STATUS_ROWS = rows(*_STATUS, doc="How each zone is on each node.")
ZONE_PAGE = item(
    *_ZONE,
    Field("vnets", "rows", "its vnets", fields=_VNET),
    Field("status", "rows", "how it is on each node", fields=_STATUS[2:], title="On the nodes"),
    doc="One SDN zone.",
)
VNET_PAGE = item(*_VNET, Field("subnets", "rows", "its subnets", fields=_SUBNET), doc="One SDN vnet.")
SUBNET_PAGE = item(*_SUBNET, doc="One SDN subnet.")

_PENDING = {"pending": True}
Row = Callable[[JsonObject], JsonObject]


def list_zones(source: Source) -> Reading[list[JsonObject]]:
    """Return the zones, by id."""
    return _listed(source, "zones", zone_row)


def list_vnets(source: Source, zone: str | None = None) -> Reading[list[JsonObject]]:
    """Return the vnets (of one zone), by id."""
    read = _listed(source, "vnets", vnet_row)
    kept = [row for row in read.value if zone is None or row["zone"] == zone]
    return Reading(kept, read.warnings, read.partial)


def list_subnets(source: Source, vnet: str | None = None) -> Reading[list[JsonObject]]:
    """Return the subnets of a vnet, or of all; raises NotFound for a vnet that does not exist."""
    vnets = list_vnets(source)
    names = [str(row["vnet"]) for row in vnets.value]
    if vnet is not None:
        _one(vnets, "vnet", vnet)
        names = [vnet]
    return _subnets(source, names, vnets)


def _subnets(source: Source, names: list[str], vnets: Reading[list[JsonObject]]) -> Reading[list[JsonObject]]:
    notes = Notes()
    notes.add(*vnets.warnings, partial=vnets.partial)
    parts = {name: Query(api_path("cluster", "sdn", "vnets", name, "subnets"), _PENDING) for name in names}
    read = read_parts(source, {f"the subnets of {name}": query for name, query in parts.items()}, notes)
    found = [
        subnet_row(row, name)
        for name in parts
        for row in as_rows(read.get(f"the subnets of {name}", []), "the subnets")
    ]
    found.sort(key=lambda row: (str(row["vnet"]), str(row["subnet"])))
    return Reading(found, *notes.values())


def list_status(source: Source) -> Reading[list[JsonObject]]:
    """Return how each zone is on each node, from the one request for all resources."""
    if source.live:
        return Reading(status_rows(resources(source)))
    # Asked for by name, a past of which it is not kept is an error and no empty list.
    kept = (source.read("/cluster/resources", {"type": kind}) for kind in ("sdn", "network"))
    return Reading(status_rows([row for answer in kept for row in as_rows(answer, "/cluster/resources")]))


def show_zone(source: Source, zone: str) -> Reading[JsonObject]:
    """Return a zone with its vnets and its state on each node; raises NotFound.

    The list is read, since PVE wants SDN.Allocate for a single zone and SDN.Audit for the list.
    """
    zones = list_zones(source)
    row = _one(zones, "zone", zone)
    vnets = list_vnets(source, zone)
    notes = Notes()
    more = tuple(one for one in vnets.warnings if one not in zones.warnings)
    notes.add(*zones.warnings, *more, partial=vnets.partial)
    status: list[JsonObject] = []
    try:
        status = [row for row in list_status(source).value if row["zone"] == zone]
    except NotRecorded as error:
        notes.failed("its state on the nodes", error)
    states: list[Json] = [{"node": one["node"], "status": one["status"]} for one in status]
    return Reading({**row, "vnets": [*vnets.value], "status": states}, *notes.values())


def show_vnet(source: Source, vnet: str) -> Reading[JsonObject]:
    """Return a vnet with its subnets; raises NotFound."""
    vnets = list_vnets(source)
    row = _one(vnets, "vnet", vnet)
    subnets = _subnets(source, [vnet], vnets)
    return Reading({**row, "subnets": [*subnets.value]}, subnets.warnings, subnets.partial)


def show_subnet(source: Source, subnet: str) -> Reading[JsonObject]:
    """Return a subnet by its id or its network (10.0.0.0/24); raises NotFound."""
    found = list_subnets(source)
    row = next((row for row in found.value if subnet in (row["subnet"], row["cidr"])), None)
    if row is None:
        raise NotFound(f"there is no SDN subnet {subnet!r}", hint="pmpc sdn subnet list")
    return Reading(row, found.warnings, found.partial)


def _one(found: Reading[list[JsonObject]], kind: str, name: str) -> JsonObject:
    row = next((row for row in found.value if row[kind] == name), None)
    if row is None:
        why = f"; {found.warnings[0].message}" if found.warnings else ""
        raise NotFound(f"there is no SDN {kind} {name!r}{why}", hint=f"pmpc sdn {kind} list")
    return row


def _listed(source: Source, kind: str, made: Row) -> Reading[list[JsonObject]]:
    try:
        found = as_rows(source.read(api_path("cluster", "sdn", kind), _PENDING), f"the SDN {kind}")
    except PmpcError as error:
        # Before PVE 8.1 SDN was a package of its own; without it the server does not know the path (501).
        if not unknown_to_server(error):
            raise
        missing = Warn(
            "sdn_absent", "this server has no SDN", "PVE has it from 8.1 on, before that libpve-network-perl"
        )
        return Reading([], (missing,))
    made_rows = [made(_effective(row)) for row in found]
    # A pull keeps what is configured; what of it is in force only the server knows.
    unsaid = Warn(
        "sdn_state_unknown", "whether it is applied is not recorded", "leave --offline away to ask the server"
    )
    warnings = () if source.live else (unsaid,)
    return Reading(sorted(made_rows, key=lambda row: str(row[kind.removesuffix("s")])), warnings)


def _effective(row: JsonObject) -> JsonObject:
    """Fill in what only waits: PVE keeps the values of a new object under ``pending`` alone."""
    pending = row.get("pending")
    if isinstance(pending, dict) and text(row, "state") == "new":
        return {**pending, **row}
    return row


def _state(row: JsonObject) -> JsonObject:
    pending = row.get("pending")
    return {"state": text(row, "state"), "pending": pending if isinstance(pending, dict) and pending else None}


def zone_row(row: JsonObject) -> JsonObject:
    """Turn one zone of PVE's list into a row of ZONE_ROWS."""
    return {
        "zone": text(row, "zone") or "",
        "type": text(row, "type"),
        "nodes": [*listed(row, "nodes")],
        "bridge": text(row, "bridge"),
        "tag": integer(row, "tag"),
        "mtu": integer(row, "mtu"),
        "controller": text(row, "controller"),
        "peers": [*listed(row, "peers")],
        "exit_nodes": [*listed(row, "exitnodes")],
        "vrf_vxlan": integer(row, "vrf-vxlan"),
        "ipam": text(row, "ipam"),
        "dhcp": text(row, "dhcp"),
        "dns": text(row, "dns"),
        "dns_zone": text(row, "dnszone"),
        **_state(row),
    }


def vnet_row(row: JsonObject) -> JsonObject:
    """Turn one vnet of PVE's list into a row of VNET_ROWS."""
    return {
        "vnet": text(row, "vnet") or "",
        "zone": text(row, "zone"),
        "tag": integer(row, "tag"),
        "alias": text(row, "alias"),
        "vlan_aware": boolean(row, "vlanaware"),
        "isolate_ports": boolean(row, "isolate-ports"),
        **_state(row),
    }


def subnet_row(row: JsonObject, vnet: str) -> JsonObject:
    """Turn one subnet of PVE's list into a row of SUBNET_ROWS."""
    row = _effective(row)
    name = text(row, "subnet") or ""
    return {
        "subnet": name,
        "cidr": text(row, "cidr") or _cidr(name),
        "vnet": vnet,
        "zone": text(row, "zone"),
        "gateway": text(row, "gateway"),
        "snat": boolean(row, "snat"),
        "dhcp_ranges": _ranges(row.get("dhcp-range")),
        "dhcp_dns": text(row, "dhcp-dns-server"),
        "dns_prefix": text(row, "dnszoneprefix"),
        **_state(row),
    }


def status_rows(found: list[JsonObject]) -> list[JsonObject]:
    """Pick the zones and fabrics out of /cluster/resources: rows of type sdn (PVE 8) or network (PVE 9), or both."""
    seen: dict[tuple[str, str, str], JsonObject] = {}
    for row in found:
        name = text(row, "network") if row.get("type") == "network" else text(row, "sdn")
        if row.get("type") in ("sdn", "network") and name:
            kind = "fabric" if text(row, "network-type") == "fabric" else "zone"
            node = text(row, "node")
            seen[kind, name, node or ""] = {"zone": name, "kind": kind, "node": node, "status": text(row, "status")}
    return [seen[key] for key in sorted(seen)]


def _cidr(subnet: str) -> str | None:
    """Read the network out of an id like ``zone1-10.0.0.0-24``."""
    parts = subnet.rsplit("-", 2)
    return f"{parts[1]}/{parts[2]}" if len(parts) == 3 and parts[2].isdigit() else None


def _ranges(value: Json) -> list[Json]:
    """Return DHCP ranges as first-last, from objects or from ``start-address=…,end-address=…``."""
    found: list[Json] = []
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(one, str):
            one = {key: part for key, _, part in (pair.partition("=") for pair in one.split(","))}
        if isinstance(one, dict):
            found.append(f"{text(one, 'start-address') or ''}-{text(one, 'end-address') or ''}")
    return found
