"""Making backups: one task a guest, so that each ends with a result of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot, Value
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, boolean, text
from proxmox_mpc.domain.plan import Cannot, Plan, Probe, ProbeCheck, Send, Step, Take, TakeRead, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Locked, NodeUnreachable, NotFound, PmpcError, UsageError
from proxmox_mpc.services.backup_archives import Archive, archives_at
from proxmox_mpc.services.guest_config_write import facts_of
from proxmox_mpc.services.reads import resources, rows_of
from proxmox_mpc.services.storages import Place, content_kinds

MODES = ("snapshot", "suspend", "stop")
COMPRESSIONS = ("zstd", "gzip", "lzo", "none")
VOLID = Slot("volid", "the new backup")
_LONGEST_NOTES = 1024


class BackupWish(NamedTuple):
    """How backups are to be made; ``notes`` may hold ``{{guestname}}``, ``{{vmid}}``, ``{{node}}``, ``{{cluster}}``.

    ``prune``: afterwards remove the backups that the storage's retention (or ``keep``) does not keep.
    """

    storage: str | None = None
    mode: str = "snapshot"
    compress: str | None = None
    notes: str = "{{guestname}}"
    protected: bool = False
    prune: bool = False
    keep: str | None = None
    bandwidth: int | None = None


def plan_backups(
    source: Source, guests: Sequence[GuestRef], wish: BackupWish, *, many: bool, escaped: bool = False
) -> Plan:
    """Return the plan that backs guests up, each on its own node; ``escaped``: the notes are on one line already."""
    form = checked_form(wish)
    if escaped:
        form["notes-template"] = wish.notes
    seen = resources(source)
    steps: list[Step] = []
    before: dict[Place, frozenset[str]] = {}
    for ref in guests:
        target = Target.of(ref)
        try:
            place = place_for(seen, ref, wish.storage, live=source.live)
            if place not in before:
                before[place] = frozenset(one.volid for one in archives_at(source, place))
        except PmpcError as error:
            if len(guests) == 1:
                raise
            steps.append(Cannot(target, error))
            continue
        steps += _steps(ref, place, form, before[place], alone=len(guests) == 1)
    return Plan("backup", tuple(steps), many)


def checked_form(wish: BackupWish) -> dict[str, FormValue]:
    """Return vzdump's parameters; raises UsageError for what it would not take."""
    if wish.mode not in MODES:
        raise UsageError(f"--mode: {wish.mode!r} is not possible", hint=f"one of: {', '.join(MODES)}")
    form: dict[str, FormValue] = {"mode": wish.mode}
    if wish.compress is not None:
        if wish.compress not in COMPRESSIONS:
            raise UsageError(
                f"--compress: {wish.compress!r} is not possible", hint=f"one of: {', '.join(COMPRESSIONS)}"
            )
        form["compress"] = "0" if wish.compress == "none" else wish.compress
    form["notes-template"] = notes_template(wish.notes)
    if wish.protected:
        form["protected"] = 1
    # Without this vzdump prunes by the storage's retention, which nobody expects of a backup made by hand.
    form["remove"] = int(wish.prune or wish.keep is not None)
    if wish.keep is not None:
        form["prune-backups"] = wish.keep
    if wish.bandwidth is not None:
        form["bwlimit"] = wish.bandwidth
    return form


def notes_template(notes: str) -> str:
    """Return notes on the one line that vzdump takes: newline and backslash are escaped (PVE/VZDump.pm)."""
    line = notes.replace("\\", "\\\\").replace("\r\n", "\n").replace("\n", "\\n")
    if len(line) > _LONGEST_NOTES:
        raise UsageError(f"--notes: the text is {len(line)} characters long, and {_LONGEST_NOTES} are possible")
    return line


def place_for(seen: Sequence[JsonObject], ref: GuestRef, storage: str | None, *, live: bool = True) -> Place:
    """Return the storage for backups of a guest on its node: the named one, or the only one there is."""
    if live and not ref.answers:
        raise NodeUnreachable(f"node {ref.node}, on which {ref.label} is, does not answer")
    here = [row for row in rows_of(seen, "storage") if text(row, "node") == ref.node]
    takers = {text(row, "storage") or "": row for row in here if "backup" in content_kinds(row)}
    if storage is None:
        if len(takers) != 1:
            known = ", ".join(sorted(takers)) or "none"
            raise UsageError(f"which storage? node {ref.node} has for backups: {known}", hint="say --storage STORAGE")
        storage = next(iter(takers))
    row = takers.get(storage)
    if row is None:
        if any(text(one, "storage") == storage for one in here):
            raise UsageError(
                f"--storage: {storage} takes no backups",
                hint=f"on {ref.node} these do: {', '.join(sorted(takers)) or 'none'}",
            )
        raise NotFound(
            f"node {ref.node} has no storage {storage!r}",
            hint=f"it has for backups: {', '.join(sorted(takers)) or 'none'}",
        )
    return Place(storage, ref.node, boolean(row, "shared"))


def _steps(
    ref: GuestRef, place: Place, form: dict[str, FormValue], before: frozenset[str], *, alone: bool
) -> list[Step]:
    target = Target.of(ref)
    facts = facts_of(ref)
    if facts.locked and not alone:
        return [Cannot(target, Locked(f"{ref.label} is locked ({facts.locked})"))]
    call = Call(
        "POST",
        api_path("nodes", ref.node, "vzdump"),
        {"vmid": str(ref.vmid), "storage": place.storage, **form},
    )
    undo = Undo(why_not="a backup does no harm; it can be removed: pmpc backup delete VOLID")
    return [
        Send(call, target, "backup", f"back up {ref.label} to {place.storage}", facts, undo=undo),
        Probe(f"a new backup of {ref.label} is on {place.storage}", _arrived(place, ref.vmid, before), target),
        Take(VOLID, _made(place, ref.vmid, before), "take its volume's id", target),
    ]


def _made(place: Place, vmid: int, before: frozenset[str]) -> TakeRead:
    def read(source: Source, known: Known, refused: frozenset[Value]) -> Value:
        new = _new(source, place, vmid, before)
        return max(new, key=lambda one: one.created or 0).volid if new else None

    return read


def _new(source: Source, place: Place, vmid: int, before: frozenset[str]) -> list[Archive]:
    return [one for one in archives_at(source, place, vmid) if one.volid not in before]


def _arrived(place: Place, vmid: int, before: frozenset[str]) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        new = _new(source, place, vmid, before)
        if not new:
            return "there is no new backup"
        return None if any(one.size > 0 for one in new) else "the new backup is empty"

    return check
