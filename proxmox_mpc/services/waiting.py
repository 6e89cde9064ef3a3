"""Waiting for guests: until they run, are off, have an address, or their agent answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeGuard

from proxmox_mpc.domain.guest_config import nics
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, text
from proxmox_mpc.domain.shape import Field, either
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import Conflict, NotFound, PermissionDenied, PmpcError, ServerError, Unreachable, WaitExpired
from proxmox_mpc.services.guest_facts import now_of
from proxmox_mpc.services.guest_network import agent_addresses, container_addresses
from proxmox_mpc.services.guest_order import CHUNK
from proxmox_mpc.services.guests import find_guest

Goal: TypeAlias = Literal["running", "stopped", "ip", "agent"]
Clock: TypeAlias = Callable[[], float]
GOALS: tuple[Goal, ...] = ("running", "stopped", "ip", "agent")
WAITED = either(
    Field("kind", "string", "vm or ct", choices=("vm", "ct")),
    Field("id", "integer", "the guest's id"),
    Field("name", "string?", "its name"),
    Field("node", "string", "the node it is on"),
    Field("for", "string", "what was waited for", choices=GOALS),
    Field("status", "string", "its state: running, stopped"),
    Field("ip", "string?", "its first address, IPv4 before IPv6 (--for ip)", title="IP"),
    Field("addresses", "list", "all of its addresses (--for ip)", level="wide"),
    Field("waited", "number", "how long was waited for it", unit="seconds"),
    doc="Guests that have come to what was waited for: one object, or an array where argv can name several.",
)
AGENT_GRACE = 10.0
"""Seconds that an agent which is switched on has to answer, before cloud-init's static address counts."""
_PAUSES = (0.25, 0.5, 1.0, 2.0)


@dataclass(slots=True)
class _Awaited:
    """One guest and what was last seen of it; ``why``: what it still lacks."""

    ref: GuestRef
    why: str = "nothing was seen of it"
    status: str = "unknown"
    addresses: list[str] = field(default_factory=list)
    config: JsonObject | None = None
    ran_since: float | None = None
    came: float | None = None


def wait_for(
    source: Source,
    refs: Sequence[GuestRef],
    goal: Goal,
    *,
    timeout: float,
    clock: Clock,
    sleep: Callable[[float], None],
) -> list[JsonObject]:
    """Return a row for each guest once all have come to it; raises WaitExpired that says what the others lack.

    A node that does not answer for a while, and a guest that moves, are waited for like the rest.
    """
    began = clock()
    awaited = [_Awaited(ref) for ref in refs]
    pauses = iter(_PAUSES)
    while True:
        left = [one for one in awaited if one.came is None]
        for at in range(0, len(left), CHUNK):
            _look(source, left[at : at + CHUNK], goal, clock, min(AGENT_GRACE, timeout / 2))
        left = [one for one in left if one.came is None]
        if not left:
            return [_row(one, goal, began) for one in awaited]
        remaining = timeout - (clock() - began)
        if remaining <= 0:
            raise _expired(left, goal, timeout)
        sleep(min(next(pauses, _PAUSES[-1]), remaining))


def _look(source: Source, some: Sequence[_Awaited], goal: Goal, clock: Clock, grace: float) -> None:
    """See how guests are now; those that have come to it get the time."""
    ready: list[_Awaited] = []
    for one, now in zip(some, now_of(source, [one.ref for one in some]), strict=True):
        if isinstance(now, PmpcError):
            _not_seen(source, one, now)
            continue
        one.status, one.why = now.status, f"it is {now.status}"
        if now.status != "running":
            one.ran_since = None
        elif one.ran_since is None:
            one.ran_since = clock()
        if goal in ("running", "stopped"):
            one.came = clock() if now.status == goal else None
        elif now.status == "running":
            ready.append(one)
    if goal == "agent":
        _ask_agents(source, ready, clock)
    elif goal == "ip":
        _ask_addresses(source, ready, clock, grace)


def _not_seen(source: Source, one: _Awaited, error: PmpcError) -> None:
    if isinstance(error, NotFound):
        # It may have gone to another node; one that is deleted is not found there either.
        one.ref = find_guest(source, str(one.ref.vmid))
    elif not isinstance(error, Unreachable):
        raise error
    one.why = error.message


def _ask_agents(source: Source, some: Sequence[_Awaited], clock: Clock) -> None:
    answers = source.read_many([Query(one.ref.path("agent", "info")) for one in some])
    for one, answer in zip(some, answers, strict=True):
        if _answered(answer, one):
            one.came = clock()


def _ask_addresses(source: Source, some: Sequence[_Awaited], clock: Clock, grace: float) -> None:
    queries = [
        Query(one.ref.path("interfaces") if one.ref.type == "lxc" else one.ref.path("agent", "network-get-interfaces"))
        for one in some
    ]
    for one, answer in zip(some, source.read_many(queries), strict=True):
        if one.config is None:
            one.config = as_object(source.read(one.ref.path("config")), "the configuration")
        if _answered(answer, one):
            read = container_addresses if one.ref.type == "lxc" else agent_addresses
            one.addresses = _own(read(answer), one.config)
            one.why = "it has no address yet"
        elif one.ref.type == "qemu" and _agent_had_its_time(one, clock, grace):
            one.addresses = static_addresses(one.config)
            if not one.addresses:
                one.why += ", and cloud-init sets no static address"
        one.came = clock() if one.addresses else None


def _answered(answer: Json | PmpcError, one: _Awaited) -> TypeGuard[Json]:
    """Whether the guest's inside answered; what may pass is noted, anything else is raised."""
    if not isinstance(answer, PmpcError):
        return True
    if isinstance(answer, PermissionDenied) or not isinstance(answer, (Conflict, ServerError, Unreachable)):
        raise answer
    one.why = answer.message
    return False


def _agent_had_its_time(one: _Awaited, clock: Clock, grace: float) -> bool:
    switched_on = (text(one.config or {}, "agent") or "0").removeprefix("enabled=")[:1] == "1"
    return not switched_on or (one.ran_since is not None and clock() - one.ran_since >= grace)


def _own(rows: Sequence[JsonObject], config: JsonObject) -> list[str]:
    """Return the addresses that others can reach, those of the guest's network cards first, IPv4 before IPv6."""
    macs = {(text(nic, "mac") or "-").upper() for nic in nics(config)}
    reachable = [row for row in rows if row["scope"] == "global"]
    # Inside there may be bridges of its own, such as docker0, which lead nowhere.
    mine = [row for row in reachable if row["mac"] in macs] or reachable
    return [str(row["address"]) for row in sorted(mine, key=lambda row: row["family"] != "inet")]


def static_addresses(config: JsonObject) -> list[str]:
    """Return the addresses that cloud-init gives a VM's cards, IPv4 before IPv6; what DHCP will give is not known."""
    found = [text(nic, key) or "" for key in ("ip", "ip6") for nic in nics(config)]
    return [address.partition("/")[0] for address in found if address not in ("dhcp", "manual", "auto", "")]


def _row(one: _Awaited, goal: Goal, began: float) -> JsonObject:
    ref = one.ref
    return {
        "kind": ref.kind,
        "id": ref.vmid,
        "name": ref.name,
        "node": ref.node,
        "for": goal,
        "status": one.status,
        "ip": one.addresses[0] if one.addresses else None,
        "addresses": [*one.addresses],
        "waited": round((one.came or began) - began, 3),
    }


def _expired(left: Sequence[_Awaited], goal: Goal, timeout: float) -> WaitExpired:
    what = {"ip": "an address", "agent": "an answer of its agent"}.get(goal, f"being {goal}")
    named = "; ".join(f"{one.ref.label}: {one.why}" for one in left[:5])
    more = f" … and {len(left) - 5} more" if len(left) > 5 else ""
    silent = goal in ("ip", "agent") and any(one.ref.type == "qemu" and one.status == "running" for one in left)
    hint = (
        "the agent must be installed and started in the guest, and switched on for the VM: pmpc vm set GUEST --agent"
        if silent
        else "wait longer: --timeout; what is going on: pmpc task list --running"
    )
    return WaitExpired(
        f"after {timeout:g} s without {what}: {named}{more}",
        hint=hint,
        details={"left": [one.ref.vmid for one in left], "why": {str(one.ref.vmid): one.why for one in left[:20]}},
    )
