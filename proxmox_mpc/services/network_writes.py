"""Changing a node's network: it is staged by PVE, shown as a difference, and applied in one step.

The API cannot take an applied change back by itself. So the exact commands that do it at the console are part of the
plan, and whatever carries the management or corosync is critical.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_interface

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, as_rows, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.errors import PmpcError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.reads import no_such_node, node_states, resources
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, matched, read_keys

TYPES = ("bridge", "bond", "vlan", "eth", "OVSBridge", "OVSBond", "OVSPort", "OVSIntPort")
_MODES = (
    "balance-rr|active-backup|balance-xor|broadcast|802.3ad|balance-tlb|balance-alb|balance-slb"
    "|lacp-balance-slb|lacp-balance-tcp"
)
_KEYS = read_keys(f"""
    address ~ip4
    address6 ~ip6
    autostart bool
    bond-primary ~iface
    bond_mode {_MODES}
    bond_xmit_hash_policy layer2|layer2+3|layer3+4
    bridge_ports ~ifaces *
    bridge_vids ~vlans *
    bridge_vlan_aware bool
    cidr ~cidr4
    cidr6 ~cidr6
    comments text
    comments6 text
    gateway ~ip4
    gateway6 ~ip6
    mtu int(1280..65520)
    netmask text
    netmask6 int(0..128)
    ovs_bonds ~ifaces *
    ovs_bridge ~iface
    ovs_options text
    ovs_ports ~ifaces *
    ovs_tag int(1..4094)
    slaves ~ifaces *
    type bridge|bond|vlan|eth|alias|OVSBridge|OVSBond|OVSPort|OVSIntPort !
    vlan-id int(1..4094)
    vlan-raw-device ~iface
""")
STAGED = "this is staged: it works after pmpc network apply NODE, and pmpc network revert NODE drops it"
_STANZA = re.compile(r"^[ +-]\s*(?:auto|iface|allow-\S+)\s+(\S+)")


def create_interface(
    source: Source, node: str, iface: str, kind: str, options: Mapping[str, Given], pairs: Sequence[str]
) -> Plan:
    """Plan a new bridge, bond or VLAN of a node."""
    matched("iface", "IFACE", iface)
    noun = _noun(source, node)
    form = gathered(_KEYS, {"type": kind, **options}, pairs)
    if kind == "bond" and "slaves" not in form:
        raise UsageError("a bond needs interfaces", hint="--ports eno1,eno2")
    _check_addresses(source, node, iface, form)
    facts = _facts(source, node, [iface, *_ports(form)])
    return objects.create(source, noun, iface, _spaced(form), facts=facts, notes=(STAGED,))


def set_interface(
    source: Source,
    node: str,
    iface: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    deletes: Sequence[str],
) -> Plan:
    """Plan other settings of an interface."""
    noun = _noun(source, node)
    form = gathered(_KEYS, options, pairs, creating=False)
    gone = checked_deletes(_KEYS, deletes, form)
    if not form and not gone:
        raise UsageError("there is nothing to change", hint="--cidr, --ports, --set KEY=VALUE, --delete KEY")
    _check_addresses(source, node, iface, form)
    facts = _facts(source, node, [iface, *_ports(form)])
    return objects.change(source, noun, iface, _spaced(form), gone, facts=facts, notes=(STAGED,))


def delete_interface(source: Source, node: str, iface: str, *, ignore_missing: bool = False) -> Plan:
    """Plan to take an interface out of a node's configuration."""
    noun, facts = _noun(source, node), _facts(source, node, [iface])
    return objects.delete(
        source, noun, [iface], ignore_missing=ignore_missing, facts=lambda _name, _now: facts, notes=(STAGED,)
    )


def revert(source: Source, node: str) -> Plan:
    """Plan to drop what is staged and not applied."""
    _noun(source, node)
    target, path = Target("network", node, None, node), api_path("nodes", node, "network")
    changes = source.answer(path).changes
    if not changes:
        return Plan("revert", (Keep(target, "nothing is staged"),))
    undo = Undo(why_not="what was staged is gone; it stands in the journal's note of this operation")
    send = Send(Call("DELETE", path), target, "config", f"drop the staged network changes of {node}", undo=undo)
    return Plan(
        "revert", (send, Probe("nothing is staged", _staged(path), target, 5.0)), notes=tuple(changes.splitlines())
    )


def apply(source: Source, node: str) -> Plan:
    """Plan to put into effect what is staged; the difference, and how to take it back at the console, are notes."""
    _noun(source, node)
    target, path = Target("network", node, None, node), api_path("nodes", node, "network")
    changes = source.answer(path).changes
    if not changes:
        return Plan("apply", (Keep(target, "nothing is staged"),))
    critical = touches(changes, carriers(source, node))
    way_back = console_undo(node, changes)
    send = Send(
        Call("PUT", path),
        target,
        "network",
        f"apply the network changes of {node}",
        Facts(touches_management=critical),
        undo=Undo(why_not=f"the API has no way back; at the console of {node}:\n" + "\n".join(way_back[1:])),
    )

    def answers(source: Source, _known: Known) -> str | None:
        try:
            left = source.answer(path).changes
        except PmpcError as error:
            return f"{error.message}\n" + "\n".join(way_back)
        return "some of it is still staged" if left else None

    probe = Probe(f"node {node} answers, and nothing is staged", answers, target, 60.0)
    # A warning and no note: programs see it too, and before anything is sent.
    told = Warn(
        "console_undo",
        f"the API cannot take this back; to undo it, at the console of {node}:",
        "\n".join(way_back[1:]),
        {"node": node, "commands": [*way_back[1:]]},
    )
    return Plan("apply", (send, probe), notes=tuple(changes.splitlines()), warnings=(told,))


def console_undo(node: str, changes: str) -> tuple[str, ...]:
    """Return the commands that take the changes back at a node's console, exact down to the line."""
    return (
        f"to undo it, at the console of {node}:",
        "cat > /root/pmpc-undo.diff <<'END'",
        *changes.splitlines(),
        "END",
        "patch --reverse /etc/network/interfaces /root/pmpc-undo.diff && ifreload --all",
    )


def carriers(source: Source, node: str) -> frozenset[str]:
    """Return the interfaces that carry a node's management or corosync: those with the addresses, and all below."""
    addresses: set[str] = set()
    for path, keys in (("/cluster/status", ("ip",)), ("/cluster/config/nodes", ("ring0_addr", "ring1_addr"))):
        try:
            rows = as_rows(source.read(path), path)
        except PmpcError:
            # A single node has no corosync; a token may not be allowed to look.
            continue
        mine = [row for row in rows if node in (text(row, "name"), text(row, "node"))]
        addresses |= {value for row in mine for key in keys if (value := text(row, key))}
    rows = as_rows(source.read(api_path("nodes", node, "network")), "the network")
    known = {text(row, "iface") or "": row for row in rows}
    carrying = {name for name, row in known.items() if addresses & _addresses(row)}
    # Whatever has the gateway is the way in from outside.
    carrying |= {name for name, row in known.items() if text(row, "gateway") or text(row, "gateway6")}
    while True:
        below = {port for name in carrying if name in known for port in _below(name, known[name])} - carrying
        if not below:
            return frozenset(carrying)
        carrying |= below


def touches(changes: str, carrying: frozenset[str]) -> bool:
    """Whether a difference of /etc/network/interfaces changes one of some interfaces, or one that cannot be told."""
    stanza: str | None = None
    for line in changes.splitlines():
        if line.startswith(("---", "+++")):
            continue
        if line.startswith("@@"):
            stanza = None
            continue
        if match := _STANZA.match(line):
            stanza = match[1]
        if line[:1] not in ("+", "-") or not line[1:].strip():
            continue
        if stanza is None or stanza in carrying or carrying & set(re.split(r"[\s,]+", line[1:])):
            return True
    return False


def _noun(source: Source, node: str) -> Noun:
    if node not in node_states(resources(source)):
        raise no_such_node(node)
    return Noun(
        "interface", api_path("nodes", node, "network"), "iface", _KEYS, f"pmpc network list --node {node}",
        add="network", change="network", remove="network", digest=False, kept=("type",), node=node,
    )  # fmt: skip


def _facts(source: Source, node: str, names: Iterable[str]) -> Facts:
    return Facts(touches_management=bool(carriers(source, node) & {*names}))


def _ports(form: Mapping[str, FormValue]) -> list[str]:
    said = " ".join(str(form.get(key) or "") for key in ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds"))
    return [*re.split(r"[,; ]+", said), str(form.get("vlan-raw-device") or "")]


def _spaced(form: dict[str, FormValue]) -> dict[str, FormValue]:
    """Return a form with lists of interfaces as PVE stores them, separated by blanks."""
    lists = ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds")
    return {k: " ".join(re.split(r"[,; ]+", str(v).strip())) if k in lists else v for k, v in form.items()}


def _below(name: str, row: JsonObject) -> set[str]:
    found = {
        port
        for key in ("bridge_ports", "slaves", "ovs_ports", "ovs_bonds")
        for port in (text(row, key) or "").replace(",", " ").split()
    }
    raw = text(row, "vlan-raw-device") or (name.rpartition(".")[0] if "." in name else "")
    found |= {port.partition(".")[0] for port in found}
    return (found | {raw, text(row, "ovs_bridge") or ""}) - {"", "none"}


def _addresses(row: JsonObject) -> set[str]:
    said = (text(row, key) for key in ("address", "address6", "cidr", "cidr6"))
    return {value.partition("/")[0] for value in said if value}


def _check_addresses(source: Source, node: str, iface: str, form: Mapping[str, FormValue]) -> None:
    """Refuse what PVE would refuse later: an address that another interface has, a gateway out of reach."""
    for cidr, gateway in (("cidr", "gateway"), ("cidr6", "gateway6")):
        value, way = form.get(cidr), form.get(gateway)
        if not isinstance(value, str):
            continue
        try:
            network = ip_interface(value)
        except ValueError as error:
            raise UsageError(f"{cidr}: {value!r} is no address", hint="ADDRESS/PREFIX, such as 10.0.0.1/24") from error
        rows = as_rows(source.read(api_path("nodes", node, "network")), "the network")
        taken = [text(row, "iface") for row in rows if str(network.ip) in _addresses(row)]
        if any(name != iface for name in taken):
            raise UsageError(f"{cidr}: {network.ip} belongs to {taken[0]} already")
        if isinstance(way, str) and ip_interface(way).ip not in network.network:
            raise UsageError(f"{gateway}: {way} is not in {network.network}")


def _staged(path: str) -> objects.Check:
    def check(source: Source, _known: Known) -> str | None:
        return "something is staged" if source.answer(path).changes else None

    return check
