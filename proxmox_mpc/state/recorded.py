"""The database read as if it were a server: the same paths, answered in PVE's shapes from what the last pulls saw."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.moments import Moment, Now, epoch
from proxmox_mpc.domain.source import Answer, Query
from proxmox_mpc.errors import NotRecorded, PmpcError
from proxmox_mpc.state.light import Light
from proxmox_mpc.state.recorded_routes import ROUTES, Route
from proxmox_mpc.state.server import Server
from proxmox_mpc.state.shelf import Shelf


class LastPull(NamedTuple):
    """The last run that read something: when it ended (ISO 8601), how, and its age in seconds."""

    run: int
    finished: str
    outcome: str
    age: int


class RecordedSource:
    """Answers GET requests from the database; raises NotRecorded for what no pull keeps.

    A row that the last pull could not confirm carries ``pmpc-stale-since``. With ``at`` objects are as the last run
    up to then left them, without their moving values, which have no history; ``as_of`` is that run.
    """

    live = False

    def __init__(self, place: Path | Server, *, at: Moment | None = None, now: Now = time.time) -> None:
        """Open the database for reading; raises NotRecorded where there is none, StateError and its kind otherwise.

        NotRecorded also for a moment before the first run, NotFound for a run that never was.
        """
        self._now = now
        self._light = Light(place, now)
        try:
            self._shelf = Shelf(self._light, at)
        except PmpcError:
            self._light.close()
            raise
        self.as_of = self._shelf.as_of

    def close(self) -> None:
        """Close the database."""
        self._light.close()

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        """Return what a GET of that path answered when it was last pulled."""
        return self.answer(path, params).data

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        """Return data and total of a GET as last pulled."""
        segments = tuple(unquote(segment) for segment in path.strip("/").split("/"))
        given = {name: value for name, value in (params or {}).items() if value is not None}
        route, names = _find(segments)
        if route is None:
            raise NotRecorded(f"GET {path} is not kept in the database", hint="leave --offline away to ask the server")
        unknown = given.keys() - set(route.params)
        if unknown:
            raise NotRecorded(
                f"GET {path} with {', '.join(sorted(unknown))} cannot be answered from the database",
                hint="leave --offline away to ask the server",
            )
        data = route.answer(self._shelf, names, given)
        return Answer(data, len(data) if isinstance(data, list) else None)

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return many answers in their order; a failure stands in its place."""
        answers: list[Json | PmpcError] = []
        for query in queries:
            try:
                answers.append(self.read(query.path, query.params))
            except PmpcError as error:
                answers.append(error)
        return answers

    @property
    def left_out(self) -> list[str]:
        """What answers about a past moment lacked, for those who show them raw."""
        return sorted(self._shelf.left_out)

    def objects(self, kind: str) -> list[tuple[str, JsonObject]]:
        """Return key and document of every recorded object of a kind (``kinds.KINDS``), stale ones marked."""
        return self._shelf.all(kind)

    def last_pull(self) -> LastPull:
        """Return the last run that read something; raises NotRecorded where there was none."""
        query = "SELECT id, finished, outcome FROM run WHERE outcome <> 'failed' ORDER BY id DESC LIMIT 1"
        found = self._light.rows(query)
        if not found:
            raise NotRecorded("nothing has been pulled yet")
        run, finished, outcome = found[0]
        assert isinstance(run, int)
        return LastPull(run, str(finished), str(outcome), max(0, int(self._now() - epoch(str(finished)))))


def _find(segments: tuple[str, ...]) -> tuple[Route | None, dict[str, str]]:
    for route in ROUTES:
        if len(route.pattern) == len(segments):
            names: dict[str, str] = {}
            for expected, given in zip(route.pattern, segments, strict=True):
                if expected.startswith("{"):
                    names[expected[1:-1]] = given
                elif expected != given:
                    break
            else:
                return route, names
    return None, {}
