"""What happens later of itself: nodes that go down and come back, what the HA manager and the scheduler do.

An event is an object with ``at`` (epoch seconds), ``kind`` and what that needs; those of a world wait in its document
``/events`` and are saved with it.
"""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import World

WAITING = "/events"
Happening = Callable[[World, float, JsonObject], None]


def expect(world: World, at: float, kind: str, **details: str | int | float) -> None:
    """Let something happen at a time."""
    waiting = world.documents.setdefault(WAITING, [])
    if isinstance(waiting, list):
        waiting.append({"at": at, "kind": kind, **details})


def expected(world: World, kind: str, **details: str | int | float) -> bool:
    """Return whether such an event is to come."""
    return any(event["kind"] == kind and details.items() <= event.items() for event in _waiting(world))


def _waiting(world: World) -> list[JsonObject]:
    waiting = world.documents.get(WAITING)
    return [event for event in waiting if isinstance(event, dict)] if isinstance(waiting, list) else []


def settle(world: World, now: float) -> bool:
    """Let everything happen whose time has come, in order; return whether there was anything."""
    moved = False
    while due := [event for event in _waiting(world) if float(str(event["at"])) <= now]:
        event = min(due, key=lambda event: float(str(event["at"])))
        world.documents[WAITING] = [other for other in _waiting(world) if other is not event]
        _happening(str(event["kind"]))(world, float(str(event["at"])), event)
        moved = True
    return moved


def _happening(kind: str) -> Happening:
    from proxmox_mpc.simulator.happenings import KINDS

    return KINDS[kind]
