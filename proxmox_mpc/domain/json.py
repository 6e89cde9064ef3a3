"""JSON values, and tolerant readers for the ways PVE writes numbers and booleans.

PVE sends one field as ``1``, ``"1"``, ``true`` or leaves it out, depending on release and path (field report:
qemu-server 8.0.8 turned ``memory`` into a string). These readers are the one place that knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

from proxmox_mpc.errors import UnexpectedAnswer

Json: TypeAlias = Union[dict[str, "Json"], list["Json"], str, int, float, bool, None]  # noqa: UP007 (a forward reference)
JsonObject: TypeAlias = dict[str, Json]
Param: TypeAlias = str | int | float | bool | Sequence[str] | None
"""A request parameter: booleans go out as 1/0, None is left out, a sequence repeats the key."""

_TRUE = frozenset({"1", "on", "yes", "true"})


def as_object(value: Json, what: str = "the answer") -> JsonObject:
    """Return ``value`` as an object; raises UnexpectedAnswer for anything else."""
    if isinstance(value, dict):
        return value
    raise UnexpectedAnswer(f"{what} is no object but {type(value).__name__}")


def as_rows(value: Json, what: str = "the answer") -> list[JsonObject]:
    """Return ``value`` as a list of objects; raises UnexpectedAnswer for anything else."""
    if not isinstance(value, list):
        raise UnexpectedAnswer(f"{what} is no list but {type(value).__name__}")
    return [as_object(row, what) for row in value]


def inner(row: Mapping[str, Json], key: str) -> JsonObject:
    """Return the object below a key; an empty one where there is none."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def text(row: Mapping[str, Json], key: str) -> str | None:
    """Return a string field; numbers become their text, absent and null become None."""
    value = row.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float)):
        return str(value)
    return None


def integer(row: Mapping[str, Json], key: str) -> int | None:
    """Return an integer field whatever its spelling; what is no number becomes None."""
    value = number(row, key)
    return None if value is None else int(value)


def number(row: Mapping[str, Json], key: str) -> float | None:
    """Return a numeric field whatever its spelling; what is no finite number becomes None."""
    value = row.get(key)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, (str, float)):
        try:
            read = float(value)
        except ValueError:
            return None
        if read != read or read in (float("inf"), float("-inf")):
            return None
        return int(value) if isinstance(value, str) and value.lstrip("+-").isdigit() else read
    return None


def split_list(written: str | None) -> list[str]:
    """Split a list that PVE keeps as one text; it takes commas, semicolons and blanks between the parts."""
    return (written or "").replace(",", " ").replace(";", " ").split()


def listed(row: Mapping[str, Json], key: str) -> list[str]:
    """Return the parts of a list, sent as one or, by other releases and paths, as one text."""
    value = row.get(key)
    return [str(one) for one in value] if isinstance(value, list) else split_list(text(row, key))


def boolean(row: Mapping[str, Json], key: str, default: bool = False) -> bool:
    """Return a boolean field: 1, "1", true, on and yes are true (pve-common parse_boolean); absent is ``default``."""
    value = row.get(key)
    if value is None:
        return default
    if isinstance(value, str):
        return value.lower() in _TRUE
    return bool(value)
