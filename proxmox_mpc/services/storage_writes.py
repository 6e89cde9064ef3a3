"""Defining storages, fetching files onto them, and changing or deleting volumes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect, Facts
from proxmox_mpc.domain.source import Query, Source, api_path
from proxmox_mpc.errors import Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, matched, read_keys
from proxmox_mpc.services.storages import content_kinds, places, read_content

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
FETCHED = ("iso", "vztmpl", "import")
ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~-]{0,254}")
_ENDINGS = {
    "iso": (".iso", ".img"),
    "vztmpl": (".tar.gz", ".tar.xz", ".tar.zst", ".tgz"),
    "import": (".qcow2", ".raw", ".vmdk", ".ova", ".ovf"),
}


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


def download(
    source: Source,
    storage: str,
    url: str,
    content: str,
    *,
    node: str | None = None,
    filename: str | None = None,
    checksum: str | None = None,
    verify: bool = True,
    if_missing: bool = False,
) -> Plan:
    """Plan that a node fetches a file from a URL; a checksum is checked by the node before the file is kept."""
    matched("url", "URL", url)
    name = checked_file(filename or urlsplit(url).path.rpartition("/")[2], content)
    on = place_for(source, storage, content, node)
    volid = f"{storage}:{content}/{name}"
    target = Target("volume", volid, None, on)
    if _volume(source, on, storage, volid) is not None:
        if if_missing:
            return Plan("download", (Keep(target, "it is there already"),))
        raise Conflict(f"{volid} is there already", hint="--if-missing leaves it as it is")
    form: dict[str, FormValue] = {"url": url, "content": content, "filename": name}
    form |= checked_sum(checksum)
    if not verify:
        form["verify-certificates"] = False
    path = api_path("nodes", on, "storage", storage)
    notes = () if checksum else ("no --checksum: nobody checks that the file is the one that was meant",)
    undo = Undo((Send(Call("DELETE", f"{path}/content" + api_path(volid)), target, "disk_delete", f"delete {volid}"),))
    send = Send(
        Call("POST", f"{path}/download-url", form), target, "transfer", f"fetch {name} onto {storage} ({on})", undo=undo
    )
    return Plan(
        "download", (send, Probe(f"{volid} is there", volume_is(on, storage, volid), target, 30.0)), notes=notes
    )


def set_volume(
    source: Source, volid: str, *, notes: str | None = None, protected: bool | None = None, node: str | None = None
) -> Plan:
    """Plan other notes of a volume, or its protection (backups)."""
    if notes is None and protected is None:
        raise UsageError("there is nothing to change", hint="--notes TEXT, --protect, --no-protect")
    on, storage, row = find_volume(source, volid, node)
    path = api_path("nodes", on, "storage", storage, "content", volid)
    now: JsonObject = {"notes": (text(row, "notes") or "").rstrip("\n"), "protected": int(boolean(row, "protected"))}
    asked: dict[str, FormValue] = {}
    if notes is not None and notes != now["notes"]:
        asked["notes"] = notes
    if protected is not None and int(protected) != now["protected"]:
        asked["protected"] = int(protected)
    target = Target("volume", volid, None, on)
    if not asked:
        return Plan("set", (Keep(target, "it is so already"),))
    before: JsonObject = {key: text(row, "notes") or None if key == "notes" else now[key] for key in asked}
    back: dict[str, FormValue] = {"notes": str(now["notes"])} if "notes" in asked else {}
    back |= {"protected": int(boolean(row, "protected"))} if "protected" in asked else {}
    undo = Undo((Send(Call("PUT", path, back), target, "config", f"put {volid} back as it was"),))
    send = Send(
        Call("PUT", path, asked),
        target,
        "config",
        f"change {', '.join(asked)} of {volid}",
        before=before,
        watch=path,
        undo=undo,
    )

    def check(source: Source, _known: Known) -> str | None:
        seen = _volume(source, on, storage, volid) or {}
        good = protected is None or boolean(seen, "protected") == protected
        return None if good and (notes is None or (text(seen, "notes") or "").rstrip("\n") == notes) else "not so yet"

    return Plan("set", (send, Probe("it reads so", check, target, 5.0)))


def delete_volumes(
    source: Source, volids: Sequence[str], *, node: str | None = None, ignore_missing: bool = False
) -> Plan:
    """Plan to delete volumes; one that a guest's configuration names is not deleted here, and nothing comes back."""
    steps: list[Step] = []
    for volid in dict.fromkeys(volids):
        try:
            on, storage, row = find_volume(source, volid, node)
        except NotFound:
            if not ignore_missing:
                raise
            steps.append(Keep(Target("volume", volid), "there is none"))
            continue
        _not_in_use(source, volid, row)
        target = Target("volume", volid, None, on)
        path = api_path("nodes", on, "storage", storage, "content", volid)
        steps.append(
            Send(
                Call("DELETE", path),
                target,
                _effect(row),
                f"delete {volid}",
                Facts(protection=boolean(row, "protected")),
                before=row,
                undo=Undo(why_not="a deleted volume does not come back"),
            )
        )
        steps.append(Probe(f"{volid} is gone", volume_is(on, storage, volid, there=False), target, 30.0))
    return Plan("delete", tuple(steps), many=len(volids) > 1)


def _effect(row: JsonObject) -> Effect:
    content = text(row, "content")
    if content in ("images", "rootdir"):
        return "disk_delete"
    return "backup_delete" if content == "backup" else "remove"


def _not_in_use(source: Source, volid: str, row: JsonObject) -> None:
    if text(row, "content") not in ("images", "rootdir"):
        return
    owner = integer(row, "vmid")
    guest = next((one for one in inventory(source).guests if one.vmid == owner), None)
    if guest is None:
        return
    config = as_object(source.read(guest.path("config")), "the configuration")
    keys = [key for key, value in config.items() if str(value).partition(",")[0] == volid]
    if keys:
        raise Conflict(
            f"{volid} is {keys[0]} of {guest.label}",
            hint=f"pmpc {guest.kind} disk remove {guest.vmid} {keys[0]}",
            details={"guest": guest.vmid, "key": keys[0]},
        )


def find_volume(source: Source, volid: str, node: str | None = None) -> tuple[str, str, JsonObject]:
    """Return the node, the storage and the row of a volume; raises NotFound, UsageError where nodes have one each."""
    storage, colon, _ = volid.partition(":")
    if not colon:
        raise UsageError(f"{volid!r} is no volume", hint="STORAGE:NAME, as pmpc storage content STORAGE lists them")
    where = places(source, resources(source), storage, node)
    if not where.value:
        for warn in where.warnings:
            raise Conflict(warn.message, hint=warn.hint)
        raise NotFound(f"there is no storage {storage!r}", hint="pmpc storage list")
    rows = read_content(source, where.value).value
    found = [(place.node, storage, row) for place, row in rows if text(row, "volid") == volid]
    if not found:
        raise NotFound(f"there is no volume {volid!r}", hint=f"pmpc storage content {storage}")
    if len(found) > 1:
        nodes = ", ".join(on for on, _, _ in found)
        raise UsageError(f"{volid} is on several nodes: {nodes}", hint="say which: --on-node NODE")
    return found[0]


def place_for(source: Source, storage: str, content: str, node: str | None) -> str:
    """Return the node through which a storage is filled; raises where it does not take such content."""
    if content not in FETCHED:
        raise UsageError(f"--content: {content!r} is not one of {', '.join(FETCHED)}")
    rows = [row for row in resources(source) if row.get("type") == "storage" and text(row, "storage") == storage]
    if not rows:
        raise NotFound(f"there is no storage {storage!r}", hint="pmpc storage list")
    if content not in content_kinds(rows[0]):
        kinds = ", ".join(str(kind) for kind in content_kinds(rows[0]))
        hint = f"pmpc storage set {storage} --content {','.join([*map(str, content_kinds(rows[0])), content])}"
        raise UsageError(f"storage {storage} takes {kinds}, and not {content}", hint=hint)
    where = places(source, rows + [row for row in resources(source) if row.get("type") == "node"], storage, node).value
    if not where:
        raise NotFound(f"storage {storage} is not available on {node or 'any node'}", hint="pmpc storage list")
    if len(where) > 1:
        nodes = ", ".join(place.node for place in where)
        raise UsageError(f"each of {nodes} has a storage {storage} of its own", hint="say which: --on-node NODE")
    return where[0].node


def checked_file(name: str, content: str) -> str:
    """Return a file's name on a storage; raises UsageError for what PVE does not take."""
    if _FILE.fullmatch(name) is None:
        raise UsageError(f"{name[:80]!r} cannot be a file's name", hint="letters, digits and . _ + ~ -; say --filename")
    endings = _ENDINGS.get(content, ())
    if endings and not name.lower().endswith(endings):
        hint = f"a file for {content} ends in {', '.join(endings)}; say --filename"
        raise UsageError(f"{name!r} does not look like {content}", hint=hint)
    return name


def checked_sum(checksum: str | None) -> dict[str, FormValue]:
    """Return the parameters of a checksum, written ALGORITHM:HEX or HEX; raises UsageError."""
    if checksum is None:
        return {}
    algorithm, colon, digits = checksum.rpartition(":")
    digits = digits.lower()
    found = ALGORITHMS.get(len(digits)) if re.fullmatch(r"[0-9a-f]+", digits) else None
    if found is None or (colon and algorithm.lower() != found):
        raise UsageError(f"--checksum: {checksum[:40]!r} is none", hint="sha256:HEX, sha512:HEX … or only the digits")
    return {"checksum": digits, "checksum-algorithm": found}


def volume_is(node: str, storage: str, volid: str, *, there: bool = True) -> objects.Check:
    """Return the check that a volume is there, or gone."""

    def check(source: Source, _known: Known) -> str | None:
        try:
            found = _volume(source, node, storage, volid) is not None
        except PmpcError as error:
            return error.message
        return None if found == there else "it is not so yet"

    return check


def _volume(source: Source, node: str, storage: str, volid: str) -> JsonObject | None:
    rows = as_rows(source.read(api_path("nodes", node, "storage", storage, "content")), "content")
    return next((row for row in rows if text(row, "volid") == volid), None)


def _check_content(form: Mapping[str, FormValue]) -> None:
    for kind in str(form.get("content") or "").replace(";", ",").split(","):
        if kind and kind not in _KINDS:
            raise UsageError(f"--content: {kind!r} is not one of {', '.join(sorted(_KINDS))}")
