"""Sections of PVE's configuration files: reading settings from a call, changing and deleting them (SectionConfig)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from proxmox_mpc.simulator import facts
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import ApiError, failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import family

_NEVER = frozenset(["delete", "digest", "lock-token"])


def given(call: Call, *left_out: str) -> JsonObject:
    """Return the parameters that are settings, as a file holds them: booleans as 1 and 0, arrays as they came."""
    found: JsonObject = {}
    for name, value in call.params.items():
        if name in left_out or name in _NEVER:
            continue
        found[name] = int(value) if isinstance(value, bool) else [*value] if isinstance(value, list) else value
    return found


def changed(call: Call, entry: JsonObject, *left_out: str, fixed: Iterable[str] = ()) -> JsonObject:
    """Return a section with the call's settings and without those that its ``delete`` names.

    Raises PVE's 500 for a name that is no setting, one that must stay, and one that is set and deleted at once.
    """
    settings = given(call, *left_out)
    params = facts.endpoint(family(call.template.strip("/").split("/")), call.method, call.template).params
    kept = dict(entry)
    for name in call.texts("delete"):
        param = params.get(name) or params.get(re.sub(r"\d+$", "[n]", name))
        if param is None or name in left_out or name in _NEVER:
            raise failed(f"no such option '{name}'")
        if name in fixed or not param.optional:
            raise failed(f"unable to delete required option '{name}'")
        if name in settings:
            raise failed(f"cannot set and delete property '{name}' at the same time!")
        kept.pop(name, None)
    return kept | settings


def needed(entry: JsonObject, *names: str) -> None:
    """Raise PVE's 500 for the first setting that a section of its type must have and lacks."""
    for name in names:
        if name not in entry:
            raise failed(f"missing value for required option '{name}'")


def missing(entry: JsonObject, *names: str) -> None:
    """Raise PVE's 400 for parameters that must be given and are not."""
    errors = {name: "property is missing and it is not optional" for name in names if name not in entry}
    if errors:
        raise invalid(errors)


@contextmanager
def locked(what: str) -> Iterator[None]:
    """Lead every 500 from inside by what was going on, as PVE's file locks do; other errors stay as they are."""
    try:
        yield
    except ApiError as error:
        if error.status != 500:
            raise
        raise ApiError(500, f"{what}: {error.message}") from error


def listed(value: Json) -> list[str]:
    """Return the members of a comma-separated setting."""
    return [part for part in str(value or "").split(",") if part]
