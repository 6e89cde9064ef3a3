"""A Source of exactly the paths that a test names; every other one is asked in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proxmox_mpc.domain.json import Json, Param
from proxmox_mpc.domain.source import Answer, Query
from proxmox_mpc.errors import NotFound, NotRecorded, PmpcError


@dataclass
class Paths:
    """``answers`` by path, or by path and query (``/a?b=1``); an error is raised. ``asked`` are the paths in order."""

    answers: Mapping[str, Json | PmpcError]
    live: bool = True
    asked: list[str] = field(default_factory=list)

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        query = "&".join(f"{key}={value}" for key, value in sorted((params or {}).items()))
        self.asked.append(f"{path}?{query}" if query else path)
        found = self.answers.get(f"{path}?{query}", self.answers.get(path, _MISSING))
        if found is _MISSING:
            raise NotFound(f"no such path: {path}") if self.live else NotRecorded(f"{path} is not kept")
        if isinstance(found, PmpcError):
            raise found
        return found

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        return Answer(self.read(path, params))

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        found: list[Json | PmpcError] = []
        for query in queries:
            try:
                found.append(self.read(query.path, query.params))
            except PmpcError as error:
                found.append(error)
        return found


_MISSING = NotFound("no such path")
