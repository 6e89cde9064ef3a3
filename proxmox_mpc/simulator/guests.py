"""What VMs and containers share in answers: configuration, digest, pending changes, snapshots, status."""

from __future__ import annotations

import hashlib

from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Config, Json, JsonObject
from proxmox_mpc.simulator.world import Guest

HIDDEN = "**********"


def render(guest: Guest) -> str:
    """Return a guest's configuration file as PVE writes it; its SHA-1 is the digest."""
    lines = [f"#{line}" for line in str(guest.config.get("description", "")).split("\n") if line]
    lines += [f"{key}: {value}" for key, value in sorted(guest.config.items()) if key != "description"]
    if guest.parent:
        lines.append(f"parent: {guest.parent}")
    if guest.pending:
        lines.append("\n[PENDING]")
        lines += [f"{key}: {value}" for key, value in sorted(guest.pending.items()) if value is not None]
        gone = [key for key, value in sorted(guest.pending.items()) if value is None]
        lines += [f"delete: {','.join(gone)}"] if gone else []
    for snapshot in sorted(guest.snapshots.values(), key=lambda s: s.name):
        lines.append(f"\n[{snapshot.name}]")
        lines += [f"{key}: {value}" for key, value in sorted(snapshot.config.items())]
        lines.append(f"snaptime: {snapshot.time}")
    return "\n".join(lines) + "\n"


def digest(guest: Guest) -> str:
    """Return the digest of a guest's configuration: it changes with every edit."""
    return hashlib.sha1(render(guest).encode(), usedforsecurity=False).hexdigest()


def check_digest(guest: Guest, given: str) -> None:
    """Raise PVE's 500 when the caller saw an older configuration; VMs and containers word it differently."""
    if given and given != digest(guest):
        if guest.kind == "qemu":
            raise failed("checksum mismatch (file change by other user?)")
        raise failed("detected modified configuration - file changed by other user? Try again.")


def check_lock(guest: Guest) -> None:
    """Raise PVE's 500 for a locked guest."""
    if guest.lock:
        raise failed(f"{'VM' if guest.kind == 'qemu' else 'CT'} is locked ({guest.lock})")


def current_config(guest: Guest, *, pending: bool) -> Config:
    """Return the configuration, with the pending changes applied or as it is in effect."""
    config = dict(guest.config)
    if pending:
        for key, value in guest.pending.items():
            if value is None:
                config.pop(key, None)
            else:
                config[key] = value
    if guest.parent:
        config["parent"] = guest.parent
    return config


def config_answer(guest: Guest, *, snapshot: str, current: bool) -> Json:
    """Return what GET config answers; raises for a snapshot that is not there."""
    config = snapshot_config(guest, snapshot) if snapshot else current_config(guest, pending=not current)
    answer: JsonObject = {**config, "digest": digest(guest)}
    if "cipassword" in answer:
        answer["cipassword"] = HIDDEN
    return answer


def snapshot_config(guest: Guest, name: str) -> Config:
    """Return a snapshot's configuration with its own facts; raises PVE's 500 when there is none."""
    snapshot = guest.snapshots.get(name)
    if snapshot is None:
        raise failed(f"snapshot '{name}' does not exist")
    config: Config = {**snapshot.config, "snaptime": snapshot.time}
    config |= {"description": snapshot.description} if snapshot.description else {}
    config |= {"parent": snapshot.parent} if snapshot.parent else {}
    config |= {"vmstate": snapshot.vmstate} if snapshot.vmstate else {}
    return config


def pending_rows(guest: Guest) -> Json:
    """Return each setting with its value and what is pending: a value, or a delete (2: with its volume)."""
    rows: list[Json] = []
    for key, value in {**current_config(guest, pending=False), "digest": digest(guest)}.items():
        row: JsonObject = {"key": key, "value": HIDDEN if key == "cipassword" else value}
        if key in guest.pending:
            change = guest.pending[key]
            if change is None:
                row["delete"] = 2 if key in guest.pending_force else 1
            elif change != value:
                row["pending"] = HIDDEN if key == "cipassword" else change
        rows.append(row)
    fresh = {key: value for key, value in guest.pending.items() if key not in guest.config and value is not None}
    return rows + [{"key": key, "pending": HIDDEN if key == "cipassword" else value} for key, value in fresh.items()]


def snapshot_rows(guest: Guest) -> Json:
    """Return the snapshots and the pseudo-entry ``current`` that names the one in effect as its parent."""
    rows: list[Json] = []
    for snapshot in guest.snapshots.values():
        row: JsonObject = {"name": snapshot.name, "snaptime": snapshot.time, "description": snapshot.description}
        if guest.kind == "qemu":
            row["vmstate"] = int(snapshot.vmstate is not None)
        if snapshot.parent:
            row["parent"] = snapshot.parent
        rows.append(row)
    current: JsonObject = {
        "name": "current", "digest": digest(guest), "running": int(guest.running), "description": "You are here!",
    }  # fmt: skip
    if guest.parent:
        current["parent"] = guest.parent
    return [*rows, current]
