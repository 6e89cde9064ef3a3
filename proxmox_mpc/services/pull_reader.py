"""What every part of a pull shares: bounded reading that keeps failures in their place, findings, warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.source import Query, Source, Warn
from proxmox_mpc.errors import (
    AuthenticationError,
    NodeUnreachable,
    PermissionDenied,
    PmpcError,
    RequestTimeout,
    ServerBusy,
    TlsError,
    Unreachable,
)
from proxmox_mpc.state.batch import Findings, Item
from proxmox_mpc.state.documents import canonical, digest, without_secrets
from proxmox_mpc.state.history import current_digests
from proxmox_mpc.state.kinds import KINDS, Cell, cells, document

if TYPE_CHECKING:
    from proxmox_mpc.services.pull_rights import Rights
    from proxmox_mpc.state.store import StateStore

CHUNK = 512
"""Answers in memory at once; enough to keep every connection busy."""

Progress = Callable[[str, int, int], None]
"""Told what is being read, how much of it is done, and how much there is."""


@dataclass
class Pulling:
    """One pull under way: where it reads, what it may conclude, what it has found."""

    source: Source
    store: StateStore
    groups: frozenset[str]
    node: str | None
    progress: Progress
    explicit: bool = False
    """Whether the groups were asked for by name, not by default."""
    requests: int = 0
    quorate: bool | None = None
    """None where it could not be read."""
    members: frozenset[str] = frozenset()
    online: set[str] = field(default_factory=set)
    rights: Rights | None = None
    release: int = 0
    resources: list[JsonObject] = field(default_factory=list)
    findings: dict[str, Findings] = field(default_factory=dict)
    answers: dict[str, Json] = field(default_factory=dict)
    coverage: list[tuple[str, str]] = field(default_factory=list)
    warnings: dict[tuple[str, str], Warn] = field(default_factory=dict)
    partial: bool = False
    gone_guests: set[str] = field(default_factory=set)
    _recorded: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, path: str, params: dict[str, str | int] | None = None) -> Json | PmpcError:
        """Return one answer or its error; raises what would fail for every other request too."""
        return self.read_many([Query(path, params or {})])[0]

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return many answers, each error in its place; raises what would fail for every other request too.

        A node that does not answer counts as offline from then on.
        """
        self.requests += len(queries)
        answers = self.source.read_many(queries)
        for query, answer in zip(queries, answers, strict=True):
            if isinstance(answer, PmpcError):
                if _fatal(answer):
                    raise answer
                if isinstance(answer, NodeUnreachable) and query.path.startswith("/nodes/"):
                    self.silent(query.path.split("/")[2])
        return answers

    def read_chunks(self, queries: Sequence[Query], what: str) -> Iterable[list[tuple[int, Json | PmpcError]]]:
        """Yield answers with the index of their query, a chunk at a time; queries to silent nodes are left out."""
        for start in range(0, len(queries), CHUNK):
            self.progress(what, start, len(queries))
            chosen = [
                index
                for index in range(start, min(start + CHUNK, len(queries)))
                if not queries[index].path.startswith("/nodes/") or queries[index].path.split("/")[2] in self.online
            ]
            answers = self.read_many([queries[index] for index in chosen])
            yield list(zip(chosen, answers, strict=True))
        self.progress(what, len(queries), len(queries))

    def silent(self, node: str) -> None:
        """Note that a node does not answer."""
        self.online.discard(node)
        self.warn(
            "node_offline",
            f"node {node} does not answer: what it holds is kept as last seen",
            details={"node": node},
        )

    def unread(self, what: str, error: PmpcError) -> None:
        """Note that something could not be read; what is recorded of it stays."""
        if isinstance(error, NodeUnreachable):
            self.partial = True  # said once, for the node
            return
        hint = None
        if isinstance(error, PermissionDenied):
            hint = error.hint or "give the token a role with the audit privileges, such as PVEAuditor"
        self.warn("not_read", f"{what} could not be read: {error.message}", hint=hint, details={"code": error.code})

    def warn(self, code: str, message: str, *, hint: str | None = None, details: JsonObject | None = None) -> None:
        """Say something once; the pull counts as partial."""
        self.partial = True
        self.warnings.setdefault((code, message), Warn(code, message, hint, details or {}))

    def found(self, kind: str) -> Findings:
        """Return the findings of a kind, to add to."""
        return self.findings.setdefault(kind, Findings(kind))

    def covered(self, group: str, node: str = "") -> None:
        """Note that a group was read in full."""
        self.coverage.append((group, node or self.node or ""))

    def recorded(self, kind: str) -> Mapping[str, str]:
        """Return the recorded objects of a kind: their digests by key."""
        if kind not in self._recorded:
            self._recorded[kind] = current_digests(self.store, kind)
        return self._recorded[kind]

    def see(self, kind: str, key: str, row: JsonObject, **columns: Cell) -> Item:
        """Add an object that was read to the findings; returns what the store is to keep of it."""
        known = KINDS[kind]
        kept = document(known, row)
        text = canonical(kept)
        made = Item(key, text if known.history else None, digest(text), {})
        if not known.moving and not columns and self.recorded(kind).get(key) == made.digest:
            self.found(kind).confirmed.add(key)
            return made
        made.columns = {**cells(known, row if known.moving else kept), **columns}
        if known.moving:
            made.data = canonical(without_secrets(row, known.secret))
        self.found(kind).seen.append(made)
        return made

    def vanished(self, kind: str) -> set[str]:
        """Return the recorded objects of a kind that have not been seen."""
        findings = self.found(kind)
        return self.recorded(kind).keys() - findings.confirmed - {made.key for made in findings.seen}

    def settle(
        self,
        kind: str,
        vanished: Iterable[str],
        *,
        home: Callable[[str], str | None] = lambda _key: None,
        known_unread: Callable[[str], bool] = lambda _key: False,
    ) -> None:
        """Decide what recorded objects that were not seen are: gone, or only not confirmed (absence is not deletion).

        Gone needs a quorate cluster, the object's node online (or no longer a member), and the right to see it.
        """
        findings, candidates = self.found(kind), []
        for key in vanished:
            node = home(key)
            if known_unread(key) or (node is not None and node in self.members and node not in self.online):
                findings.stale.add(key)
            else:
                candidates.append(key)
        if not candidates:
            return
        if self.quorate is not True:
            findings.stale.update(candidates)
            self._not_believed(
                kind, len(candidates), "the cluster is not quorate" if self.quorate is False else _UNKNOWN
            )
            return
        assert self.rights is not None
        visible = self.rights.visible(self, kind, candidates)
        hidden = set(candidates) - visible
        findings.gone |= visible
        findings.stale |= hidden
        if hidden:
            self._not_believed(kind, len(hidden), "the token may not see them")

    def _not_believed(self, kind: str, count: int, why: str) -> None:
        self.warn(
            "absence_not_believed",
            f"{count} recorded {kind.replace('_', ' ')} object(s) were not seen, but {why}: kept as last seen",
            details={"kind": kind, "count": count},
        )


_UNKNOWN = "whether the cluster is quorate could not be read (Sys.Audit on /)"


def _fatal(error: PmpcError) -> bool:
    """Tell whether every other request would fail in the same way."""
    if isinstance(error, (AuthenticationError, TlsError)):
        return True
    return isinstance(error, Unreachable) and not isinstance(error, (NodeUnreachable, RequestTimeout, ServerBusy))
