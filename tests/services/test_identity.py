"""Which cluster answers, and what it costs to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from proxmox_mpc.domain.connection import Connection, Secret, Tls, Token
from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.source import Answer, Query
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied, PmpcError, WrongCluster
from proxmox_mpc.services.identity import BoundSource, Identity, Proof, confirm, read_identity, same_cluster

CA, OTHER_CA = ":".join(["AA"] * 32), ":".join(["BB"] * 32)
LAB = Identity("lab", ("pve1", "pve2"), CA)


class Cluster:
    """A source that answers what an identity is read from, and remembers what it was asked."""

    live = True

    def __init__(self, name: str | None, nodes: Sequence[str], root_ca: str | None = None, down: str = "") -> None:
        self.name, self.nodes, self.root_ca, self.down = name, nodes, root_ca, down
        self.denied = False
        self.asked: list[str] = []

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        self.asked.append(path)
        if path == "/cluster/status":
            if self.denied:
                raise PermissionDenied("Permission check failed (/, Sys.Audit)")
            rows: list[Json] = [
                {"type": "node", "name": node, "online": 0 if node == self.down else 1} for node in self.nodes
            ]
            return [{"type": "cluster", "name": self.name}, *rows] if self.name else rows
        if path == "/nodes":
            return [{"node": node} for node in self.nodes]
        if path == "/cluster/resources":
            found: list[Json] = [{"type": "node", "node": node} for node in self.nodes]
            return [*found, {"type": "qemu", "node": self.nodes[0]}]
        if path.endswith("/certificates/info"):
            if f"/{self.down}/" in path:
                raise NodeUnreachable("no route")
            if self.root_ca is None:
                raise NotFound("no such path")
            return [
                {"filename": "pve-ssl.pem", "fingerprint": OTHER_CA},
                {"filename": "pve-root-ca.pem", "fingerprint": self.root_ca},
            ]
        return path

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        return Answer(self.read(path, params), 7)

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        return [self.read(query.path, query.params) for query in queries]


def proof(directory: Path, recorded: Identity = LAB, url: str = "https://pve1:8006", verify: bool = True) -> Proof:
    """A proof that lives in ``directory``."""
    token = Token("ops@pve!ci", lambda: Secret("x"))
    return Proof(directory / "identity.json", recorded, Connection((url,), token, Tls(verify=verify)))


@pytest.mark.capability("9.9")
@pytest.mark.parametrize(
    ("seen", "same"),
    [
        (LAB, True),
        (Identity("lab", ("pve1", "pve2", "pve3"), CA), True),
        (Identity("lab", ("pve9",), CA), True),
        (Identity("renamed", ("pve1",), CA), True),
        (Identity("lab", ("pve1", "pve2"), OTHER_CA), False),
        (Identity("lab", ("pve2",)), True),
        (Identity("lab", ("pve9",)), False),
        (Identity("other", ("pve1", "pve2")), False),
        (Identity(None, ("pve1",)), False),
    ],
)
def test_a_cluster_is_the_same_by_its_root_certificate_or_by_name_and_a_common_node(seen: Identity, same: bool) -> None:
    assert same_cluster(LAB, seen) is same
    assert same_cluster(seen, LAB) is same


def test_an_identity_survives_its_form_in_the_configuration() -> None:
    for identity in (LAB, Identity(None, ("pve",)), Identity("lab", ("a", "b"))):
        assert Identity.of_data(identity.to_data()) == identity


@pytest.mark.capability("9.9")
def test_an_identity_is_read_from_what_any_token_may_see() -> None:
    cluster = Cluster("lab", ["pve2", "pve1"], CA, down="pve2")
    assert read_identity(cluster) == LAB
    assert cluster.asked == ["/cluster/status", "/nodes/pve1/certificates/info"]
    cluster.denied = True
    assert read_identity(cluster) == Identity(None, ("pve1", "pve2"), CA)
    assert read_identity(Cluster(None, ["pve"])) == Identity(None, ("pve",), None)


def test_confirm_asks_and_refuses_another_cluster() -> None:
    confirm(Cluster("lab", ["pve1"], CA), LAB.to_data())
    confirm(Cluster("other", ["x"]), None)
    with pytest.raises(WrongCluster) as caught:
        confirm(Cluster("prod", ["pve1", "pve2"], OTHER_CA), LAB.to_data())
    assert caught.value.exit_status == 3
    assert caught.value.details["actual"] == Identity("prod", ("pve1", "pve2"), OTHER_CA).to_data()


@pytest.mark.capability("8.1", "9.9")
def test_a_list_of_resources_is_its_own_proof_once_the_nodes_are_known(tmp_path: Path) -> None:
    cluster = Cluster("lab", ["pve1", "pve2"], CA)
    BoundSource(cluster, proof(tmp_path)).read("/cluster/resources")
    assert cluster.asked == ["/cluster/resources", "/cluster/status", "/nodes/pve1/certificates/info"]
    cluster.asked.clear()
    BoundSource(cluster, proof(tmp_path)).read("/cluster/resources")
    assert cluster.asked == ["/cluster/resources"]
    cluster.nodes = ["pve1", "pve2", "pve3"]
    for _ in range(2):
        BoundSource(cluster, proof(tmp_path)).read("/cluster/resources")
    assert cluster.asked.count("/cluster/status") == 1


def test_other_reads_ask_for_the_nodes_first(tmp_path: Path) -> None:
    cluster = Cluster("lab", ["pve1", "pve2"], CA)
    proof(tmp_path).keep(["pve2", "pve1"])
    source = BoundSource(cluster, proof(tmp_path))
    assert source.read_many([Query("/pools"), Query("/storage")]) == ["/pools", "/storage"]
    assert source.answer("/tasks").total == 7
    assert cluster.asked == ["/nodes", "/pools", "/storage", "/tasks"]


@pytest.mark.capability("9.9")
@pytest.mark.parametrize(
    "changed",
    [{"url": "https://other:8006"}, {"verify": False}, {"recorded": Identity("lab", ("pve1", "pve2"))}],
)
def test_a_proof_holds_for_one_way_of_connecting(tmp_path: Path, changed: JsonObject) -> None:
    proof(tmp_path).keep(["pve1"])
    assert proof(tmp_path).holds(["pve1"])
    assert not proof(tmp_path).holds(["pve1", "pve2"])
    assert not proof(tmp_path, **changed).holds(["pve1"])  # type: ignore[arg-type]
    for junk in ("", "{", "[]"):
        (tmp_path / "identity.json").write_text(junk)
        assert not proof(tmp_path).holds(["pve1"])


@pytest.mark.capability("9.9")
def test_nothing_of_another_cluster_is_handed_out(tmp_path: Path) -> None:
    cluster = Cluster("prod", ["pve1", "pve2"], OTHER_CA)
    source = BoundSource(cluster, proof(tmp_path))
    for attempt in (
        lambda: source.read("/cluster/resources"),
        lambda: source.read("/storage"),
        lambda: source.read_many([Query("/storage")]),
    ):
        with pytest.raises(WrongCluster):
            attempt()
    assert "/storage" not in cluster.asked
    assert not (tmp_path / "identity.json").exists()


def test_a_proof_that_cannot_be_kept_is_asked_for_again(tmp_path: Path) -> None:
    cluster = Cluster("lab", ["pve1", "pve2"], CA)
    for _ in range(2):
        BoundSource(cluster, proof(tmp_path / "absent")).read("/cluster/resources")
    assert cluster.asked.count("/cluster/status") == 2
