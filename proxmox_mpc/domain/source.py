"""The seam between reading and what is read: a live server and the recorded state answer the same paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import quote

from proxmox_mpc.domain.json import Json, Param
from proxmox_mpc.domain.slot import Slot
from proxmox_mpc.errors import PmpcError

T = TypeVar("T")


def api_path(*segments: str | int | Slot) -> str:
    """Join path segments, each percent-encoded, so that no name can leave its place in the path; a slot stays one."""
    return "/" + "/".join(str(one) if isinstance(one, Slot) else quote(str(one), safe="") for one in segments)


class Answer(NamedTuple):
    """The value under ``data`` in an answer, and what some lists carry beside it.

    ``total`` comes with tasks and logs, ``changes`` with a node's network: what is not applied yet, as a diff.
    """

    data: Json
    total: int | None = None
    changes: str | None = None


class Query(NamedTuple):
    """One GET: a path made by ``api_path`` and its parameters."""

    path: str
    params: Mapping[str, Param] = MappingProxyType({})


STALE = "pmpc-stale-since"
"""The key of a recorded row that the last pull could not confirm; its value is a time."""


class Source(Protocol):
    """Answers GET requests of the PVE API: the live server (api.Api) or the database (state.RecordedSource).

    Every method raises PmpcError; RecordedSource raises NotRecorded for what a pull does not keep.
    """

    live: bool

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        """Return the ``data`` of one GET."""

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        """Return ``data`` and ``total`` of one GET."""

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return the ``data`` of many GETs in their order, by a bounded pool; a failure stands in its place."""


class Warn(NamedTuple):
    """Something the user must know about an answer: code, text, what to do, and plain JSON details."""

    code: str
    message: str
    hint: str | None = None
    details: Mapping[str, Json] = MappingProxyType({})


class Reading(NamedTuple, Generic[T]):
    """A value and what is to be said of it; ``partial`` when something that was asked for could not be read."""

    value: T
    warnings: tuple[Warn, ...] = ()
    partial: bool = False
