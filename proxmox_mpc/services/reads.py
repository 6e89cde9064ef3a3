"""Reading several paths for one answer: what fails is said and left out, and one node that is down sinks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from proxmox_mpc.domain.json import Json, JsonObject, Param, as_rows, text
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.domain.source import Query, Reading, Source, Warn, api_path
from proxmox_mpc.errors import AuthenticationError, NotFound, NotRecorded, PmpcError, TlsError

STALE_SINCE = Field(
    "stale_since",
    "time?",
    "when it was last seen, where the answer is from the database and not fresh",
    level="filled",
    title="LAST SEEN",
)
_NOT_IMPLEMENTED = 501
_NAMED = 3


def warning_of(what: str, error: PmpcError) -> Warn:
    """Return the warning that ``what`` could not be read."""
    return Warn(error.code, f"{what} could not be read: {error.message}", error.hint, {"what": what})


def unknown_to_server(error: PmpcError) -> bool:
    """Return whether the server does not know the path at all, being of another release (PVE: 501)."""
    return error.details.get("status") == _NOT_IMPLEMENTED


class Notes:
    """The warnings that gather while an answer is put together, and whether something asked for is missing."""

    def __init__(self) -> None:
        self.warnings: list[Warn] = []
        self.partial = False

    def add(self, *warns: Warn, partial: bool = True) -> None:
        """Keep warnings; ``partial``: they stand for something that is missing."""
        self.warnings.extend(warns)
        self.partial = self.partial or (partial and bool(warns))

    def failed(self, what: str, error: PmpcError) -> None:
        """Keep the failure of one read as a warning; raises what every other read would meet too.

        What the database never holds does not make an offline answer partial.
        """
        if isinstance(error, (AuthenticationError, TlsError)) or error.code == "unreachable":
            raise error
        self.add(warning_of(what, error), partial=not isinstance(error, NotRecorded))

    def values(self) -> tuple[tuple[Warn, ...], bool]:
        """Return what a Reading carries beside its value."""
        return tuple(self.warnings), self.partial


def enumerated(names: Sequence[str]) -> str:
    """Name a few and count the rest: a token without rights fails on every guest of the cluster."""
    named = names if len(names) <= _NAMED + 1 else names[:_NAMED]
    more = f" and {len(names) - len(named)} more" if len(named) < len(names) else ""
    return ", ".join(named) + more


def resources(source: Source) -> list[JsonObject]:
    """Return every row of /cluster/resources; without ``type`` the nodes' states come along in the one request."""
    return as_rows(source.read("/cluster/resources"), "/cluster/resources")


def rows_of(found: Iterable[JsonObject], *kinds: str) -> list[JsonObject]:
    """Return the rows of these types (node, qemu, lxc, storage, pool)."""
    return [row for row in found if row.get("type") in kinds]


def node_states(found: Iterable[JsonObject]) -> dict[str, str]:
    """Return the status (online, offline, unknown) of every node by name."""
    states = {name: text(row, "status") or "unknown" for row in rows_of(found, "node") if (name := text(row, "node"))}
    return dict(sorted(states.items()))


def silent_nodes(states: Mapping[str, str], consequence: str) -> tuple[Warn, ...]:
    """Return a warning for each node that is offline, with what follows from it."""
    return tuple(
        Warn(
            "node_offline",
            f"node {name} does not answer: {consequence}",
            "pmpc cluster show",
            {"node": name},
        )
        for name, state in states.items()
        if state == "offline"
    )


def no_such_node(name: str) -> NotFound:
    """Return the error for a node that the cluster does not have."""
    return NotFound(f"there is no node {name!r}", hint="pmpc node list shows the nodes")


def on_node(source: Source, node: str, *below: str, params: Mapping[str, Param] | None = None) -> Json:
    """Read one path below /nodes/NODE; an unknown node is NotFound (PVE: 500, hostname lookup failed)."""
    try:
        return source.read(api_path("nodes", node, *below), params)
    except NotFound as error:
        if "hostname lookup" in error.message or "no such cluster node" in error.message:
            raise no_such_node(node) from error
        raise


def over_nodes(
    source: Source,
    node: str | None,
    what: str,
    *below: str,
    params: Mapping[str, Param] | None = None,
) -> Reading[list[tuple[str, Json]]]:
    """Read one path below /nodes/NODE on one node, or on all that are online; returns (node, answer) pairs.

    Offline nodes are not asked but warned of. Raises when one node was named, or when no node could answer.
    """
    if node is not None:
        return Reading([(node, on_node(source, node, *below, params=params))])
    states = node_states(resources(source))
    notes = Notes()
    notes.add(*silent_nodes(states, f"its {what} are missing"))
    asked = [name for name, state in states.items() if state != "offline"]
    answers = source.read_many([Query(api_path("nodes", name, *below), params or {}) for name in asked])
    errors = [answer for answer in answers if isinstance(answer, PmpcError)]
    if errors and len(errors) == len(answers):
        raise errors[0]
    found: list[tuple[str, Json]] = []
    for name, answer in zip(asked, answers, strict=True):
        if isinstance(answer, PmpcError):
            notes.failed(f"{what} of {name}", answer)
        else:
            found.append((name, answer))
    return Reading(found, *notes.values())


def read_parts(source: Source, parts: Mapping[str, Query], notes: Notes) -> dict[str, Json]:
    """Read the named parts of a page at once; one that fails is left out and noted by its name."""
    found: dict[str, Json] = {}
    for name, answer in zip(parts, source.read_many(list(parts.values())), strict=True):
        if isinstance(answer, PmpcError):
            notes.failed(name, answer)
        else:
            found[name] = answer
    return found
