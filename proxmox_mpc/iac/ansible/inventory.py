"""A dynamic inventory: hosts are guests, groups are their kind, node, pool, tags, OS and state.

The form is that of Ansible's executable inventory scripts: ``--list`` with ``_meta.hostvars``, ``--host NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_interface

from proxmox_mpc.domain.guest_config import ip_configs, nics
from proxmox_mpc.domain.json import Json, JsonObject, text
from proxmox_mpc.iac.estate import Estate, Guest
from proxmox_mpc.iac.names import slug

_OS = {"l24": "linux", "l26": "linux", "solaris": "solaris", "other": "other", "unmanaged": "other"}
_UNSAFE = re.compile(r"[\s,\[\]]+")


def inventory(estate: Estate) -> JsonObject:
    """Return what ``--list`` prints; templates are no hosts."""
    hosts = named(guest for guest in estate.guests if not guest.template)
    groups: dict[str, list[Json]] = {}
    for name, guest in hosts.items():
        for group in groups_of(guest):
            groups.setdefault(group, []).append(name)
    made: JsonObject = {group: {"hosts": groups[group]} for group in sorted(groups)}
    return {"_meta": {"hostvars": {name: host_vars(guest) for name, guest in hosts.items()}}, **made}


def named(guests: Iterable[Guest]) -> dict[str, Guest]:
    """Return guests by the name under which the inventory has them: their own, with the vmid where two share it."""
    found = [*guests]
    names = [_plain(guest) for guest in found]
    return {
        name if names.count(name) == 1 else f"{name}-{guest.vmid}": guest
        for name, guest in zip(names, found, strict=True)
    }


def _plain(guest: Guest) -> str:
    return _UNSAFE.sub("-", guest.name or "").strip("-") or f"{guest.kind}-{guest.vmid}"


def groups_of(guest: Guest) -> list[str]:
    """Return the groups that a guest is in, all with names that Ansible takes without a warning."""
    found = [guest.kind, f"node_{slug(guest.node)}", f"status_{slug(guest.status)}", f"os_{system(guest)}"]
    found += [f"pool_{slug(guest.pool)}"] if guest.pool else []
    return [*found, *(f"tag_{slug(tag)}" for tag in guest.tags)]


def system(guest: Guest) -> str:
    """Return the family of its operating system, as its configuration says it."""
    sort = text(guest.config, "ostype") or "other"
    if guest.kind == "ct":
        return slug(sort)
    return _OS.get(sort, "windows" if sort.startswith("w") else "other")


def host_vars(guest: Guest) -> JsonObject:
    """Return a host's variables; ``ansible_host`` is its first static address, where one is configured."""
    addresses: list[Json] = [*addresses_of(guest)]
    found: JsonObject = {
        "pve_vmid": guest.vmid,
        "pve_type": guest.kind,
        "pve_node": guest.node,
        "pve_status": guest.status,
        "pve_pool": guest.pool,
        "pve_tags": [*guest.tags],
        "pve_addresses": addresses,
    }
    user = text(guest.config, "ciuser")
    first: JsonObject = {"ansible_host": addresses[0]} if addresses else {}
    return {**first, **({"ansible_user": user} if user else {}), **found}


def addresses_of(guest: Guest) -> Iterator[str]:
    """Yield the static addresses of a guest: a container's own, those that cloud-init gives a VM."""
    rows = nics(guest.config) if guest.kind == "ct" else ip_configs(guest.config)
    for key in ("ip", "ip6"):
        for row in rows:
            value = row.get(key)
            if isinstance(value, str) and "/" in value:
                try:
                    yield str(ip_interface(value).ip)
                except ValueError:
                    continue
