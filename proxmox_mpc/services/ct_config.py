"""Changing the configuration of containers, their network cards among it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.config_rules import checked, unknown_key
from proxmox_mpc.domain.ct_keys import FIXED, ct_rules
from proxmox_mpc.domain.ct_options import NICS, CtOptions, ct_nic_words, free_key, keys_of, new_nic
from proxmox_mpc.domain.guest_config import NIC
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Step, Target
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import NodeUnreachable, PmpcError, UsageError
from proxmox_mpc.services.guest_config_write import card_at, change, check_card, config_reads, read_config

MOUNT = re.compile(r"mp\d+")
_UNUSED = re.compile(r"unused\d+")


def set_cts(
    source: Source, refs: Sequence[GuestRef], options: CtOptions, deletes: Sequence[str], *, many: bool = False
) -> Plan:
    """Return the plan that changes these containers alike; raises UsageError for a key that none has."""
    _check_keys(keys_of(options), deletes)
    configs = source.read_many([Query(ref.path("config")) for ref in refs])
    steps: list[Step] = []
    for ref, config in zip(refs, configs, strict=True):
        if isinstance(config, PmpcError):
            steps.append(Cannot(Target.of(ref), config))
        elif isinstance(config, dict):
            steps += change_ct(ref, config, keys_of(options, config), deletes)
    return Plan("set", tuple(steps), many)


def _check_keys(sets: dict[str, FormValue], deletes: Sequence[str]) -> None:
    rules = ct_rules()
    for key in deletes:
        if rules.find(key) is None:
            raise unknown_key(rules, key, "--delete")
        if key in sets:
            raise UsageError(f"{key}: to be set and deleted at once")
        if key == "rootfs":
            raise UsageError("--delete: a container cannot be without its rootfs")
    fixed = sorted(FIXED & {*sets, *deletes})
    if fixed:
        raise UsageError(
            f"{', '.join(fixed)} is decided when a container is made",
        )


def change_ct(
    ref: GuestRef,
    config: JsonObject,
    sets: dict[str, FormValue],
    deletes: Sequence[str] = (),
    *,
    says: str = "",
    effect: Effect | None = None,
) -> list[Step]:
    """Return the steps that change one container: the request, and the look whether it holds what was asked for."""
    target = Target.of(ref)
    if not ref.answers:
        return [Cannot(target, NodeUnreachable(f"node {ref.node}, on which {ref.label} is, does not answer"))]
    gone = [key for key in deletes if key in config]
    named = ", ".join([*sets, *(f"no {key}" for key in gone)])
    effect = effect or _effect(gone)
    step = change(
        ref,
        config,
        sets,
        gone,
        says=says or f"change {ref.label}: {named}",
        effect=effect,
        rules=ct_rules(),
        undoable=effect != "disk_delete" and not any(MOUNT.fullmatch(key) for key in (*sets, *gone)),
    )
    if isinstance(step, Keep):
        return [step]
    return [step, Probe(f"{ref.label} is configured so", config_reads(ref, sets, gone), target, 0)]


def _effect(gone: Sequence[str]) -> Effect:
    if any(_UNUSED.fullmatch(key) for key in gone):
        return "disk_delete"
    return "nic_delete" if any(NIC.fullmatch(key) for key in gone) else "config"


def add_nic(source: Source, ref: GuestRef, written: str, key: str | None = None) -> Plan:
    """Return the plan that adds a card, ``BRIDGE[,opts]``, as ``key`` or the first that is free."""
    config = read_config(source, ref)
    place = key or free_key("net", NICS, config)
    check_card(ct_rules(), place)
    if place in config:
        raise UsageError(f"{ref.label} has {place} already", hint=f"change it: pmpc ct nic set {ref.vmid} {place}")
    sets: dict[str, FormValue] = {place: new_nic(written, place)}
    return Plan("nic add", tuple(change_ct(ref, config, sets, says=f"add {place} to {ref.label}")))


def set_nic(source: Source, ref: GuestRef, key: str, written: str) -> Plan:
    """Return the plan that changes properties of a card and leaves the others; ``vlan=`` takes one away."""
    config = read_config(source, ref)
    card = PropertyString.parse(card_at(ct_rules(), ref, config, key))
    for name, value in ct_nic_words(written).items:
        if name is not None:
            card = card.with_(name, value) if value else card.without(name)
    sets: dict[str, FormValue] = {key: str(checked(ct_rules(), key, str(card)))}
    steps = change_ct(ref, config, sets, says=f"change {key} of {ref.label}", effect="network")
    return Plan("nic set", tuple(steps))


def remove_nic(source: Source, ref: GuestRef, key: str) -> Plan:
    """Return the plan that takes a card out."""
    config = read_config(source, ref)
    card_at(ct_rules(), ref, config, key)
    return Plan("nic remove", tuple(change_ct(ref, config, {}, [key], says=f"remove {key} from {ref.label}")))
