"""Defining storages, changing them and taking them out of the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, read_keys

STORAGE = Noun(
    "storage", "/storage", "storage",
    read_keys("""
        authsupported text !
        base text !
        blocksize text
        bwlimit text
        comstar_hg text
        comstar_tg text
        content ~names *
        content-dirs text
        create-base-path bool
        create-subdirs bool
        data-pool ~name
        datastore text !
        disable bool
        domain text
        encryption-key text ?
        export ~path !
        fingerprint ~fingerprint
        format raw|qcow2|subvol|vmdk
        fs-name ~name
        fuse bool
        is_mountpoint text
        iscsiprovider text !
        keyring text ?
        krbd bool
        lio_tpg text
        master-pubkey text
        max-protected-backups int(-1..)
        mkdir bool
        monhost ~hosts
        mountpoint ~path
        namespace text
        nocow bool
        nodes ~names *
        nowritecache bool
        options text
        password text ?
        path ~path !
        pool text
        port int(1..65535)
        portal ~hosts !
        preallocation off|metadata|falloc|full
        prune-backups text
        saferemove bool
        saferemove-stepsize 1|2|4|8|16|32
        saferemove_throughput text
        server ~host
        share text !
        shared bool
        skip-cert-verification bool
        smbversion default|2.0|2.1|3|3.0|3.11
        snapshot-as-volume-chain bool
        sparse bool
        subdir ~path
        tagged_only bool
        target text !
        thinpool text !
        type btrfs|cephfs|cifs|dir|esxi|iscsi|iscsidirect|lvm|lvmthin|nfs|pbs|rbd|zfs|zfspool !
        username text
        vgname text !
        zfs-base-path ~path
    """),
    "pmpc storage list", add="create", remove="storage_delete",
)  # fmt: skip
# What each type cannot do without (pve-storage, PVE/Storage/*Plugin.pm).
NEEDED: Mapping[str, tuple[str, ...]] = {
    "btrfs": ("path",),
    "cifs": ("server", "share"),
    "dir": ("path",),
    "esxi": ("server", "username"),
    "iscsi": ("portal", "target"),
    "iscsidirect": ("portal", "target"),
    "lvm": ("vgname",),
    "lvmthin": ("thinpool", "vgname"),
    "nfs": ("server", "export"),
    "pbs": ("server", "datastore", "username"),
    "rbd": ("pool",),
    "zfs": ("pool", "portal", "target", "iscsiprovider"),
    "zfspool": ("pool",),
}
_KINDS = frozenset({"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none"})
_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]")


def create_storage(
    source: Source,
    storage: str,
    kind: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    *,
    password: Secret | None = None,
    if_missing: bool = False,
) -> Plan:
    """Plan a new storage; what its type needs is checked before anything is sent."""
    if _ID.fullmatch(storage) is None:
        hint = "two or more letters, digits and . _ -, a letter first"
        raise UsageError(f"{storage[:60]!r} cannot be a storage's name", hint=hint)
    form = gathered(STORAGE.keys, {"type": kind, **options, "password": password}, pairs)
    missing = [key for key in NEEDED.get(kind, ()) if key not in form]
    if missing:
        raise UsageError(f"a storage of type {kind} needs {', '.join(missing)}", hint=f"add --set {missing[0]}=…")
    _check_content(form)
    return objects.create(source, STORAGE, storage, form, if_missing=if_missing)


def set_storage(
    source: Source,
    storage: str,
    options: Mapping[str, Given],
    pairs: Sequence[str],
    deletes: Sequence[str],
    *,
    password: Secret | None = None,
) -> Plan:
    """Plan other settings of a storage."""
    form = gathered(STORAGE.keys, {**options, "password": password}, pairs, creating=False)
    gone = checked_deletes(STORAGE.keys, deletes, form)
    if not form and not gone:
        raise UsageError("there is nothing to change", hint="--content iso,backup, --set KEY=VALUE, --delete KEY")
    _check_content(form)
    return objects.change(source, STORAGE, storage, form, gone)


def delete_storages(source: Source, storages: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to take storages out of the configuration: what lies on them stays there, but no guest finds it any more."""
    notes = ["only the definition is deleted; what lies on the storage stays there, unseen"]
    for storage in storages:
        notes += [f"{label} has disks on {storage}" for label in _users(source, storage)]
    return objects.delete(source, STORAGE, storages, ignore_missing=ignore_missing, notes=tuple(notes))


def _users(source: Source, storage: str) -> list[str]:
    """Return the guests whose configuration names a storage, as far as it can be read."""
    guests = inventory(source).guests
    answers = source.read_many([Query(guest.path("config")) for guest in guests])
    found = []
    for guest, config in zip(guests, answers, strict=True):
        if isinstance(config, dict) and any(str(value).startswith(f"{storage}:") for value in config.values()):
            found.append(guest.label)
    return found


def _check_content(form: Mapping[str, FormValue]) -> None:
    for kind in str(form.get("content") or "").replace(";", ",").split(","):
        if kind and kind not in _KINDS:
            raise UsageError(f"--content: {kind!r} is not one of {', '.join(sorted(_KINDS))}")
