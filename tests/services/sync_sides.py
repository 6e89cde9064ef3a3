"""The three sides of an object, made by hand: declared, live, agreed."""

from __future__ import annotations

from collections.abc import Mapping

from proxmox_mpc.declared.base import BaseEntry
from proxmox_mpc.declared.manifest import Resolved
from proxmox_mpc.declared.reading import read_manifest
from proxmox_mpc.declared.resolve import Resolver
from proxmox_mpc.errors import ManifestError
from proxmox_mpc.services.sync_compare import Merge, compare
from proxmox_mpc.services.sync_kinds import LiveObject
from proxmox_mpc.services.sync_session import sync_kinds

ME = "qemu uuid=11111111-1111-4111-8111-111111111111"
YOU = "qemu uuid=22222222-2222-4222-8222-222222222222"
KINDS = sync_kinds()


def declared(ident: str = "101", kind: str = "vm", track: str = "", **keys: object) -> Resolved:
    """A manifest."""
    text = "".join(f"{key}: {value}\n" for key, value in keys.items()) + (f"track: [{track}]\n" if track else "")
    errors: list[ManifestError] = []
    manifest = read_manifest(text, f"{kind}/{ident}-x.yml", kind, ident)
    found = Resolver(lambda path: None).resolve(manifest, errors)
    assert found is not None, errors
    return found


def live(
    ident: str = "101", kind: str = "vm", identity: str | None = ME, *, stale: bool = False, **keys: str
) -> LiveObject:
    """An object on the cluster."""
    row = {"vmid": int(ident) if ident.isdecimal() else ident, "node": "pve1", "status": "stopped"}
    return LiveObject(kind, ident, keys.get("name"), keys, identity, stale, {**row}, {**keys})


def agreed(identity: str | None = ME, **keys: str | None) -> BaseEntry:
    """What both sides agreed on."""
    return BaseEntry(identity, keys)


def merged(
    resolved: Resolved | None = None,
    there: LiveObject | None = None,
    base: BaseEntry | None = None,
    *others: LiveObject,
    ident: tuple[str, str] = ("vm", "101"),
) -> Merge:
    """The merge of one object."""
    lives = {(one.kind, one.ident): one for one in (*([there] if there else []), *others)}
    bases: Mapping[tuple[str, str], BaseEntry] = {ident: base} if base is not None else {}
    (found,) = compare({ident: resolved} if resolved is not None else {}, bases, lives, KINDS)
    return found
