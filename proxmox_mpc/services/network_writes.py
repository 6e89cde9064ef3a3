"""Changing a node's network: it is staged by PVE, shown as a difference, and applied in one step.

The API cannot take an applied change back by itself. So the exact commands that do it at the console are part of the
plan, and whatever carries the management or corosync is critical.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_interface
from typing import NamedTuple
from urllib.parse import urlsplit

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, as_rows, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.risk import NO_FACTS, Facts
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.errors import PmpcError, Unreachable, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.reads import no_such_node, node_states, resources
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, matched, read_keys

TYPES = ("bridge", "bond", "vlan", "eth", "OVSBridge", "OVSBond", "OVSPort", "OVSIntPort")
_MODES = (
    "balance-rr|active-backup|balance-xor|broadcast|802.3ad|balance-tlb|balance-alb|balance-slb"
    "|lacp-balance-slb|lacp-balance-tcp"
)
KEYS = read_keys(f"""
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
    form = gathered(KEYS, {"type": kind, **options}, pairs)
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
    form = gathered(KEYS, options, pairs, creating=False)
    gone = checked_deletes(KEYS, deletes, form)
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


class Applying(NamedTuple):
    """What is about to be applied on a node: the plan, and all that is needed to take it back.

    ``changes`` is the difference, ``rows`` are the interfaces as they will be, ``probes`` say whether all is well,
    ``commands`` take it back at the node's console.
    """

    node: str
    plan: Plan
    changes: str = ""
    rows: tuple[JsonObject, ...] = ()
    facts: Facts = NO_FACTS
    probes: tuple[Probe, ...] = ()
    commands: tuple[str, ...] = ()


def apply(source: Source, node: str, doors: Mapping[str, Source] | None = None) -> Applying:
    """Plan to put into effect what is staged; the difference, and how to take it back at the console, are notes.

    ``doors`` are the workspace's endpoints, each by itself: one that answers now has to answer afterwards too. Where
    that is the node's own, the others alone would not tell that it was cut off.
    """
    _noun(source, node)
    target, path = Target("network", node, None, node), api_path("nodes", node, "network")
    answer = source.answer(path)
    changes = answer.changes
    if not changes:
        return Applying(node, Plan("apply", (Keep(target, "nothing is staged"),)))
    hosts = frozenset(host for url in doors or {} if (host := urlsplit(url).hostname))
    facts = Facts(touches_management=touches(changes, carriers(source, node, hosts)))
    way_back = console_undo(node, changes)
    send = Send(
        Call("PUT", path),
        target,
        "network",
        f"apply the network changes of {node}",
        facts,
        undo=Undo(why_not=f"the API has no way back; at the console of {node}:\n" + "\n".join(way_back[1:])),
    )
    probes = (
        Probe(f"node {node} answers, and nothing is staged", _answers(path), target, 60.0),
        *endpoint_probes(doors or {}, target),
    )
    # A warning and no note: programs see it too, and before anything is sent.
    told = Warn(
        "console_undo",
        f"the API cannot take this back; to undo it, at the console of {node}:",
        "\n".join(way_back[1:]),
        {"node": node, "commands": [*way_back[1:]]},
    )
    plan = Plan("apply", (send, *probes), notes=tuple(changes.splitlines()), warnings=(told,))
    rows = tuple(as_rows(answer.data, "the network"))
    return Applying(node, plan, changes, rows, facts, probes, way_back)


def endpoint_probes(doors: Mapping[str, Source], target: Target) -> tuple[Probe, ...]:
    """Return the looks whether the endpoints that answer now still do."""
    now = {url: door for url, door in doors.items() if _silent(door) is None}
    return tuple(Probe(f"{url} answers", _opens(url, door), target, 30.0) for url, door in now.items())


def is_cut_off(source: Source, was: Applying) -> bool:
    """Whether, after an apply that went wrong, the node or an endpoint does not answer that did before."""
    try:
        if source.answer(api_path("nodes", was.node, "network")).changes:
            return False  # it was never applied
    except PmpcError:
        return True
    return any(probe.check(source, {}) is not None for probe in was.probes)


def _answers(path: str) -> objects.Check:
    def check(source: Source, _known: Known) -> str | None:
        try:
            left = source.answer(path).changes
        except PmpcError as error:
            return error.message
        return "some of it is still staged" if left else None

    return check


def _opens(url: str, door: Source) -> objects.Check:
    def check(_source: Source, _known: Known) -> str | None:
        silent = _silent(door)
        return None if silent is None else f"{url} does not: {silent.message}"

    return check


def _silent(door: Source) -> PmpcError | None:
    """Return why nothing answers behind an endpoint; a refusal is an answer."""
    try:
        door.read("/version")
    except Unreachable as error:
        return error
    except PmpcError:
        return None
    return None


def console_undo(node: str, changes: str) -> tuple[str, ...]:
    """Return the commands that take the changes back at a node's console, exact down to the line."""
    return (
        f"to undo it, at the console of {node}:",
        "cat > /root/pmpc-undo.diff <<'END'",
        *changes.splitlines(),
        "END",
        "patch --reverse /etc/network/interfaces /root/pmpc-undo.diff && ifreload --all",
    )


def carriers(source: Source, node: str, hosts: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the interfaces that carry a node's management or corosync: those with the addresses, and all below.

    ``hosts`` are further addresses of the management, those of the workspace's endpoints.
    """
    addresses: set[str] = {*hosts}
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
        "interface", api_path("nodes", node, "network"), "iface", KEYS, f"pmpc network list --node {node}",
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
