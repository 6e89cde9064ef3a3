"""Which cluster answers: a workspace belongs to one, and no other may be read into it or written to from it.

An identity is the cluster's name, the nodes it had, and the fingerprint of its own root certificate, which it makes
when it is founded and keeps when nodes come, go or are renamed; any user may read it. A cluster is the same when the
root certificate is; where one side has none, when the name is equal and at least one node is common.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from proxmox_mpc.domain.cluster_identity import Identity as Identity
from proxmox_mpc.domain.cluster_identity import same_cluster as same_cluster
from proxmox_mpc.domain.connection import Connection
from proxmox_mpc.domain.json import Json, JsonObject, Param, as_rows, boolean, text
from proxmox_mpc.domain.source import Answer, Query, Source, api_path
from proxmox_mpc.errors import PermissionDenied, PmpcError, WrongCluster
from proxmox_mpc.workspace.files import read_plain, write_private

_ROOT_CERTIFICATE = "pve-root-ca.pem"


def read_identity(source: Source) -> Identity:
    """Return who answers, by two requests; a token that may not see the cluster's status costs one more."""
    try:
        status = as_rows(source.read("/cluster/status"), "/cluster/status")
    except PermissionDenied:
        status = [{**row, "type": "node", "name": row.get("node")} for row in as_rows(source.read("/nodes"), "/nodes")]
    name = next((text(row, "name") for row in status if row.get("type") == "cluster"), None)
    nodes = [row for row in status if row.get("type") == "node" and text(row, "name")]
    names = tuple(sorted(str(text(row, "name")) for row in nodes))
    reachable = [str(text(row, "name")) for row in nodes if boolean(row, "online", default=True)]
    return Identity(name, names, _root_certificate(source, reachable))


def confirm(source: Source, recorded: JsonObject | None) -> None:
    """Make sure, by asking, that the cluster is the recorded one; raises WrongCluster. Nothing recorded is no doubt."""
    if recorded:
        _compare(Identity.of_data(recorded), read_identity(source))


class Proof:
    """A file that remembers by what answer the cluster was recognised, so that it need not be asked again.

    It holds for the same recorded identity, the same endpoints and trust, and the same nodes; any change, or the loss
    of the file, costs two requests once.
    """

    def __init__(self, file: Path, recorded: Identity, connection: Connection) -> None:
        self.file = file
        self.recorded = recorded
        self.connection = connection

    def holds(self, nodes: Iterable[str]) -> bool:
        """Say whether exactly these nodes were recognised over this connection before."""
        with suppress(PmpcError, ValueError):
            found = read_plain(self.file)
            return found is not None and bool(json.loads(found[0]) == self._content(nodes))
        return False

    def keep(self, nodes: Iterable[str]) -> None:
        """Remember these nodes; a disk that cannot be written makes the next command ask again."""
        with suppress(PmpcError):
            write_private(self.file, json.dumps(self._content(nodes)))

    def _content(self, nodes: Iterable[str]) -> Json:
        tls = self.connection.tls
        return [
            self.recorded.to_data(),
            list[Json](self.connection.endpoints),
            [tls.verify, str(tls.ca_file), tls.fingerprint],
            list[Json](sorted(nodes)),
        ]


class BoundSource:
    """A live source that answers only after its cluster was recognised as the recorded one.

    A list of resources names all nodes, so where these were recognised before it costs no further request; other
    reads cost one of /nodes before the first.
    """

    live = True

    def __init__(self, source: Source, proof: Proof) -> None:
        self._source = source
        self._proof = proof
        self._proven = False

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        """Return the ``data`` of one GET; raises WrongCluster."""
        return self.answer(path, params).data

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        """Return ``data`` and ``total`` of one GET; raises WrongCluster."""
        if self._proven:
            return self._source.answer(path, params)
        if path == "/cluster/resources" and not params:
            answer = self._source.answer(path, params)
            rows = as_rows(answer.data, path)
            self._prove([str(row.get("node")) for row in rows if row.get("type") == "node"])
            return answer
        self._ask()
        return self._source.answer(path, params)

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return the ``data`` of many GETs; raises WrongCluster."""
        if not self._proven:
            self._ask()
        return self._source.read_many(queries)

    def recognise(self) -> None:
        """Make sure, before anything is sent, that the cluster is the recorded one; raises WrongCluster."""
        if not self._proven:
            self._ask()

    def _ask(self) -> None:
        rows = as_rows(self._source.read("/nodes"), "/nodes")
        self._prove([str(row.get("node")) for row in rows])

    def _prove(self, nodes: list[str]) -> None:
        if not self._proof.holds(nodes):
            _compare(self._proof.recorded, read_identity(self._source))
            self._proof.keep(nodes)
        self._proven = True


def _compare(recorded: Identity, seen: Identity) -> None:
    if not same_cluster(recorded, seen):
        raise WrongCluster(
            f"another cluster answers: this workspace belongs to {recorded.describe()}, and here is {seen.describe()}",
            hint="make a workspace of its own for it (pmpc workspace init); if this is the same one, founded anew: "
            "pmpc workspace config unset cluster.identity",
            details={"expected": recorded.to_data(), "actual": seen.to_data()},
        )


def _root_certificate(source: Source, nodes: list[str]) -> str | None:
    for node in nodes:
        # Whatever goes wrong here (an old server, a node that has just died), name and nodes remain.
        with suppress(PmpcError):
            path = api_path("nodes", node, "certificates", "info")
            for row in as_rows(source.read(path), path):
                if row.get("filename") == _ROOT_CERTIFICATE:
                    return text(row, "fingerprint")
    return None
