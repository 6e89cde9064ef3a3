"""What a cluster answered, by path: read leniently, since every release answers a little otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from proxmox_mpc.simulator.json import Json, JsonObject


class Documents:
    """Answers of a cluster by their path, as PVE gives them; what is not there is empty."""

    def __init__(self, found: Mapping[str, Json]) -> None:
        self._found = found

    def __contains__(self, path: str) -> bool:
        return path in self._found

    def rows(self, path: str) -> list[JsonObject]:
        """Return a list's objects."""
        return rows_of(self._found.get(path))

    def object(self, path: str) -> JsonObject:
        """Return an object."""
        found = self._found.get(path)
        return found if isinstance(found, dict) else {}

    def matching(self, pattern: re.Pattern[str]) -> Iterator[tuple[tuple[str, ...], Json]]:
        """Yield the groups of every path that a pattern matches (empty where one took no part), with its document."""
        for path, document in self._found.items():
            match = pattern.fullmatch(path)
            if match is not None:
                yield match.groups(""), document


def rows_of(value: Json) -> list[JsonObject]:
    """Return the objects of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def number(value: Json, default: int = 0) -> int:
    """Return a whole number, whatever form it came in."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return default


def without(row: JsonObject, *names: str) -> JsonObject:
    """Return an object without some keys, and without the digest that every file's rows carry."""
    return {key: value for key, value in row.items() if key not in (*names, "digest")}
