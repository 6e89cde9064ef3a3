"""From a path to its handler: families are imported when first asked for, so that one command loads one module.

A handler module holds ``routes = Routes()`` and decorates its functions::

    @routes.get("/nodes/{node}/qemu")
    def list_vms(call: Call) -> Json: ...

and ``facts/<family>.py`` holds the parameters and permission of each. Path parameters and checked parameters are in
``call.params``; what the function returns stands under ``data`` in the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from proxmox_mpc.simulator.json import Json

if TYPE_CHECKING:
    from proxmox_mpc.simulator.call import Answer, Call

Handler: TypeAlias = "Callable[[Call], Json | Answer]"

_NODE_FAMILIES = {
    "qemu": "qemu", "lxc": "lxc", "storage": "storage", "tasks": "tasks_api", "firewall": "firewall",
    "replication": "replication", "network": "network", "sdn": "sdn", "vzdump": "backup_jobs", "rrddata": "metrics",
}  # fmt: skip
_CLUSTER_FAMILIES = {
    "ha": "ha", "sdn": "sdn", "firewall": "firewall", "backup": "backup_jobs", "backup-info": "backup_jobs",
    "jobs": "backup_jobs", "replication": "replication", "tasks": "tasks_api", "metrics": "metrics",
}  # fmt: skip

MODULES: dict[str, tuple[str, ...]] = {
    "root": ("root",),
    "access": ("access", "access_writes", "login", "realms", "second_factors"),
    "pools": ("pools",),
    "storage": ("storage", "storage_writes", "uploads", "prunes"),
    "cluster": ("cluster", "cluster_writes"),
    "nodes": ("nodes", "node_writes", "node_power", "node_reads", "appliances"),
    "qemu": ("qemu", "qemu_writes", "qemu_copies", "qemu_agent", "cloudinit"),
    "lxc": ("lxc", "lxc_writes"),
    "tasks_api": ("tasks_api",),
    "firewall": ("firewall", "firewall_writes", "firewall_sets"),
    "replication": ("replication", "replication_writes"),
    "network": ("network", "network_writes"),
    "sdn": ("sdn", "sdn_writes", "sdn_subnets", "sdn_services"),
    "ha": ("ha", "ha_writes"),
    "backup_jobs": ("backup_jobs", "vzdump", "job_writes"),
    "metrics": ("metrics", "metrics_writes"),
}
"""The handler modules of a family; one that does not exist (yet) is left out."""


def family(parts: list[str]) -> str:
    """Return the family that a path (or template), split at its slashes, belongs to."""
    match parts:
        case ["access" | "pools" | "storage" as first, *_]:
            return first
        case ["cluster", second, *_]:
            return _CLUSTER_FAMILIES.get(second, "cluster")
        case ["cluster"]:
            return "cluster"
        case ["nodes", _, "qemu" | "lxc", _, "firewall", *_]:
            return "firewall"
        case ["nodes", _, "qemu" | "lxc", _, "rrddata" | "rrd"] | ["nodes", _, "storage", _, "rrddata" | "rrd"]:
            return "metrics"
        case ["nodes", _, third, *_]:
            return _NODE_FAMILIES.get(third, "nodes")
        case ["nodes", *_]:
            return "nodes"
        case _:
            return "root"


class Routes:
    """The handlers of one module, by method and path template."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], Handler] = {}

    def _add(self, method: str, template: str) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.table[method, template] = handler
            return handler

        return keep

    def get(self, template: str) -> Callable[[Handler], Handler]:
        """Register the handler of GET ``template``."""
        return self._add("GET", template)

    def post(self, template: str) -> Callable[[Handler], Handler]:
        """Register the handler of POST ``template``."""
        return self._add("POST", template)

    def put(self, template: str) -> Callable[[Handler], Handler]:
        """Register the handler of PUT ``template``."""
        return self._add("PUT", template)

    def delete(self, template: str) -> Callable[[Handler], Handler]:
        """Register the handler of DELETE ``template``."""
        return self._add("DELETE", template)

    def index(self, template: str, *names: str, key: str = "subdir") -> None:
        """Register the directory answer of ``template``: a list of its children."""

        def children(_call: Call) -> Json:
            return [{key: name} for name in names]

        self.table["GET", template] = children


@dataclass(frozen=True, slots=True)
class Found:
    """The handler of a request, with the parameters that its path holds (still encoded as text)."""

    family: str
    template: str
    handler: Handler
    params: dict[str, str]


@cache
def handlers(name: str) -> dict[tuple[str, str], Handler]:
    """Return all handlers of a family."""
    table: dict[tuple[str, str], Handler] = {}
    for module in MODULES[name]:
        full = f"proxmox_mpc.simulator.handlers.{module}"
        try:
            table.update(import_module(full).routes.table)
        except ModuleNotFoundError as missing:
            if missing.name != full:
                raise
    return table


@cache
def _patterns(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    templates = {template for _, template in handlers(name)}
    return tuple((template, tuple(template.strip("/").split("/"))) for template in sorted(templates))


def find(method: str, parts: list[str]) -> Found | None:
    """Return the handler of ``method`` for a decoded, split path; None when there is none (501).

    Fixed parts win over placeholders, and ``{volume}`` takes the rest of the path, as in PVE's own matcher.
    """
    name = family(parts)
    best: tuple[int, str, dict[str, str]] | None = None
    for template, pattern in _patterns(name):
        taken = _match(pattern, parts)
        fixed = sum(not part.startswith("{") for part in pattern)
        if taken is not None and (best is None or fixed > best[0]):
            best = fixed, template, taken
    if best is None or (method, best[1]) not in handlers(name):
        return None
    return Found(name, best[1], handlers(name)[method, best[1]], best[2])


def _match(pattern: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    if pattern == ("",):
        return {} if not parts else None
    taken: dict[str, str] = {}
    for at, part in enumerate(pattern):
        if part == "{volume}" and at < len(parts) and at == len(pattern) - 1:
            return {**taken, "volume": "/".join(parts[at:])}
        if at >= len(parts):
            return None
        if part.startswith("{"):
            taken[part[1:-1]] = parts[at]
        elif part != parts[at]:
            return None
    return taken if len(pattern) == len(parts) else None
