"""Network interfaces of the nodes, as their configuration and the kernel have them."""

from __future__ import annotations

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, integer, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import STALE, Answer, Reading, Source, Warn, api_path
from proxmox_mpc.errors import NotFound, PmpcError
from proxmox_mpc.services.reads import Notes, no_such_node, node_states, resources, silent_nodes

_FIELDS = (
    Field("node", "string", "the node"),
    Field("iface", "string", "the interface's name"),
    Field("type", "string", "bridge, bond, eth, vlan, OVSBridge, …"),
    Field("active", "boolean", "whether it is up"),
    Field("autostart", "boolean", "whether it is brought up at boot", level="wide"),
    Field("addresses", "list", "its addresses with prefix length"),
    Field("gateway", "string?", "the IPv4 default gateway"),
    Field("ports", "list", "a bridge's ports, a bond's members, the device below a VLAN"),
    Field("vlan_aware", "boolean?", "whether the bridge knows VLANs; null for other types"),
    Field("vlan", "integer?", "the VLAN's tag", level="wide"),
    Field("mtu", "integer?", "the configured MTU", level="wide"),
    Field("gateway6", "string?", "the IPv6 default gateway", level="wide"),
    Field("method", "string?", "how IPv4 is configured: static, dhcp, manual", level="wide"),
    Field("method6", "string?", "how IPv6 is configured", level="data"),
    Field("comment", "string?", "its comment", level="wide"),
)
NETWORK_ROWS = rows(*_FIELDS, doc="Network interfaces, by node and name.")
NETWORK_PAGE = item(
    *_FIELDS,
    Field("families", "list", "inet, inet6", level="data"),
    Field("altnames", "list", "other names of the device", title="other names"),
    Field("settings", "object", "all else that is configured, in PVE's own keys", title="Further settings"),
    Field("pending", "string?", "the node's changes that wait for being applied, as a diff of its configuration"),
    doc="One network interface.",
)

# Keys that a page shows under a name of its own, or that say nothing.
_SHOWN = frozenset({
    "iface", "type", "active", "autostart", "exists", "address", "address6", "netmask", "netmask6", "cidr", "cidr6",
    "gateway", "gateway6", "bridge_ports", "slaves", "ovs_ports", "ovs_bonds", "bridge_vlan_aware", "vlan-id",
    "vlan-raw-device", "ovs_tag", "mtu", "method", "method6", "comments", "comments6", "families", "altnames",
    "priority", "digest", STALE,
})  # fmt: skip
_PARALLEL = 8


def list_networks(source: Source, node: str | None = None) -> Reading[list[JsonObject]]:
    """Return the interfaces of ``node``, or of every node that answers; raises NotFound for a node that is none."""
    states = node_states(resources(source))
    if node is not None:
        if node not in states:
            raise no_such_node(node)
        answer = source.answer(_path(node))
        return Reading(_rows(node, answer), pending_changes(node, answer.changes))
    notes = Notes()
    asked = [name for name, state in states.items() if state != "offline" or not source.live]
    if source.live:
        notes.add(*silent_nodes(states, "its interfaces are missing"))
    found: list[JsonObject] = []
    answers = _answers(source, asked)
    errors = [read for _, read in answers if isinstance(read, PmpcError)]
    if errors and len(errors) == len(answers):
        raise errors[0]
    for name, read in answers:
        if isinstance(read, PmpcError):
            notes.failed(f"the network of {name}", read)
        else:
            found += _rows(name, read)
            notes.add(*pending_changes(name, read.changes), partial=False)
    return Reading(found, *notes.values())


def _answers(source: Source, nodes: list[str]) -> list[tuple[str, Answer | PmpcError]]:
    """Read the nodes' networks, a few at once: ``read_many`` would lose what PVE sends beside the list."""
    from concurrent.futures import ThreadPoolExecutor

    def read(node: str) -> tuple[str, Answer | PmpcError]:
        try:
            return node, source.answer(_path(node))
        except PmpcError as error:
            return node, error

    if not source.live or len(nodes) < 2:
        return [read(node) for node in nodes]
    with ThreadPoolExecutor(min(_PARALLEL, len(nodes))) as pool:
        return list(pool.map(read, nodes))


def _path(node: str) -> str:
    return api_path("nodes", node, "network")


def _rows(node: str, answer: Answer) -> list[JsonObject]:
    made = [network_row(node, row) for row in as_rows(answer.data, "the network list")]
    return sorted(made, key=lambda row: str(row["iface"]))


def show_network(source: Source, node: str, iface: str) -> Reading[JsonObject]:
    """Return the page of one interface; raises NotFound for a node or interface that does not exist.

    It is read from the node's list, which needs no privilege; PVE wants Sys.Audit for the single interface.
    """
    if node not in node_states(resources(source)):
        raise no_such_node(node)
    answer = source.answer(_path(node))
    row = next((row for row in as_rows(answer.data, "the network list") if text(row, "iface") == iface), None)
    if row is None:
        raise NotFound(f"node {node} has no network interface {iface!r}", hint=f"pmpc network list --node {node}")
    page: JsonObject = {
        **network_row(node, row),
        "families": _texts(row.get("families")),
        "altnames": _texts(row.get("altnames")),
        "settings": {key: row[key] for key in sorted(row) if key not in _SHOWN},
        "pending": answer.changes,
    }
    return Reading(page, tuple(warn._replace(hint=None) for warn in pending_changes(node, answer.changes)))


def pending_changes(node: str, changes: str | None) -> tuple[Warn, ...]:
    """Return the warning that what PVE shows of a node's network is not what runs."""
    if not changes:
        return ()
    return (
        Warn(
            "network_pending",
            f"node {node} has network changes that are not applied yet; what is shown is how it will be",
            hint=f"pmpc network show {node} INTERFACE shows the difference",
            details={"node": node},
        ),
    )


def network_row(node: str, row: JsonObject) -> JsonObject:
    """Turn one interface of PVE's list into a row of NETWORK_ROWS."""
    kind = text(row, "type") or "unknown"
    return {
        "node": node,
        "iface": text(row, "iface") or "",
        "type": kind,
        "active": boolean(row, "active"),
        "autostart": boolean(row, "autostart"),
        "addresses": [*_addresses(row)],
        "gateway": text(row, "gateway"),
        "ports": [*_ports(row)],
        "vlan_aware": boolean(row, "bridge_vlan_aware") if kind == "bridge" else None,
        "vlan": integer(row, "vlan-id") or integer(row, "ovs_tag"),
        "mtu": integer(row, "mtu"),
        "gateway6": text(row, "gateway6"),
        "method": text(row, "method"),
        "method6": text(row, "method6"),
        "comment": _comment(row),
    }


def _addresses(row: JsonObject) -> list[str]:
    """Return the addresses; older releases send address and netmask (a prefix or dotted) without ``cidr``."""
    found = []
    for family in ("", "6"):
        cidr, address, mask = (text(row, f"{key}{family}") for key in ("cidr", "address", "netmask"))
        if cidr or address:
            found.append(cidr or (f"{address}/{mask}" if mask else str(address)))
    return found


def _ports(row: JsonObject) -> list[str]:
    for key in ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds", "vlan-raw-device"):
        ports = [port for port in (text(row, key) or "").replace(",", " ").split() if port != "none"]
        if ports:
            return ports
    return []


def _comment(row: JsonObject) -> str | None:
    lines = [(text(row, key) or "").strip() for key in ("comments", "comments6")]
    return "\n".join(line for line in lines if line) or None


def _texts(value: Json) -> list[Json]:
    return [str(one) for one in value] if isinstance(value, list) else []
