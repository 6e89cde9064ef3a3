"""The guests of a pull: their rows, configurations, pending changes and snapshots.

One request a guest: a VM's ``pending`` list holds its configuration, what is pending for it and PVE's digest. A digest
that is as recorded means that the whole file is, snapshots included, so nothing more is read. A container's ``config``
is read for the raw ``lxc.*`` lines that ``pending`` leaves out; its ``pending`` only when the digest is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxmox_mpc.domain.identity import identity, same_individual
from proxmox_mpc.domain.json import Json, JsonObject, as_rows, integer, text
from proxmox_mpc.domain.property_string import Disk, Nic
from proxmox_mpc.domain.source import Query, api_path
from proxmox_mpc.errors import PermissionDenied, PmpcError
from proxmox_mpc.services.pull_reader import Pulling
from proxmox_mpc.state.history import ConfigMark, config_marks, last_answers
from proxmox_mpc.state.kinds import Cell

_DIGITS = "0123456789"
_DISKS = frozenset(("rootfs", "scsi", "virtio", "sata", "ide", "mp", "efidisk", "tpmstate", "unused"))


@dataclass(slots=True)
class _Fresh:
    """What a changed configuration makes necessary to read."""

    snapshots: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    unreadable: list[PmpcError] = field(default_factory=list)


def pull_guests(pulling: Pulling) -> None:
    """Read all guests, and the configurations of those whose node answers."""
    rows = {str(row["vmid"]): row for row in pulling.resources if row.get("type") in ("qemu", "lxc") and "vmid" in row}
    marks = config_marks(pulling.store)
    _configurations(pulling, rows, marks)
    _rows(pulling, rows)
    missing = pulling.vanished("guest")
    homes = _homes(pulling, missing)
    pulling.settle("guest", {key for key in missing if pulling.node in (None, homes.get(key))}, home=homes.get)
    pulling.gone_guests = pulling.found("guest").gone
    for kind in ("config", "pending"):
        pulling.found(kind).gone |= pulling.gone_guests
    snapshots = pulling.found("snapshot")
    snapshots.gone |= {key for key in pulling.recorded("snapshot") if key.partition("/")[0] in pulling.gone_guests}
    pulling.covered("guest")


def _rows(pulling: Pulling, rows: dict[str, JsonObject]) -> None:
    """Keep the rows; where a status is unknown, what was known stays, and the guest is stale."""
    findings = pulling.found("guest")
    replaced = {made.key for made in pulling.found("config").seen if made.replaced}
    unknown = [key for key, row in rows.items() if row.get("status") in (None, "unknown")]
    before = last_answers(pulling.store, "guest", unknown)
    for key, row in rows.items():
        kept = row
        if key in before and key not in replaced:
            fresh = {name: value for name, value in row.items() if value is not None and name != "status"}
            kept = {**before[key], **fresh}
        pulling.see("guest", key, kept).replaced = key in replaced
        if row.get("status") in (None, "unknown") or row.get("node") not in pulling.online:
            findings.stale.add(key)


def _homes(pulling: Pulling, keys: Iterable[str]) -> dict[str, str]:
    known = last_answers(pulling.store, "guest", keys)
    return {key: node for key, row in known.items() if (node := text(row, "node")) is not None}


def _configurations(pulling: Pulling, rows: dict[str, JsonObject], marks: dict[str, ConfigMark]) -> None:
    targets = [
        (key, row)
        for key, row in rows.items()
        if row.get("node") in pulling.online and pulling.node in (None, row.get("node"))
    ]
    queries = [Query(_path(row, "pending" if row["type"] == "qemu" else "config")) for _, row in targets]
    fresh = _Fresh()
    read: set[str] = set()
    for chunk in pulling.read_chunks(queries, "guests"):
        for index, answer in chunk:
            key, row = targets[index]
            if isinstance(answer, PmpcError):
                fresh.unreadable.append(answer)
            else:
                read.add(key)
                _configuration(pulling, key, str(row["type"]), answer, marks.get(key), fresh)
    pulling.found("config").stale |= marks.keys() & rows.keys() - read
    _details(pulling, rows, fresh)
    _say_unreadable(pulling, fresh.unreadable)


def _configuration(
    pulling: Pulling, key: str, guest_type: str, answer: Json, mark: ConfigMark | None, fresh: _Fresh
) -> None:
    """Keep one configuration, unless PVE's digest says that it is the recorded one."""
    digest = _digest(answer)
    configs = pulling.found("config")
    if mark is not None and mark.digest is not None and mark.digest == digest:
        configs.confirmed.add(key)
        pulling.found("pending").confirmed.add(key)
        return
    config, pending = _split(answer) if guest_type == "qemu" else (dict(answer) if isinstance(answer, dict) else {}, {})
    who = identity(guest_type, config)
    made = pulling.see("config", key, config, digest=digest, identity=who)
    made.replaced = mark is not None and mark.identity is not None and not same_individual(mark.identity, who)
    made.parts = {"disk": _disks(key, config), "nic": _nics(key, config)}
    if guest_type == "qemu":
        _keep_pending(pulling, key, pending)
    else:
        fresh.pending.append(key)
    if "parent" in config:
        fresh.snapshots.append(key)


def _details(pulling: Pulling, rows: dict[str, JsonObject], fresh: _Fresh) -> None:
    """Read what changed configurations made necessary; a configuration whose details are missing is read again."""
    configs = {made.key: made for made in pulling.found("config").seen}
    recorded: dict[str, set[str]] = {}
    for name in pulling.recorded("snapshot"):
        recorded.setdefault(name.partition("/")[0], set()).add(name)
    # Snapshots can outlive the parent that a configuration names, so recorded ones are looked at too.
    trees = sorted({*fresh.snapshots, *(configs.keys() & recorded.keys())})
    queries = [Query(_path(rows[key], "snapshot")) for key in trees]
    for chunk in pulling.read_chunks(queries, "snapshots"):
        for index, answer in chunk:
            key = trees[index]
            if isinstance(answer, PmpcError):
                configs[key].columns["digest"] = None
                fresh.unreadable.append(answer)
            else:
                _keep_snapshots(pulling, key, recorded.get(key, set()), answer)
    queries = [Query(_path(rows[key], "pending")) for key in fresh.pending]
    for chunk in pulling.read_chunks(queries, "pending changes"):
        for index, answer in chunk:
            key = fresh.pending[index]
            if isinstance(answer, PmpcError):
                configs[key].columns["digest"] = None
                fresh.unreadable.append(answer)
            else:
                _keep_pending(pulling, key, _split(answer)[1])


def _keep_pending(pulling: Pulling, key: str, pending: JsonObject) -> None:
    if pending:
        pulling.see("pending", key, pending)
    else:
        pulling.found("pending").gone.add(key)


def _keep_snapshots(pulling: Pulling, key: str, recorded: set[str], answer: Json) -> None:
    rows = {f"{key}/{row.get('name')}": row for row in as_rows(answer) if row.get("name") != "current"}
    for name, row in rows.items():
        pulling.see("snapshot", name, row, guest=key)
    pulling.found("snapshot").gone |= recorded - rows.keys()


def _say_unreadable(pulling: Pulling, errors: list[PmpcError]) -> None:
    denied = [error for error in errors if isinstance(error, PermissionDenied)]
    others = [error for error in errors if not isinstance(error, PermissionDenied)]
    if denied:
        pulling.unread(f"the configuration of {len(denied)} guest(s)", denied[0])
    by_text: dict[str, list[PmpcError]] = {}
    for error in others:
        by_text.setdefault(error.code, []).append(error)
    for same in by_text.values():
        pulling.unread(f"the configuration of {len(same)} guest(s)", same[0])


def _path(row: JsonObject, what: str) -> str:
    return api_path("nodes", str(row["node"]), str(row["type"]), str(row["vmid"]), what)


def _digest(answer: Json) -> str | None:
    if isinstance(answer, dict):
        return text(answer, "digest")
    for row in answer if isinstance(answer, list) else ():
        if isinstance(row, dict) and row.get("key") == "digest":
            return text(row, "value")
    return None


def _split(answer: Json) -> tuple[JsonObject, JsonObject]:
    """Turn a ``pending`` list into the configuration with pending changes applied, and those changes by key."""
    config: JsonObject = {}
    pending: JsonObject = {}
    for row in as_rows(answer):
        key = str(row.get("key"))
        if key == "digest":
            continue
        if "pending" in row or row.get("delete"):
            pending[key] = {name: value for name, value in row.items() if name != "key"}
        if "pending" in row:
            config[key] = row["pending"]
        elif not row.get("delete"):
            config[key] = row.get("value")
    return config, pending


def _disks(guest: str, config: JsonObject) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    for slot in sorted(config):
        value = config[slot]
        if isinstance(value, str) and slot.rstrip(_DIGITS) in _DISKS:
            disk = Disk.parse(value)
            rows.append(
                {
                    "guest": guest,
                    "slot": slot,
                    "volid": disk.volume,
                    "storage": disk.storage,
                    "bytes": disk.size,
                    "media": "cdrom" if disk.cdrom else "disk",
                }
            )
    return rows


def _nics(guest: str, config: JsonObject) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    for slot in sorted(config):
        value = config[slot]
        if isinstance(value, str) and slot.rstrip(_DIGITS) == "net":
            nic = Nic.parse(value)
            rows.append(
                {
                    "guest": guest,
                    "slot": slot,
                    "model": nic.model,
                    "mac": nic.mac,
                    "bridge": nic.bridge,
                    "vlan": nic.tag,
                    "firewall": int(nic.firewall),
                    "ip": nic.properties.get("ip"),
                }
            )
    return rows


def guest_paths(pulling: Pulling) -> list[tuple[str, str]]:
    """Return vmid and API path of every guest whose node answers, in the scope of the pull."""
    return [
        (str(row["vmid"]), api_path("nodes", str(row["node"]), str(row["type"]), str(integer(row, "vmid"))))
        for row in pulling.resources
        if row.get("type") in ("qemu", "lxc") and "vmid" in row and row.get("node") in pulling.online
    ]
