"""Recorded objects by kind: as last seen, with their moving values, or as they were at some run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.moments import Moment, epoch
from proxmox_mpc.errors import NotRecorded
from proxmox_mpc.state.kinds import KINDS, Kind, marked
from proxmox_mpc.state.light import Light
from proxmox_mpc.state.past import FLOOR, AsOf, floor_of, no_run, too_early
from proxmox_mpc.state.recorded_past import as_it_was, storage_states
from proxmox_mpc.state.times import stamp

Names = Mapping[str, str]
"""The values of a path's variables."""
Params = Mapping[str, Param]


def asked(params: Params, name: str) -> bool:
    """Return whether a parameter is set, in each of the ways in which a true one is sent."""
    return params.get(name) in (1, True, "1")


class Shelf:
    """Reads documents for ``RecordedSource``; ``run`` is None for now, else the run after which to look."""

    def __init__(self, light: Light, at: Moment | None = None) -> None:
        self._light = light
        self.as_of = None if at is None else self._as_of(at)
        self.run = None if self.as_of is None else self.as_of.run
        self.left_out: set[str] = set()
        """What belongs to an answer about a past moment and has no history."""
        self._covered: dict[tuple[str, str | None], bool] = {}

    def require(self, group: str, node: str | None = None) -> None:
        """Raise NotRecorded unless some pull has read the group, on that node where one is given."""
        if (group, node) not in self._covered:
            self._covered[group, node] = self._is_covered(group, node)
        if not self._covered[group, node]:
            place = "" if node is None else f" of node {node}"
            if self.as_of is not None:
                raise NotRecorded(
                    f"by {self.as_of.finished} no pull had recorded the {group} objects{place}",
                    hint="pmpc sync log --wide shows what each pull read",
                )
            raise NotRecorded(
                f"no pull has recorded the {group} objects{place} yet", hint=f"run: pmpc sync pull --only {group}"
            )

    def _is_covered(self, group: str, node: str | None) -> bool:
        if self.run is not None:
            return self._was_covered(group, node)
        where, parameters = '"group" = ?', [group]
        if node is not None:
            where, parameters = "\"group\" = ? AND node IN ('', ?)", [group, node]
        return bool(self._light.rows(f"SELECT 1 FROM coverage WHERE {where} LIMIT 1", parameters))  # noqa: S608

    def _was_covered(self, group: str, node: str | None) -> bool:
        """Return whether a run up to the one looked at has read the group; of a partial one only objects prove it."""
        query = "SELECT outcome, scope FROM run WHERE id <= ? AND outcome <> 'failed' ORDER BY id DESC"
        for outcome, scope in self._light.rows(query, (self.run,)):
            said = json.loads(str(scope))
            if outcome == "done" and group in said["groups"] and said["node"] in (None, node):
                return True
        kinds = [kind.name for kind in KINDS.values() if kind.group == group and kind.history]
        query = "SELECT 1 FROM object_version WHERE kind = ? AND valid_from <= ? LIMIT 1"
        return any(self._light.rows(query, (kind, self.run)) for kind in kinds)

    def all(self, kind: str, prefix: str = "") -> list[tuple[str, JsonObject]]:
        """Return key and object of every recorded one whose key begins so, in order of the key."""
        known = KINDS[kind]
        if self.as_of is not None and not known.history:
            return [(name, row) for name, row in self._derived(known, self.as_of) if name.startswith(prefix)]
        key = "key" if self.run is None and known.moving else "v.key"
        where, parameters = "", []
        if prefix:
            where, parameters = f" AND {key} >= ? AND {key} < ?", [prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)]
        return self._read(known, where, parameters)

    def one(self, kind: str, key: str) -> JsonObject | None:
        """Return one object, without a mark; None where it is not recorded."""
        known = KINDS[kind]
        if self.as_of is not None and not known.history:
            return dict(self._derived(known, self.as_of)).get(key)
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
            what = path.replace("?other", " about sdn, network and pool")
            raise NotRecorded(f"GET {what} has no history", hint="with --offline alone you see it as last recorded")
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
        if self.run is not None and kind.name in ("node", "guest"):
            # History leaves out what only repeats the key.
            objects = [
                {"id": f"{row.get('type', 'node')}/{key}", "type": "node", **row}
                for (key, *_), row in zip(found, objects, strict=True)
            ]
        return [
            (str(key), marked(row, None if since is None or not mark else str(since)))
            for (key, _, since), row in zip(found, objects, strict=True)
        ]

    def _derived(self, kind: Kind, as_of: AsOf) -> list[tuple[str, JsonObject]]:
        """Return the objects of a kind without history as far as something else tells them."""
        if kind.name == "storage_status":
            return storage_states(self)
        moment = epoch(as_of.finished)
        found = self._light.rows("SELECT key, data FROM task WHERE started <= ? ORDER BY key", (int(moment),))
        return [(str(key), as_it_was(json.loads(str(data)), moment)) for key, data in found]

    def _as_of(self, moment: Moment) -> AsOf:
        floor = floor_of(next((row[0] for row in self._light.rows(_FLOOR, (FLOOR,))), None))
        if moment.run is not None:
            found = self._light.rows(f"{_RUN} WHERE id = ?", (moment.run,))
            if not found and moment.run >= floor:
                raise no_run(moment.run)
        else:
            found = self._light.rows(f"{_GOOD} AND finished <= ? ORDER BY id DESC LIMIT 1", (stamp(moment.at or 0.0),))
        first = [_ended(row) for row in self._light.rows(f"{_GOOD} AND id >= ? ORDER BY id LIMIT 1", (floor,))]
        if not found or not first or _ended(found[0]).run < first[0].run:
            raise too_early(moment, (first[0].run, first[0].finished) if first else None, floor > 0)
        return _ended(found[0])


_FLOOR = "SELECT value FROM state_meta WHERE name = ?"
_RUN = "SELECT id, finished, outcome FROM run"
_GOOD = f"{_RUN} WHERE outcome <> 'failed'"


def _ended(row: Sequence[object]) -> AsOf:
    run, finished, outcome = row
    assert isinstance(run, int)
    return AsOf(run, str(finished), str(outcome))
