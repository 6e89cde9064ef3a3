"""Taking an applied network change back through another node, when the node itself was cut off.

PVE keeps nothing of the configuration that an apply replaces. What was there stands in the difference that it showed
before: it is read back into settings, staged again and applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from proxmox_mpc.domain.call import Call, FormValue
from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.plan import Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import api_path
from proxmox_mpc.errors import Conflict

_IFACE = re.compile(r"iface\s+(\S+)\s+(inet6?)\s+(\S+)")
_AUTO = re.compile(r"(?:auto|allow-\S+)\s+(.+)")
# Options of /etc/network/interfaces by the API's names (PVE/INotify.pm).
_NAMES = {
    "address": "address", "netmask": "netmask", "gateway": "gateway", "mtu": "mtu", "comments": "comments",
    "bridge-ports": "bridge_ports", "bridge-vids": "bridge_vids", "bridge-vlan-aware": "bridge_vlan_aware",
    "bond-slaves": "slaves", "slaves": "slaves", "bond-mode": "bond_mode", "bond-primary": "bond-primary",
    "bond-xmit-hash-policy": "bond_xmit_hash_policy", "vlan-id": "vlan-id", "vlan-raw-device": "vlan-raw-device",
    "ovs-ports": "ovs_ports", "ovs-bonds": "ovs_bonds", "ovs-bridge": "ovs_bridge", "ovs-tag": "ovs_tag",
    "ovs-options": "ovs_options", "ovs-mtu": "mtu",
}  # fmt: skip
_PER_FAMILY = frozenset({"address", "netmask", "gateway", "comments"})
_MADE_BY_PVE = frozenset({"bridge-stp", "bridge-fd", "bond-miimon", "ovs-type"})
NO_WAY_BACK = Undo(why_not="it is itself the way back")


@dataclass
class _Edit:
    """What a difference changes of one interface: settings as they were and as they are, by the API's names."""

    old: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    gone: bool = False
    came: bool = False


def take_back(node: str, changes: str, rows: Iterable[JsonObject], facts: Facts, probes: Iterable[Probe]) -> Plan:
    """Return the plan that stages what was there before a difference was applied, and applies it.

    ``rows`` are the interfaces as they were going to be. Raises Conflict where the difference does not tell all.
    """
    target, path = Target("network", node, None, node), api_path("nodes", node, "network")
    known = {text(row, "iface") or "": row for row in rows}
    steps = [
        Send(call, target, "network", says, facts, undo=NO_WAY_BACK)
        for name, edit in _edits(changes, known).items()
        for call, says in _calls(node, name, edit, known.get(name))
    ]
    put = Send(Call("PUT", path), target, "network", f"apply what was there before on {node}", facts, undo=NO_WAY_BACK)
    return Plan("apply", (*steps, put, *probes), notes=(f"{node} was cut off: what was there before is put back",))


def _edits(changes: str, known: Mapping[str, JsonObject]) -> dict[str, _Edit]:
    """Read a unified difference of /etc/network/interfaces; ``known`` are the interfaces as they will be, by name."""
    found: dict[str, _Edit] = {}
    iface: tuple[str, str] | None = None
    lines = changes.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("@@"):
            iface = _begun_before(lines[at + 1 :], known)
        if line.startswith(("---", "+++", "@@")) or not line[1:].strip():
            continue
        sign, body = line[0], line[1:].strip()
        if match := _AUTO.fullmatch(body):
            for name in match[1].split() if sign != " " else ():
                edit = found.setdefault(name, _Edit())
                (edit.old if sign == "-" else edit.new)["autostart"] = "1"
        elif match := _IFACE.fullmatch(body):
            iface = (match[1], match[2])
            if sign != " ":
                edit = found.setdefault(match[1], _Edit())
                edit.gone, edit.came = edit.gone or sign == "-", edit.came or sign == "+"
        elif sign != " ":
            _note(found, iface, sign, body)
    return found


def _begun_before(hunk: Iterable[str], known: Mapping[str, JsonObject]) -> tuple[str, str] | None:
    """Return the interface in whose middle a piece of the difference begins: the one that holds what is shown of it."""
    shown: list[tuple[str, str]] = []
    for line in hunk:
        body = line[1:].strip()
        if not body or line.startswith("@@") or _AUTO.fullmatch(body) or _IFACE.fullmatch(body):
            break
        if line[0] == " " and not body.startswith("#"):
            option, _, value = body.partition(" ")
            shown.append((_NAMES.get(option, option.replace("-", "_")), value.strip()))
    fits = [name for name, row in known.items() if all((text(row, key) or "").strip() == v for key, v in shown)]
    return (fits[0], "inet") if shown and len(fits) == 1 else None


def _note(found: dict[str, _Edit], iface: tuple[str, str] | None, sign: str, body: str) -> None:
    if iface is None:
        raise Conflict(f"the difference does not say to which interface this line belongs: {body}")
    written, _, value = ("comments", "", body[1:]) if body.startswith("#") else body.partition(" ")
    option = written.replace("_", "-")
    if option in _MADE_BY_PVE:
        return
    if option not in _NAMES:
        raise Conflict(f"the API cannot set this line of {iface[0]}: {body}")
    key = _NAMES[option] + ("6" if iface[1] == "inet6" and option in _PER_FAMILY else "")
    edit = found.setdefault(iface[0], _Edit())
    (edit.old if sign == "-" else edit.new)[key] = value.strip()


def _calls(node: str, name: str, edit: _Edit, row: JsonObject | None) -> Iterator[tuple[Call, str]]:
    """Yield what stages an interface as it was."""
    path, own = api_path("nodes", node, "network"), api_path("nodes", node, "network", name)
    if edit.came and not edit.gone and row is not None and text(row, "type") != "eth":
        yield Call("DELETE", own), f"stage the removal of {name}"
        return
    form = _settings(edit.old, row or {})
    if row is None:
        kind = _type_of(name, edit.old)
        yield Call("POST", path, {"iface": name, "type": kind, **form}), f"stage {name} as it was"
        return
    new = _settings(edit.new, row)
    away = [key for key in new if key not in form]
    if away:
        form["delete"] = ",".join(away)
    if form:
        yield Call("PUT", own, {"type": text(row, "type") or "", **form}), f"stage {name} as it was"


def _settings(found: Mapping[str, str], row: JsonObject) -> dict[str, FormValue]:
    """Return settings as the API takes them: an address with its prefix, switches as numbers."""
    form: dict[str, FormValue] = {}
    for key, value in found.items():
        if key in ("netmask", "netmask6"):
            continue
        if key in ("address", "address6"):
            family = key.removeprefix("address")
            mask = found.get(f"netmask{family}") or text(row, f"netmask{family}") or ("64" if family else "24")
            form[f"cidr{family}"] = value if "/" in value else f"{value}/{mask}"
        elif key == "bridge_vlan_aware":
            form[key] = int(value.lower() in ("1", "yes", "on", "true"))
        elif key == "autostart":
            form[key] = 1
        else:
            form[key] = value
    return form


def _type_of(name: str, old: Mapping[str, str]) -> str:
    if "bridge_ports" in old:
        return "bridge"
    if "slaves" in old:
        return "bond"
    if "vlan-raw-device" in old or "." in name:
        return "vlan"
    raise Conflict(f"the difference does not say of which type {name} was")
