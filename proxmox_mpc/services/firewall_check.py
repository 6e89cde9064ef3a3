"""What the firewall really does for a guest: which switches are on, and which rules decide, in their order."""

from __future__ import annotations

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.property_string import Nic
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Query, Reading, Source, Warn, api_path
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.firewall import rule_row
from proxmox_mpc.services.reads import Notes

_RULE = (
    Field("order", "integer", "in which order they are tried", title="#"),
    Field("from", "string", "where the rule stands: the guest, or a security group"),
    Field("type", "string", "in or out"),
    Field("action", "string", "ACCEPT, DROP or REJECT"),
    Field("macro", "string?", "the service"),
    Field("proto", "string?", "protocol"),
    Field("source", "string?", "where from"),
    Field("dest", "string?", "where to"),
    Field("dport", "string?", "destination ports"),
    Field("iface", "string?", "interface", level="wide"),
)
CHECK_PAGE = item(
    Field("id", "integer", "the guest's id"),
    Field("name", "string?", "its name"),
    Field("node", "string", "the node it is on"),
    Field("filtered", "boolean", "whether anything is filtered at all"),
    Field("why_not", "list", "what is off, so that nothing or not everything is filtered"),
    Field("cluster", "boolean", "whether the cluster's firewall is on"),
    Field("host", "boolean", "whether the node's firewall is on; it guards the node, not the guest"),
    Field("guest", "boolean", "whether the guest's firewall is on"),
    Field(
        "nics",
        "rows",
        "its network cards",
        fields=(
            Field("nic", "string", "the card"),
            Field("bridge", "string?", "the bridge or vnet"),
            Field("firewall", "boolean", "whether its traffic is filtered"),
            Field("filtered", "boolean", "whether that is so in effect"),
        ),
    ),
    Field("policy_in", "string", "what happens to incoming traffic that no rule matches"),
    Field("policy_out", "string", "what happens to outgoing traffic that no rule matches"),
    Field("rules", "rows", "the rules that count, in the order in which they are tried", fields=_RULE),
    doc="The firewall of one guest, in effect.",
)


def check(source: Source, guest: GuestRef) -> Reading[JsonObject]:
    """Return what the firewall does for a guest; switches that are off are told, and so are rules without effect."""
    base = guest.path("firewall")
    host = api_path("nodes", guest.node, "firewall", "options")
    queries = ("/cluster/firewall/options", f"{base}/options", f"{base}/rules", guest.path("config"), host)
    cluster, options, rules, config, node = source.read_many([Query(path) for path in queries])
    for answer in (cluster, options, rules, config):
        if isinstance(answer, PmpcError):
            raise answer
    notes = Notes()
    if isinstance(node, PmpcError):
        notes.failed(f"the firewall options of node {guest.node}", node)
    mine = as_object(_value(options), "the firewall options")
    on = boolean(as_object(_value(cluster), "the firewall options"), "enable")
    guest_on = boolean(mine, "enable")
    nics = _nics(as_object(_value(config), "the configuration"), on and guest_on)
    why_not: list[Json] = []
    if not on:
        why_not.append("the cluster's firewall is off: pmpc firewall set --enable")
    if not guest_on:
        why_not.append(f"the guest's firewall is off: pmpc firewall set --enable --guest {guest.vmid}")
    open_nics = [str(nic["nic"]) for nic in nics if not nic["firewall"]]
    why_not += [
        f"{name} has firewall=0: pmpc {guest.kind} nic set {guest.vmid} {name} firewall=1" for name in open_nics
    ]
    page: JsonObject = {
        "id": guest.vmid,
        "name": guest.name,
        "node": guest.node,
        "filtered": any(boolean(nic, "filtered") for nic in nics),
        "why_not": why_not,
        "cluster": on,
        "host": not isinstance(node, PmpcError) and boolean(as_object(node, "the options"), "enable", True),
        "guest": guest_on,
        "nics": [*nics],
        "policy_in": text(mine, "policy_in") or "DROP",
        "policy_out": text(mine, "policy_out") or "ACCEPT",
        "rules": [*_effective(source, as_rows(_value(rules), "the rules"), guest, notes)],
    }
    return Reading(page, *notes.values())


def _value(answer: Json | PmpcError) -> Json:
    assert not isinstance(answer, PmpcError)
    return answer


def _nics(config: JsonObject, on: bool) -> list[JsonObject]:
    made: list[JsonObject] = []
    for key in sorted(config):
        if not (key.startswith("net") and key[3:].isdigit()):
            continue
        nic = Nic.parse(text(config, key) or "")
        made.append({"nic": key, "bridge": nic.bridge, "firewall": nic.firewall, "filtered": on and nic.firewall})
    return made


def _effective(source: Source, rules: list[JsonObject], guest: GuestRef, notes: Notes) -> list[JsonObject]:
    """Return the rules that are on, security groups replaced by their rules."""
    made: list[JsonObject] = []
    label = f"{guest.kind} {guest.vmid}"
    for row in sorted(rules, key=lambda row: integer(row, "pos") or 0):
        if not boolean(row, "enable"):
            continue
        if text(row, "type") != "group":
            made.append(_shown(row, label, text(row, "iface")))
            continue
        name = text(row, "action") or ""
        try:
            inner = as_rows(source.read(api_path("cluster", "firewall", "groups", name)), "the rules")
        except PmpcError as error:
            notes.add(Warn(error.code, f"the rules of security group {name} could not be read: {error.message}"))
            continue
        ordered = sorted(inner, key=lambda one: integer(one, "pos") or 0)
        made += [_shown(one, f"group {name}", text(row, "iface")) for one in ordered if boolean(one, "enable")]
    return [{"order": number, **row} for number, row in enumerate(made)]


def _shown(row: JsonObject, where: str, iface: str | None) -> JsonObject:
    known = rule_row(row)
    keys = ("type", "action", "macro", "proto", "source", "dest", "dport")
    return {"from": where, **{key: known[key] for key in keys}, "iface": text(row, "iface") or iface}
