"""Which guests a command line means: ids, ranges, names, globs, and tag, node, pool and status.

Several words add up, several values of one option too; different options, and options and words, narrow each other.
A word that names nothing is an error, and everything is resolved before anything is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from proxmox_mpc.domain.guests import NOUNS, GuestRef, Kind, vmid_of
from proxmox_mpc.errors import NotFound, UsageError

_ID = re.compile(r"[0-9]+")
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_GLOB = re.compile(r"[*?\[]")

# What pvestatd reports for a guest: stopped, unknown, or the state that QEMU gives (qapi/run-state.json).
STATUSES = frozenset(
    {
        "running",
        "stopped",
        "paused",
        "suspended",
        "unknown",
        "prelaunch",
        "preconfig",
        "inmigrate",
        "postmigrate",
        "finish-migrate",
        "restore-vm",
        "save-vm",
        "shutdown",
        "io-error",
        "internal-error",
        "guest-panicked",
        "watchdog",
        "debug",
        "colo",
    }
)


# What only one kind has, and what to use for the other.
_ONLY_VM = {
    "agent": "a container has no guest agent, and the API runs nothing in it; on its node: pct exec {} -- COMMAND",
    "cloudinit": "a container has no cloud-init; its address and keys: pmpc ct nic set, pmpc ct set {}",
    "disk": "a container's disks are its volumes: pmpc ct volume --help",
    "reset": "a container cannot be reset: pmpc ct reboot {}",
}
_ONLY_CT = {"volume": "a virtual machine's volumes are its disks: pmpc vm disk --help"}


class Selection(NamedTuple):
    """What the command line said: ``words`` are ids, ranges, names and globs; ``names`` are globs only."""

    words: Sequence[str] = ()
    names: Sequence[str] = ()
    tags: Sequence[str] = ()
    nodes: Sequence[str] = ()
    pools: Sequence[str] = ()
    statuses: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any((self.words, self.names, self.tags, self.nodes, self.pools, self.statuses))


def find(guests: Sequence[GuestRef], text: str, kind: Kind | None = None, verb: str = "show") -> GuestRef:
    """Return the one guest that ``text`` names; digits are always an id.

    Raises NotFound with near names, and UsageError for a name that several carry and for a guest of the other kind,
    with the command to use, made from ``verb``.
    """
    here = _named(guests, text)
    right = [guest for guest in here if kind in (None, guest.kind)]
    if len(right) == 1:
        return right[0]
    if right:
        raise _ambiguous(text, right)
    if here:
        raise _other_kind(here[0], text, verb)
    raise unknown_guest(guests, text, kind)


def select(
    guests: Sequence[GuestRef], selection: Selection, kind: Kind | None = None, verb: str = "list"
) -> list[GuestRef]:
    """Return the guests of ``kind`` that the selection means, by id; all of them for an empty one.

    Options that match nothing give an empty list; a word that does is an error, as in ``find``.
    """
    for status in selection.statuses:
        if status.lower() not in STATUSES:
            raise _no_status(status)
    ours = [guest for guest in guests if kind in (None, guest.kind)]
    if selection.words:
        meant = {guest.vmid for word in selection.words for guest in _word(guests, word, kind, verb)}
        ours = [guest for guest in ours if guest.vmid in meant]
    for wanted, match in _criteria(selection):
        if wanted:
            ours = [guest for guest in ours if match(guest)]
    return sorted(ours, key=lambda guest: guest.vmid)


def nothing_selected(kind: Kind | None) -> NotFound:
    """Return the error for a selection that means no guest, where one is needed."""
    return NotFound(f"no {NOUNS[kind]} matches", hint=f"see: pmpc {kind or 'guest'} list")


def unknown_guest(guests: Sequence[GuestRef], text: str, kind: Kind | None) -> NotFound:
    """Return the error for a name or id that no guest has, with near ones."""
    from difflib import get_close_matches

    by_name = {guest.name: guest for guest in guests if guest.name and kind in (None, guest.kind)}
    near = [] if _ID.fullmatch(text) else get_close_matches(text, by_name, n=3, cutoff=0.6)
    meant = f"did you mean {' or '.join(f'{name} ({by_name[name].vmid})' for name in near)}? " if near else ""
    return NotFound(
        f"there is no {NOUNS[kind]} {text}",
        hint=f"{meant}see: pmpc {kind or 'guest'} list (a token sees only guests on which it has VM.Audit)",
        details={"guest": text, "near": [by_name[name].vmid for name in near]},
    )


def _criteria(selection: Selection) -> tuple[tuple[Sequence[str], Callable[[GuestRef], bool]], ...]:
    tags = {tag.lower() for tag in selection.tags}
    statuses = {status.lower() for status in selection.statuses}
    names = [name.lower() for name in selection.names]
    return (
        (selection.names, lambda guest: any(fnmatchcase((guest.name or "").lower(), name) for name in names)),
        (selection.tags, lambda guest: any(tag.lower() in tags for tag in guest.tags)),
        (selection.nodes, lambda guest: guest.node in selection.nodes),
        (selection.pools, lambda guest: guest.pool in selection.pools),
        (selection.statuses, lambda guest: guest.status.lower() in statuses),
    )


def _word(guests: Sequence[GuestRef], word: str, kind: Kind | None, verb: str) -> Sequence[GuestRef]:
    if match := _RANGE.fullmatch(word):
        first, last = vmid_of(match[1]), vmid_of(match[2])
        if last < first:
            raise UsageError(f"{word}: the range ends before it begins", hint=f"write {last}-{first}")
        found = [guest for guest in guests if first <= guest.vmid <= last]
    elif _GLOB.search(word):
        found = [guest for guest in guests if fnmatchcase((guest.name or "").lower(), word.lower())]
    else:
        return [find(guests, word, kind, verb)]
    if not any(kind in (None, guest.kind) for guest in found):
        raise unknown_guest(guests, word, kind)
    return found


def _named(guests: Sequence[GuestRef], text: str) -> list[GuestRef]:
    if _ID.fullmatch(text):
        wanted = vmid_of(text)
        return [guest for guest in guests if guest.vmid == wanted]
    exact = [guest for guest in guests if guest.name == text]
    # Guest names are DNS names, which do not tell capitals from small letters.
    return exact or [guest for guest in guests if guest.name and guest.name.lower() == text.lower()]


def _ambiguous(text: str, found: Sequence[GuestRef]) -> UsageError:
    rows = [f"{guest.vmid} ({guest.kind} on {guest.node})" for guest in sorted(found, key=lambda one: one.vmid)]
    return UsageError(
        f"the name {text} is not unique: {', '.join(rows)}",
        hint="name the guest by its id",
        details={"candidates": sorted(guest.vmid for guest in found)},
    )


def _other_kind(guest: GuestRef, text: str, verb: str) -> UsageError:
    only = _ONLY_VM if guest.kind == "ct" else _ONLY_CT
    words = verb.split()
    hint = only.get(words[0], "") if words else ""
    return UsageError(
        f"{text} is a {NOUNS[guest.kind]}, not a {NOUNS['ct' if guest.kind == 'vm' else 'vm']}",
        hint=hint.format(guest.vmid) or f"use: pmpc {guest.kind} {verb} {text}",
        details={"vmid": guest.vmid, "type": guest.kind},
    )


def _no_status(status: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(status.lower(), STATUSES, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return UsageError(f"--status: a guest is never {status!r}", hint=f"{meant}for example: running, stopped, paused")
