"""Guests that belong to a Terraform state of the workspace: another tool writes them, and two would fight."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, integer, text
from proxmox_mpc.errors import Refused, StateError, UnexpectedAnswer
from proxmox_mpc.services.sync_compare import GUESTS, Merge

_GUESTS = frozenset(
    {
        "proxmox_virtual_environment_vm",
        "proxmox_virtual_environment_container",
        "proxmox_vm_qemu",
        "proxmox_lxc",
    }
)
"""The resources of the providers bpg/proxmox and telmate/proxmox that are guests."""


def owned(root: Path) -> dict[str, str]:
    """Return by vmid the address of every guest in the Terraform states below ``root``/terraform, and beside it.

    Raises StateError for a state that cannot be read: a guest might be in it.
    """
    states = sorted({*root.glob("*.tfstate"), *(root / "terraform").glob("**/*.tfstate")})
    return {vmid: address for state in states for vmid, address in _guests(state)}


def _guests(state: Path) -> Iterator[tuple[str, str]]:
    try:
        found: Json = json.loads(state.read_text())
        resources = as_rows(found.get("resources") or [], state.name) if isinstance(found, dict) else []
    except (OSError, ValueError, UnexpectedAnswer) as error:
        raise StateError(
            f"{state}: this Terraform state cannot be read, so nobody knows which guests it manages",
            hint="mend it, move it away, or say --force-owner",
        ) from error
    for resource in resources:
        if text(resource, "type") in _GUESTS and resource.get("mode") != "data":
            address = f"{text(resource, 'type')}.{text(resource, 'name')}"
            yield from _instances(resource, address)


def _instances(resource: JsonObject, address: str) -> Iterator[tuple[str, str]]:
    for instance in as_rows(resource.get("instances") or [], address):
        attributes = instance.get("attributes")
        if isinstance(attributes, Mapping):
            vmid = integer(dict(attributes), "vm_id") or integer(dict(attributes), "vmid")
            if vmid:
                yield str(vmid), address


def check_owner(merges: Iterable[Merge], root: Path) -> None:
    """Raise Refused where one of the guests is managed by Terraform."""
    addresses = owned(root)
    held = [one for one in merges if one.kind in GUESTS and one.ident in addresses]
    if held:
        named = ", ".join(f"{one.label}: {addresses[one.ident]}" for one in held[:5])
        raise Refused(
            f"Terraform manages {'it' if len(held) == 1 else f'{len(held)} of them'} ({named})",
            hint="change it there, drop its manifest (pmpc sync forget), or say --force-owner",
            details={"guests": [one.ident for one in held]},
        )
