"""Adding and removing tags, of virtual machines and containers, many at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, split_list, text
from proxmox_mpc.domain.plan import Cannot, Plan, Step, Target
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import PmpcError, UsageError
from proxmox_mpc.services.guest_config_write import change

# PVE::JSONSchema, pve-tag
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*")


def checked_tags(written: str) -> list[str]:
    """Return the tags in ``prod;web`` or ``prod,web``; raises UsageError for one that PVE would refuse."""
    if any(char in written for char in "\n\r\t"):
        raise UsageError(f"{written[:60]!r} is no tag", hint="tags are separated by ; or ,")
    tags = split_list(written)
    if not tags:
        raise UsageError("which tag?", hint="as in prod or prod,web")
    for tag in tags:
        if _TAG.fullmatch(tag) is None:
            raise UsageError(f"{tag[:60]!r} cannot be a tag", hint="letters, digits and _, then also - + .")
    return tags


def tag_guests(
    source: Source, refs: Sequence[GuestRef], what: Literal["add", "remove"], tags: Sequence[str], *, many: bool = False
) -> Plan:
    """Return the plan that adds tags to guests or removes them; those that are so already stay as they are."""
    steps: list[Step] = []
    configs = source.read_many([Query(ref.path("config")) for ref in refs])
    for ref, config in zip(refs, configs, strict=True):
        if isinstance(config, PmpcError):
            steps.append(Cannot(Target.of(ref), config))
        elif isinstance(config, dict):
            steps.append(_tagged(ref, config, what, tags))
    return Plan(f"tag {what}", tuple(steps), many)


def _tagged(ref: GuestRef, config: JsonObject, what: Literal["add", "remove"], tags: Sequence[str]) -> Step:
    now = split_list(text(config, "tags"))
    # PVE keeps tags in small letters, unless the datacenter's options say otherwise.
    named = {tag.lower(): tag for tag in tags}
    there = {tag.lower() for tag in now}
    if what == "add":
        wanted = [*now, *(tag for low, tag in named.items() if low not in there)]
    else:
        wanted = [tag for tag in now if tag.lower() not in named]
    if wanted == now:
        return change(ref, config, {}, says="")
    says = f"{what} {', '.join(named.values())} {'to' if what == 'add' else 'from'} the tags of {ref.label}"
    if not wanted:
        return change(ref, config, {}, ["tags"], says=says, effect="tag")
    return change(ref, config, {"tags": ";".join(wanted)}, says=says, effect="tag")
