"""Network cards of virtual machines: adding, changing, removing; and cutting guests of both kinds off."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.guest_config import NIC, strings
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Cannot, Plan, Step, Target
from proxmox_mpc.domain.property_string import Nic, PropertyString
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.domain.vm_options import free_nic, new_nic, nic_words
from proxmox_mpc.errors import PmpcError, UsageError
from proxmox_mpc.services.guest_config_write import card_at, change, check_card, read_config
from proxmox_mpc.services.vm_config import Wish, applies, change_vm


def add_nic(source: Source, ref: GuestRef, written: str, key: str | None = None) -> Plan:
    """Return the plan that adds a card, ``BRIDGE[,opts]``, as ``key`` or the first that is free."""
    config = read_config(source, ref)
    place = key or free_nic(config)
    check_card(vm_rules(), place)
    if place in config:
        raise UsageError(f"{ref.label} has {place} already", hint=f"change it: pmpc vm nic set {ref.vmid} {place}")
    value = str(checked(vm_rules(), place, new_nic(written)))
    steps = change_vm(ref, config, Wish({place: value}), says=f"add {place} to {ref.label}")
    return Plan("nic add", tuple(steps), notes=tuple(applies(ref, config, steps)))


def set_nic(source: Source, ref: GuestRef, key: str, written: str) -> Plan:
    """Return the plan that changes properties of a card and leaves the others; ``vlan=`` removes one."""
    config = read_config(source, ref)
    card = PropertyString.parse(card_at(vm_rules(), ref, config, key), "model")
    for name, value in nic_words(written):
        card = _without_model(card, value) if name == "model" else card
        if name == "macaddr":
            card = _with_mac(card, value)
        elif name != "model":
            card = card.with_(name, value) if value else card.without(name)
    value = str(checked(vm_rules(), key, str(card)))
    steps = change_vm(ref, config, Wish({key: value}), says=f"change {key} of {ref.label}", effect="network")
    return Plan("nic set", tuple(steps), notes=tuple(applies(ref, config, steps)))


def _without_model(card: PropertyString, model: str) -> PropertyString:
    """Return the card with another model and the MAC that it has."""
    known = Nic.parse(str(card))
    rest = card.without("model", "macaddr", *([known.model] if known.model else []))
    head = (model, known.mac) if known.mac else (None, model)
    return PropertyString((head, *rest.items), "model")


def _with_mac(card: PropertyString, mac: str) -> PropertyString:
    known = Nic.parse(str(card))
    model = known.model or "virtio"
    rest = card.without("model", "macaddr", model)
    return PropertyString(((model, mac), *rest.items), "model")


def remove_nic(source: Source, ref: GuestRef, key: str) -> Plan:
    """Return the plan that takes a card out."""
    config = read_config(source, ref)
    card_at(vm_rules(), ref, config, key)
    steps = change_vm(ref, config, Wish({}, [key]), says=f"remove {key} from {ref.label}")
    return Plan("nic remove", tuple(steps), notes=tuple(applies(ref, config, steps)))


def isolate(source: Source, refs: Sequence[GuestRef], *, many: bool = False) -> Plan:
    """Return the plan that takes the link of every card of these guests down; undoing it restores what was up."""
    steps: list[Step] = []
    configs = source.read_many([Query(ref.path("config")) for ref in refs])
    for ref, config in zip(refs, configs, strict=True):
        if isinstance(config, PmpcError):
            steps.append(Cannot(Target.of(ref), config))
        elif isinstance(config, dict):
            steps.append(_isolated(ref, config))
    return Plan("isolate", tuple(steps), many)


def _isolated(ref: GuestRef, config: JsonObject) -> Step:
    down = {
        key: str(PropertyString.parse(value).with_("link_down", 1))
        for key, _, value in strings(config, NIC)
        if not Nic.parse(value).link_down
    }
    return change(ref, config, down, says=f"take the link of {', '.join(down)} of {ref.label} down", effect="network")
