"""Changing a guest's configuration, VM or container: what is read first, what is sent, how it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot, Value
from proxmox_mpc.domain.config_rules import Rules, meaning
from proxmox_mpc.domain.guest_config import NIC, strings
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, boolean, integer, text
from proxmox_mpc.domain.plan import Keep, ProbeCheck, Send, Step, Take, Target, Undo
from proxmox_mpc.domain.risk import BackupFact, Effect, Facts
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import Conflict, InvalidValue, NotFound, UsageError

SECRET_KEYS = frozenset({"password", "cipassword"})
_FIRST_ID, _LAST_ID = 100, 999_999_999


def read_config(source: Source, ref: GuestRef) -> JsonObject:
    """Return a guest's configuration with what is pending in it, digest included: what a change is based on."""
    return as_object(source.read(ref.path("config")), f"the configuration of {ref.label}")


def facts_of(ref: GuestRef, config: JsonObject | None = None, backup: BackupFact | None = None) -> Facts:
    """Return what a write must know of a guest; its lock as the configuration has it, else as the list had it."""
    known = config or {}
    return Facts(
        running=ref.status in ("running", "paused", "suspended"),
        locked=text(known, "lock") if config is not None else ref.lock,
        protection=boolean(known, "protection"),
        ha=bool(ref.row.get("hastate")),
        backup=backup,
    )


def change(
    ref: GuestRef,
    config: JsonObject,
    sets: Mapping[str, FormValue],
    deletes: Sequence[str] = (),
    *,
    says: str,
    effect: Effect = "config",
    facts: Facts | None = None,
    rules: Rules | None = None,
    undoable: bool = True,
) -> Step:
    """Return the step that changes a configuration by PUT, guarded by its digest; Keep where it is so already.

    A value that stands there already is left out (``rules`` tell spellings that mean the same), and a key to delete
    that is not set.
    """
    target = Target.of(ref)
    wanted = {key: value for key, value in sets.items() if not _same(key, config.get(key), value, rules)}
    gone = [key for key in deletes if key in config]
    if not wanted and not gone:
        return Keep(target, f"{ref.label} is so already")
    form: dict[str, FormValue] = {**wanted}
    if gone:
        form["delete"] = ",".join(gone)
    if digest := text(config, "digest"):
        form["digest"] = digest
    before: JsonObject = {key: config.get(key) for key in (*wanted, *gone)}
    undo = undo_change(ref, target, before) if undoable else Undo(why_not="the volumes it concerns cannot be put back")
    return Send(
        Call("PUT", ref.path("config"), form),
        target,
        effect,
        says,
        facts or facts_of(ref, config),
        before=before,
        watch=ref.path("config"),
        undo=undo,
    )


def undo_change(ref: GuestRef, target: Target, before: JsonObject) -> Undo:
    """Return how the keys of ``before`` are put back: with their old values, or deleted where there were none."""
    if SECRET_KEYS & before.keys():
        return Undo(why_not="the password that was set before cannot be read")
    form: dict[str, FormValue] = {key: text(before, key) for key, value in before.items() if value is not None}
    new = [key for key, value in before.items() if value is None]
    if new:
        form["delete"] = ",".join(new)
    says = f"put the configuration of {ref.label} back"
    return Undo((Send(Call("PUT", ref.path("config"), form), target, "config", says),))


def _same(key: str, now: Json, wanted: FormValue, rules: Rules | None) -> bool:
    if now is None or not isinstance(wanted, (str, int, float)):
        return False
    old, new = text({key: now}, key) or "", text({key: wanted}, key) or ""
    return old == new or (rules is not None and meaning(rules, key, old) == meaning(rules, key, new))


def config_reads(ref: GuestRef, wanted: Mapping[str, FormValue], deletes: Sequence[str] = ()) -> ProbeCheck:
    """Return the check that a configuration now holds what was set, and no longer what was deleted."""

    def check(source: Source, known: Known) -> str | None:
        config = read_config(source, ref)
        missing = [key for key, value in wanted.items() if key not in config and not isinstance(value, Slot)]
        missing = [key for key in missing if key not in SECRET_KEYS]
        left = [key for key in deletes if key in config]
        if missing:
            return f"{', '.join(missing)} is not set"
        return f"{', '.join(left)} is still set" if left else None

    return check


def next_vmid(slot: Slot, target: Target) -> Take:
    """Return the step that takes the next free id; one that was refused as taken is not taken again."""

    def read(source: Source, known: Known, refused: frozenset[Value]) -> Value:
        found = source.read("/cluster/nextid")
        number = integer({"id": found}, "id") or _FIRST_ID
        taken = {str(value) for value in refused}
        while str(number) in taken:
            number += 1
            if not is_free(source, number):
                taken.add(str(number))
        return number

    return Take(slot, read, "take the next free id", target)


def is_free(source: Source, vmid: int) -> bool:
    """Return whether no guest has an id; PVE answers 400 for one that is taken."""
    try:
        source.read("/cluster/nextid", {"vmid": vmid})
    except (InvalidValue, Conflict):
        return False
    return True


def checked_vmid(vmid: int, option: str = "--vmid") -> int:
    """Return an id that PVE can give; raises UsageError naming the option."""
    if not _FIRST_ID <= vmid <= _LAST_ID:
        raise UsageError(f"{option}: {vmid} is no id of a guest", hint=f"ids go from {_FIRST_ID} to {_LAST_ID}")
    return vmid


def check_card(rules: Rules, key: str) -> None:
    """Raise UsageError for a key that is no network card."""
    if NIC.fullmatch(key) is None or rules.find(key) is None:
        raise UsageError(f"{key!r} is no network card", hint="as in net0")


def card_at(rules: Rules, ref: GuestRef, config: JsonObject, key: str) -> str:
    """Return the setting of a network card; raises UsageError, and NotFound for one that is not there."""
    check_card(rules, key)
    value = text(config, key)
    if value is None:
        there = ", ".join(name for name, _, _ in strings(config, NIC)) or "none"
        raise NotFound(f"{ref.label} has no {key}", hint=f"its network cards: {there}", details={"nic": key})
    return value
