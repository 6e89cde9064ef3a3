"""The neutral model: what is recorded of a cluster, narrowed to what code is wanted for. No word of any target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Protocol

from proxmox_mpc.domain.guests import KINDS, Kind
from proxmox_mpc.domain.json import JsonObject, boolean, integer, split_list, text
from proxmox_mpc.errors import UsageError

Ident = tuple[str, str]
"""Kind and id: ``("vm", "101")``, ``("pool", "prod")``, ``("storage", "nas")``."""
FILTER_KEYS = ("kind", "id", "name", "tag", "pool", "node")


class Documents(Protocol):
    """Recorded documents by kind (``state.kinds``)."""

    def objects(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        """Return key and document of every object of a kind."""
        ...


@dataclass(frozen=True, slots=True)
class Guest:
    """A VM or container: ``config`` is PVE's configuration, ``row`` its row of /cluster/resources."""

    kind: Kind
    vmid: int
    name: str | None
    node: str
    status: str
    template: bool
    tags: tuple[str, ...]
    pool: str | None
    config: JsonObject
    row: JsonObject

    @property
    def ident(self) -> Ident:
        """Its kind and id."""
        return self.kind, str(self.vmid)

    @property
    def label(self) -> str:
        """``VM 101 (web)``."""
        return f"{self.kind.upper()} {self.vmid}" + (f" ({self.name})" if self.name else "")


@dataclass(frozen=True, slots=True)
class Only:
    """What is wanted: ``include`` and ``exclude`` are words ``KEY=PATTERN``, or patterns of ids and names.

    Words of one key add up, different keys narrow each other; what is excluded stays out in any case.
    """

    include: tuple[tuple[str, str], ...] = ()
    exclude: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, include: Iterable[str], exclude: Iterable[str]) -> Only:
        """Read the words of the command line; raises UsageError for a key that is none."""
        return cls(tuple(_word(one, "--include") for one in include), tuple(_word(one, "--exclude") for one in exclude))

    def takes(self, kind: str, ident: str, name: str | None, more: Mapping[str, Sequence[str]]) -> bool:
        """Whether an object is wanted; ``more`` has its tags, pool and node."""
        about = {"kind": [kind], "id": [ident], "name": [name or ""], **more}
        wanted: dict[str, bool] = {}
        for key, pattern in self.include:
            wanted[key] = wanted.get(key, False) or _matches(about, key, pattern)
        return all(wanted.values()) and not any(_matches(about, key, pattern) for key, pattern in self.exclude)


def _word(text: str, option: str) -> tuple[str, str]:
    key, equals, pattern = text.partition("=")
    if not equals:
        return "", text
    if key not in FILTER_KEYS or not pattern:
        raise UsageError(
            f"{option} {text!r} selects nothing", hint=f"write KEY=PATTERN; keys: {', '.join(FILTER_KEYS)}"
        )
    return key, pattern


def _matches(about: Mapping[str, Sequence[str]], key: str, pattern: str) -> bool:
    if key:
        return any(fnmatchcase(one.lower(), pattern.lower()) for one in about.get(key, ()))
    if pattern == about["kind"][0]:
        return True
    return any(fnmatchcase(one.lower(), pattern.lower()) for one in (*about["id"], *about["name"]))


class Estate:
    """What code is made from: guests and every other recorded object that is wanted."""

    def __init__(self, documents: Documents, only: Only | None = None) -> None:
        self._documents = documents
        self._only = only or Only()

    @cached_property
    def every_guest(self) -> tuple[Guest, ...]:
        """Every guest whose configuration is recorded, by id, wanted or not."""
        configs = dict(self._documents.objects("config"))
        found = [_guest(row, configs[key]) for key, row in self._documents.objects("guest") if key in configs]
        return tuple(sorted(found, key=lambda guest: guest.vmid))

    @cached_property
    def guests(self) -> tuple[Guest, ...]:
        """The wanted guests, by id."""
        return tuple(guest for guest in self.every_guest if self._takes_guest(guest))

    def _takes_guest(self, guest: Guest) -> bool:
        pool = [guest.pool] if guest.pool else []
        return self._only.takes(
            guest.kind, str(guest.vmid), guest.name, {"tag": guest.tags, "pool": pool, "node": [guest.node]}
        )


def _guest(row: JsonObject, config: JsonObject) -> Guest:
    sort = "lxc" if row.get("type") == "lxc" else "qemu"
    return Guest(
        KINDS[sort],
        integer(row, "vmid") or 0,
        text(row, "name"),
        text(row, "node") or "",
        text(row, "status") or "unknown",
        boolean(row, "template"),
        tuple(split_list(text(row, "tags"))),
        text(row, "pool"),
        config,
        row,
    )
