"""A source that asks for nothing twice: for plans over many guests, which all rest on the same few answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.json import Json, Param
from proxmox_mpc.domain.source import Answer, Query, Source
from proxmox_mpc.errors import PmpcError


class ReadOnce:
    """Answers from ``source``, and a second time from memory; failures are asked for again.

    For planning only: what a step reads when its turn comes must be as it is then.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[tuple[str, str], Json] = {}
        self.live = source.live

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        """Return the ``data`` of one GET."""
        key = _key(path, params)
        if key not in self._known:
            self._known[key] = self._source.read(path, params)
        return self._known[key]

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        """Return ``data`` and ``total`` of one GET, asked for anew."""
        return self._source.answer(path, params)

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return the ``data`` of many GETs in their order; a failure stands in its place."""
        missing = [query for query in queries if _key(query.path, query.params) not in self._known]
        found: dict[tuple[str, str], Json | PmpcError] = {}
        for query, answer in zip(missing, self._source.read_many(missing), strict=True):
            found[_key(query.path, query.params)] = answer
        self._known |= {key: answer for key, answer in found.items() if not isinstance(answer, PmpcError)}
        known = {**self._known, **found}
        return [known[_key(query.path, query.params)] for query in queries]


def _key(path: str, params: Mapping[str, Param] | None) -> tuple[str, str]:
    return path, repr(sorted((params or {}).items()))
