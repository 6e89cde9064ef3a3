"""Changing software defined networks: it is staged in the configuration, and works once it is applied."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from urllib.parse import urlsplit

from proxmox_mpc.domain.call import Call, Known
from proxmox_mpc.domain.json import as_rows, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.errors import AlreadyExists, NotFound, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.network_writes import endpoint_probes
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.sdn_pending import pending_changes, reach, undo_commands
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, read_keys

_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{0,6}[A-Za-z0-9]")
ZONE = Noun(
    "zone", "/cluster/sdn/zones", "zone",
    read_keys("""
        advertise-subnets bool
        bridge ~iface
        bridge-disable-mac-learning bool
        controller ~name
        dhcp dnsmasq
        disable-arp-nd-suppression bool
        dns ~name
        dnszone ~dns
        dp-id int
        exitnodes ~names *
        exitnodes-local-routing bool
        exitnodes-primary ~name
        fabric ~name
        ipam ~name
        mac ~mac
        mtu int
        nodes ~names *
        peers ~ips *
        reversedns ~name
        rt-import text
        secondary-controllers ~name []
        tag int(0..)
        type simple|vlan|qinq|vxlan|evpn|faucet !
        vlan-protocol 802.1q|802.1ad
        vrf-vxlan int(1..16777215)
        vxlan-port int(1..65536)
    """),
    "pmpc sdn zone list", add="network", change="network",
)  # fmt: skip
VNET = Noun(
    "vnet", "/cluster/sdn/vnets", "vnet",
    read_keys("""
        alias text
        isolate-ports bool
        tag int(1..16777215)
        vlanaware bool
        zone ~name
    """),
    "pmpc sdn vnet list", add="network", change="network",
)  # fmt: skip
_SUBNET = read_keys("""
    dhcp-dns-server ~ip
    dhcp-range ~dhcprange []
    dnszoneprefix ~dns
    gateway ~ip
    snat bool
""")
# What a zone of each type cannot do without (pve-network, PVE/Network/SDN/Zones/*.pm).
_NEEDED = {"vlan": ("bridge",), "qinq": ("bridge", "tag"), "vxlan": (), "evpn": ("controller", "vrf-vxlan")}
STAGED = "this is staged: it works after pmpc sdn apply"


def create_zone(
    source: Source,
    zone: str,
    kind: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    *,
    if_missing: bool = False,
) -> Plan:
    """Plan a new zone."""
    form = gathered(ZONE.keys, {"type": kind, **options}, pairs)
    missing = [key for key in _NEEDED.get(kind, ()) if key not in form]
    if kind == "vxlan" and not {"peers", "fabric"} & form.keys():
        missing = ["peers (or fabric)"]
    if missing:
        raise UsageError(
            f"a zone of type {kind} needs {', '.join(missing)}", hint=f"add --set {missing[0].split()[0]}=…"
        )
    return objects.create(source, ZONE, checked_id(zone), form, if_missing=if_missing, notes=(STAGED,))


def set_zone(
    source: Source, zone: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a zone."""
    return _set(source, ZONE, zone, options, pairs, deletes)


def create_vnet(
    source: Source,
    vnet: str,
    zone: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    *,
    if_missing: bool = False,
) -> Plan:
    """Plan a new vnet in a zone; in every type of zone but a simple one it needs a tag."""
    found = objects.existing(source, ZONE, zone)
    if found is None:
        raise ZONE.missing(zone)
    form = gathered(VNET.keys, {"zone": zone, **options}, pairs)
    kind = text(found, "type")
    if kind != "simple" and "tag" not in form:
        raise UsageError(f"zone {zone} is of type {kind}, so a vnet in it needs a tag", hint="add --tag NUMBER")
    return objects.create(source, VNET, checked_id(vnet), form, if_missing=if_missing, notes=(STAGED,))


def set_vnet(
    source: Source, vnet: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a vnet."""
    return _set(source, VNET, vnet, options, pairs, deletes)


def create_subnet(
    source: Source,
    vnet: str,
    cidr: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    *,
    if_missing: bool = False,
) -> Plan:
    """Plan a new subnet of a vnet, named by its network."""
    zone = _zone_of(source, vnet)
    try:
        network = ip_network(cidr)
    except ValueError as error:
        raise UsageError(f"{cidr!r} is no network", hint="such as 10.50.0.0/24; the bits of hosts are 0") from error
    form = gathered(_SUBNET, options, pairs)
    ident = f"{zone}-{network.network_address}-{network.prefixlen}"
    target = Target("subnet", ident)
    noun = subnet_noun(vnet)
    if objects.existing(source, noun, ident) is not None:
        if if_missing:
            return Plan("create", (Keep(target, "it exists already"),))
        raise AlreadyExists(f"vnet {vnet} has a subnet {cidr} already", hint="pmpc sdn subnet list")
    undo = Undo((Send(Call("DELETE", noun.path(ident)), target, "remove", f"delete subnet {ident}"),))
    send = Send(
        Call("POST", noun.collection, {"subnet": str(network), "type": "subnet", **form}),
        target,
        "network",
        f"create subnet {cidr} of vnet {vnet}",
        watch=noun.path(ident),
        undo=undo,
    )
    probe = Probe("the subnet exists", objects.is_there(noun, ident), target, 5.0)
    return Plan("create", (send, probe), notes=(STAGED,))


def set_subnet(
    source: Source, subnet: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a subnet, named as the list names it."""
    return _set(source, subnet_noun(vnet_of(source, subnet)), subnet, options, pairs, deletes)


def delete_objects(source: Source, noun: Noun, names: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete zones or vnets; PVE refuses it for what is still used."""
    return objects.delete(source, noun, names, ignore_missing=ignore_missing, notes=(STAGED,))


def delete_subnet(source: Source, subnet: str, *, ignore_missing: bool = False) -> Plan:
    """Plan to delete a subnet."""
    try:
        vnet = vnet_of(source, subnet)
    except NotFound:
        if not ignore_missing:
            raise
        return Plan("delete", (Keep(Target("subnet", subnet), "there is none"),))
    why = "create it again: pmpc sdn subnet create"
    return objects.delete(source, subnet_noun(vnet), [subnet], why_not=why, notes=(STAGED,))


def apply(source: Source, doors: Mapping[str, Source] | None = None, protected: Sequence[str] = ()) -> Plan:
    """Plan to put into effect on all nodes what is staged: the difference is notes, the way back a warning.

    ``doors`` are the workspace's endpoints, each by itself; ``protected`` is safety.protected. It is critical where a
    change of what runs touches the management, or guests that are protected.
    """
    changes = pending_changes(source)
    hosts = frozenset(host for url in doors or {} if (host := urlsplit(url).hostname))
    target = Target("sdn", "cluster")
    commands = undo_commands(changes)
    send = Send(
        Call("PUT", "/cluster/sdn"),
        target,
        "network",
        "apply the SDN configuration on every node",
        reach(source, changes, protected, hosts),
        undo=Undo(why_not="the API cannot go back: " + "; ".join(commands)),
    )
    probes = (Probe("every zone is available", _available, target, 60.0), *endpoint_probes(doors or {}, target))
    notes = tuple(line for change in changes for line in change.lines)
    console = "at the console of a node that lost its network: rm /etc/network/interfaces.d/sdn && ifreload --all"
    told = Warn("sdn_undo", f"to undo it ({console}):", "\n".join(commands), {"commands": [*commands]})
    return Plan(
        "apply",
        (send, *probes),
        notes=notes or ("nothing is staged; it is written out again",),
        warnings=(told,) if changes else (),
    )


def _available(source: Source, _known: Known) -> str | None:
    rows = as_rows(source.read("/cluster/resources", {"type": "sdn"}), "/cluster/resources")
    bad = [f"{text(row, 'sdn')} on {text(row, 'node')}" for row in rows if text(row, "status") == "error"]
    return f"in error: {', '.join(bad)}" if bad else None


def subnet_noun(vnet: str) -> Noun:
    """Return what is to be known of the subnets of a vnet."""
    path = api_path("cluster", "sdn", "vnets", vnet, "subnets")
    return Noun("subnet", path, "subnet", _SUBNET, "pmpc sdn subnet list", add="network", change="network")


def vnet_of(source: Source, subnet: str) -> str:
    """Return the vnet that a subnet belongs to; raises NotFound."""
    for vnet in (text(row, "vnet") or "" for row in as_rows(source.read(VNET.collection), "the vnets")):
        rows = as_rows(source.read(subnet_noun(vnet).collection), "the subnets")
        if any(text(row, "subnet") == subnet for row in rows):
            return vnet
    raise NotFound(f"there is no subnet {subnet!r}", hint="pmpc sdn subnet list")


def checked_id(name: str) -> str:
    """Return the id of a zone or vnet; raises UsageError."""
    if _ID.fullmatch(name) is None:
        raise UsageError(f"{name[:60]!r} cannot be used", hint="two to eight letters and digits, a letter first")
    return name


def _zone_of(source: Source, vnet: str) -> str:
    found = objects.existing(source, VNET, vnet)
    if found is None:
        raise VNET.missing(vnet)
    return text(found, "zone") or ""


def _set(
    source: Source,
    noun: Noun,
    ident: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    deletes: Sequence[str],
) -> Plan:
    form = gathered(noun.keys, options, pairs, creating=False)
    gone = checked_deletes(noun.keys, deletes, form)
    if not form and not gone:
        raise UsageError("there is nothing to change", hint="--set KEY=VALUE, --delete KEY")
    return objects.change(source, noun, ident, form, gone, notes=(STAGED,))
