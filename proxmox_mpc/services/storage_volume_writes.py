"""Changing and deleting volumes."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect, Facts
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.storages import places, read_content


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
        seen = volume_at(source, on, storage, volid) or {}
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


def volume_is(node: str, storage: str, volid: str, *, there: bool = True) -> objects.Check:
    """Return the check that a volume is there, or gone."""

    def check(source: Source, _known: Known) -> str | None:
        try:
            found = volume_at(source, node, storage, volid) is not None
        except PmpcError as error:
            return error.message
        return None if found == there else "it is not so yet"

    return check


def volume_at(source: Source, node: str, storage: str, volid: str) -> JsonObject | None:
    rows = as_rows(source.read(api_path("nodes", node, "storage", storage, "content")), "content")
    return next((row for row in rows if text(row, "volid") == volid), None)
