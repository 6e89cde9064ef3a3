"""Which changes of a firewall can shut the management out, and how to get back in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.services.firewall import Level


def closes(level: Level, form: Mapping[str, FormValue], gone: Sequence[str]) -> bool:
    """Whether a change of options can shut the management out: the firewall on, or incoming traffic dropped."""
    on = str(form.get("enable", "")) not in ("", "0") or (level.kind == "node" and "enable" in gone)
    return on or form.get("policy_in") in ("DROP", "REJECT") or "policy_in" in gone


def way_back(level: Level) -> tuple[str, ...]:
    where = "/etc/pve/firewall/cluster.fw" if level.kind == "cluster" else f"/etc/pve/nodes/{level.name}/host.fw"
    return (
        "should nothing answer afterwards, at the console of a node:",
        "    pve-firewall stop",
        f"    then set enable: 0 in {where}, and: pve-firewall start",
    )


def cuts(level: Level, form: Mapping[str, FormValue]) -> tuple[str, ...]:
    """Say how to get back in, where a rule of cluster or node that drops could shut the management out."""
    drops = form.get("action") in ("DROP", "REJECT") and form.get("type") != "forward"
    return way_back(level) if drops and level.kind in ("cluster", "node") else ()
