"""What the stub reads instead of a cluster: PVE's documents by recorded kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from proxmox_mpc.domain.json import JsonObject


class Documents(Protocol):
    """Recorded documents by kind, as ``state.RecordedSource`` gives them."""

    def objects(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        """Return key and document of every object of a kind."""
        ...


class Fixed:
    """Documents written down: ``{kind: {key: document}}``."""

    def __init__(self, by_kind: Mapping[str, Mapping[str, JsonObject]]) -> None:
        self._by_kind = by_kind

    def objects(self, kind: str) -> list[tuple[str, JsonObject]]:
        """Return key and document of every object of a kind."""
        return list(self._by_kind.get(kind, {}).items())


class World:
    """The documents, with an index of each kind, and which release of the provider reads them.

    Release ``0.111.1`` is the newest that is known to be published with its sources; ``0.112`` reads containers as the
    development branch after it does: it fills in what only the provider knows.
    """

    def __init__(self, documents: Documents, release: str = "0.111.1") -> None:
        self.release = release
        self._documents = documents
        self._known: dict[str, dict[str, JsonObject]] = {}

    def kind(self, kind: str) -> dict[str, JsonObject]:
        """Return the documents of a kind by their key."""
        if kind not in self._known:
            self._known[kind] = dict(self._documents.objects(kind))
        return self._known[kind]

    def rows(self, kind: str, **fields: str) -> Iterator[JsonObject]:
        """Yield the documents of a kind whose fields have these values."""
        for row in self.kind(kind).values():
            if all(str(row.get(name, "")) == value for name, value in fields.items()):
                yield row

    def one(self, kind: str, **fields: str) -> JsonObject | None:
        """Return the first document whose fields have these values."""
        return next(self.rows(kind, **fields), None)
