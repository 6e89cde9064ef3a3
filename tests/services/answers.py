"""A Source that answers from a table."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.json import Json, Param
from proxmox_mpc.domain.source import Answer, Query
from proxmox_mpc.errors import NotFound, PmpcError


class Answers:
    """Paths to answers, or to the error that is raised; ``changes`` stand beside a node's network.

    A path that is not in the table is unknown to the server, as PVE answers what its release does not have. Long lists
    are handed out in pieces where ``start`` and ``limit`` ask for it.
    """

    def __init__(
        self, table: Mapping[str, Json | PmpcError], *, changes: Mapping[str, str] | None = None, live: bool = True
    ) -> None:
        self.table = dict(table)
        self.changes = dict(changes or {})
        self.live = live
        self.asked: list[tuple[str, dict[str, Param]]] = []

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [path for path, _ in self.asked]

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        self.asked.append((path, dict(params or {})))
        if path not in self.table:
            raise NotFound(f"this Proxmox VE has no GET {path}", details={"status": 501})
        found = self.table[path]
        if isinstance(found, PmpcError):
            raise found
        start, limit = (params or {}).get("start"), (params or {}).get("limit")
        if isinstance(found, list) and isinstance(start, int) and isinstance(limit, int):
            found = found[start : start + limit]
        return copy.deepcopy(found)

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        data, whole = self.read(path, params), self.table[path]
        return Answer(data, len(whole) if isinstance(whole, list) else None, self.changes.get(path))

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        answers: list[Json | PmpcError] = []
        for query in queries:
            try:
                answers.append(self.read(query.path, query.params))
            except PmpcError as error:
                answers.append(error)
        return answers
