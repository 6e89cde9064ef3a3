"""Recorded objects by kind: as last seen, with their moving values, or as they were at some run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.errors import NotRecorded
from proxmox_mpc.state.kinds import KINDS, Kind, marked
from proxmox_mpc.state.light import Light
from proxmox_mpc.state.times import stamp

Names = Mapping[str, str]
"""The values of a path's variables."""
Params = Mapping[str, Param]


def asked(params: Params, name: str) -> bool:
    """Return whether a parameter is set, in each of the ways in which a true one is sent."""
    return params.get(name) in (1, True, "1")


class Shelf:
    """Reads documents for ``RecordedSource``; ``run`` is None for now, else the run after which to look."""

    def __init__(self, light: Light, at: float | None = None) -> None:
        self._light = light
        self._at = None if at is None else stamp(at)
        self.run = None if at is None else self._run_at(stamp(at))

    def require(self, group: str, node: str | None = None) -> None:
        """Raise NotRecorded unless some pull has read the group, on that node where one is given."""
        where, parameters = '"group" = ?', [group]
        if node is not None:
            where, parameters = "\"group\" = ? AND node IN ('', ?)", [group, node]
        if not self._light.rows(f"SELECT 1 FROM coverage WHERE {where} LIMIT 1", parameters):  # noqa: S608
            place = "" if node is None else f" of node {node}"
            raise NotRecorded(
                f"no pull has recorded the {group} objects{place} yet", hint=f"run: pmpc sync pull --only {group}"
            )

    def all(self, kind: str, prefix: str = "") -> list[tuple[str, JsonObject]]:
        """Return key and object of every recorded one whose key begins so, in order of the key."""
        known = KINDS[kind]
        key = "key" if self.run is None and known.moving else "v.key"
        where, parameters = "", []
        if prefix:
            where, parameters = f" AND {key} >= ? AND {key} < ?", [prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)]
        return self._read(known, where, parameters)

    def one(self, kind: str, key: str) -> JsonObject | None:
        """Return one object, without a mark; None where it is not recorded."""
        known = KINDS[kind]
        column = "key" if self.run is None and known.moving else "v.key"
        found = self._read(known, f" AND {column} = ?", [key], mark=False)
        return found[0][1] if found else None

    def rows(self, kind: str, prefix: str = "") -> list[Json]:
        """Return the objects alone."""
        return [row for _, row in self.all(kind, prefix)]

    def objects(self, kind: str, prefix: str = "") -> list[JsonObject]:
        """Return the objects alone, to work with."""
        return [row for _, row in self.all(kind, prefix)]

    def answer(self, path: str) -> Json:
        """Return an answer that has no history; raises NotRecorded where there is none, and for a past moment."""
        if self.run is not None:
            raise NotRecorded(f"{path} has no history", hint="leave --at away to see it as last recorded")
        found = self._light.rows("SELECT data FROM answer WHERE path = ?", (path,))
        if not found:
            raise NotRecorded(f"{path} is not recorded")
        value: Json = json.loads(str(found[0][0]))
        return value

    def config_digest(self, vmid: str) -> str | None:
        """Return PVE's digest of a guest's configuration, where it is the current one."""
        if self.run is not None:
            return None
        found = self._light.rows("SELECT digest FROM guest_config WHERE key = ?", (vmid,))
        return None if not found or found[0][0] is None else str(found[0][0])

    def _read(
        self, kind: Kind, where: str, parameters: Sequence[object], mark: bool = True
    ) -> list[tuple[str, JsonObject]]:
        if self.run is not None:
            if not kind.history:
                return []
            query = (
                "SELECT v.key, v.doc, NULL FROM object_version v WHERE v.kind = ? AND v.valid_from <= ?"  # noqa: S608
                f" AND (v.valid_to IS NULL OR v.valid_to > ?){where} ORDER BY v.key"
            )
            found = self._light.rows(query, (kind.name, self.run, self.run, *parameters))
        elif kind.moving:
            query = f"SELECT key, data, stale_since FROM {kind.table} WHERE 1 = 1{where} ORDER BY key"  # noqa: S608
            found = self._light.rows(query, parameters)
        else:
            joined = "NULL FROM object_version v"
            if kind.table is not None:
                joined = f"t.stale_since FROM object_version v LEFT JOIN {kind.table} t ON t.key = v.key"
            query = f"SELECT v.key, v.doc, {joined} WHERE v.kind = ? AND v.valid_to IS NULL{where} ORDER BY v.key"
            found = self._light.rows(query, (kind.name, *parameters))
        # One parse of many documents is several times as fast as many parses.
        objects = json.loads("[" + ",".join(str(text) for _, text, _ in found) + "]")
        return [
            (str(key), marked(row, None if since is None or not mark else str(since)))
            for (key, _, since), row in zip(found, objects, strict=True)
        ]

    def _run_at(self, at: str) -> int:
        query = "SELECT max(id) FROM run WHERE finished <= ? AND outcome <> 'failed'"
        found = self._light.rows(query, (at,))[0][0]
        if not isinstance(found, int):
            raise NotRecorded(f"nothing was recorded by {at}", hint="pmpc sync log lists what was")
        return found
