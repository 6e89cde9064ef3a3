"""What the command line says about a backup job, as the parameters that PVE takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.config_rules import Rules, checked, read_rules
from proxmox_mpc.domain.json import text
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.backup_create import COMPRESSIONS, MODES, notes_template
from proxmox_mpc.services.backup_prune import checked_keep
from proxmox_mpc.services.reads import no_such_node, node_states, resources, rows_of
from proxmox_mpc.services.storages import content_kinds

_RULES = """
bwlimit int(0..)
exclude-path text
fleecing text
ionice int(0..8)
lockwait int(0..)
mailnotification always|failure
mailto text
notification-mode auto|legacy-sendmail|notification-system
pbs-change-detection-mode legacy|data|metadata
performance text
pigz int
protected bool
remove bool
stdexcludes bool
stop bool
stopwait int(0..)
zstd int(0..)
"""
"""The settings that --set takes besides those with an option of their own."""


class JobWish(NamedTuple):
    """What is said about a job on the command line; None and empty say nothing. ``guests`` and ``exclude`` are ids."""

    schedule: str | None = None
    guests: Sequence[int] = ()
    pool: str | None = None
    everything: bool = False
    exclude: Sequence[int] = ()
    storage: str | None = None
    mode: str | None = None
    compress: str | None = None
    notes: str | None = None
    keep: str | None = None
    node: str | None = None
    enabled: bool | None = None
    repeat_missed: bool | None = None
    comment: str | None = None
    settings: Mapping[str, str] = {}


@cache
def job_rules() -> Rules:
    """Return the rules of the further settings of a job."""
    return read_rules(_RULES, {})


def job_form(source: Source, wish: JobWish) -> dict[str, FormValue]:
    """Return the parameters of a job under PVE's own names; raises UsageError for what it would not take."""
    form: dict[str, FormValue] = _selected(wish)
    if wish.mode is not None and wish.mode not in MODES:
        raise UsageError(f"--mode: {wish.mode!r} is not possible", hint=f"one of: {', '.join(MODES)}")
    if wish.compress is not None and wish.compress not in COMPRESSIONS:
        raise UsageError(f"--compress: {wish.compress!r} is not possible", hint=f"one of: {', '.join(COMPRESSIONS)}")
    plain: dict[str, FormValue] = {
        "schedule": wish.schedule,
        "storage": wish.storage,
        "mode": wish.mode,
        "compress": "0" if wish.compress == "none" else wish.compress,
        "notes-template": None if wish.notes is None else notes_template(wish.notes),
        "prune-backups": None if wish.keep is None else checked_keep(wish.keep),
        "node": wish.node,
        "enabled": None if wish.enabled is None else int(wish.enabled),
        "repeat-missed": None if wish.repeat_missed is None else int(wish.repeat_missed),
        "comment": wish.comment,
    }
    form |= {key: value for key, value in plain.items() if value is not None}
    if wish.storage is not None or wish.node is not None:
        _check_place(source, wish.storage, wish.node)
    for key, value in wish.settings.items():
        if key in form:
            raise UsageError(f"{key} is said twice: by --set and by an option of its own")
        form[key] = checked(job_rules(), key, value)
    return form


def _selected(wish: JobWish) -> dict[str, FormValue]:
    ways = [
        name for name, said in (("--guest", wish.guests), ("--pool", wish.pool), ("--all", wish.everything)) if said
    ]
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} exclude each other")
    form: dict[str, FormValue] = {}
    if wish.guests:
        form["vmid"] = ",".join(str(vmid) for vmid in wish.guests)
    if wish.pool is not None:
        form["pool"] = wish.pool
    if wish.everything:
        form["all"] = 1
    if wish.exclude:
        if wish.guests or wish.pool is not None:
            raise UsageError("--exclude goes with --all")
        form["exclude"] = ",".join(str(vmid) for vmid in wish.exclude)
    return form


def _check_place(source: Source, storage: str | None, node: str | None) -> None:
    found = resources(source)
    if node is not None and node not in node_states(found):
        raise no_such_node(node)
    takers = {text(row, "storage") for row in rows_of(found, "storage") if "backup" in content_kinds(row)}
    if storage is not None and storage not in takers:
        raise NotFound(
            f"there is no storage {storage!r} for backups",
            hint=f"there are: {', '.join(sorted(str(one) for one in takers)) or 'none'}",
        )
